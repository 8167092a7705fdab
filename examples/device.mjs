// A device of its own: a runtime in JavaScript that keeps the state of a model in the model's file.
//
//     node device.mjs MODEL < CALLS
//
// Each line of CALLS is a call in JSON, such as ["update", 2, 1.0]; what it gives is printed. When the
// calls are done, S is committed to the file as the next generation, in a way that no crash leaves
// anything but the old state or the new one. A line that the schema forbids, or that traps, ends the
// program, and nothing is committed. It is written from docs/format.md alone, and needs nothing but Node.
// One writer at a time: Node has no locks for files, so no other program may commit meanwhile. A call
// that does not return is not ended: Node has no deadline for one.
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BAKED, PREV, STATE, customSection, moduleDigest, nextRecord, readRecord, records } from "./device_file.mjs";
import { sectionsOf, view } from "./device_file.mjs";
import { argument, check, checkBounds, elements, labelsOf, read, text, typeOf, write } from "./device_values.mjs";

// The device: S is put into an instance, watched, and committed. A call happens as a whole, or not at
// all: one that fails ends the instance, and the next call gets another with S as it was.

export class Device {
  #path;
  #record;
  #module;
  #exports;
  #payload; // S after the last call that did not fail
  #updates = 0;

  constructor(path) {
    this.#path = fs.realpathSync(path); // a link stays a link
    const bytes = fs.readFileSync(path);
    const sections = sectionsOf(bytes);
    const states = sections.filter((section) => section.name === STATE);
    check(states.length === 1, `${states.length} state sections`);
    check(!sections.some((section) => section.name === BAKED), "a baked module is baked again by each commit");
    this.#record = readRecord(states[0].content);
    check(this.#record.content.length === states[0].content.length, "something follows the record");
    check(this.#record.moduleDigest.equals(moduleDigest(sections)), "the state belongs to other code");
    this.#module = new WebAssembly.Module(bytes);
    this.#payload = this.#record.payload;
    this.#start();
    this.#checkState(this.#payload);
  }

  get generation() {
    return this.#record.generation;
  }

  // Call an exported function. `update_many` takes lists of rows; their number may follow or be left out.
  call(name, ...values) {
    const signature = this.#record.schema.entry_points[name];
    if (!this.#exports) this.#start();
    const call = this.#exports[name];
    check(typeof call === "function", `the module exports no function ${name}`);
    check(signature || call.length === 0, `the schema does not say what ${name} takes`);
    const params = signature?.params ?? [];
    const room = name === "update_many" ? roomForRows(params) : 0;
    if (room && values.length === params.length - 1) values.push(values[0]?.length);
    const count = values.length === 1 ? "1 value is" : `${values.length} values are`;
    check(values.length === params.length, `${name} takes (${params.map((each) => each.name)}), ${count} given`);
    const rows = room ? values.at(-1) : undefined;
    check(!room || (rows >= 0 && rows <= room), `${name}: 0 to ${room} rows can be given at once, not ${rows}`);
    // All arguments are held against the schema before the first is put into memory.
    const checked = params.map(({ name: param, type, bounds = [] }, i) => {
      const what = `${name}, argument ${param}`;
      const wanted = typeOf(type, what);
      const isArray = wanted.shape.length > 0;
      const shape = room && isArray ? [rows, ...wanted.shape.slice(1)] : wanted.shape;
      const labels = param === "label" ? labelsOf(this.#record.schema) : undefined;
      const given = argument(what, { ...wanted, shape }, bounds, values[i], labels);
      return isArray ? { ...wanted, given, address: this.#buffer(params[i], wanted, what) } : given[0];
    });
    let result;
    try {
      for (const each of checked.filter(({ given }) => given)) write(this.#view(each.address), each, each.given);
      result = call(...checked.map((each) => each.address ?? each));
      const payload = this.#contents();
      if (!payload.equals(this.#payload)) this.#checkState(payload);
      this.#payload = payload;
    } catch (error) {
      this.#exports = undefined;
      throw new Error(`${name}: ${error.message}`);
    }
    if (name === "update") this.#updates++;
    if (name === "update_many") this.#updates += rows ?? 0;
    return this.#labelled(name, result) ?? null;
  }

  commit() {
    const old = this.#record;
    const payload = this.#payload;
    if (payload.equals(old.payload)) return;
    check(old.isWritable, "a newer runtime wrote this record");
    const sections = sectionsOf(fs.readFileSync(this.#path));
    const found = sections.find((section) => section.name === STATE);
    check(found && Buffer.compare(found.content, old.content) === 0, "somebody else has committed");
    const record = nextRecord(old, payload, this.#updates);
    const history = sections.filter((section) => section.name === PREV);
    const older = history.flatMap(({ content }) => records(content));
    const kept = old.keep ? [...older, old.content].slice(-old.keep) : [];
    const others = sections.filter((section) => section.name !== STATE && section.name !== PREV);
    const parts = [Buffer.from("\0asm\x01\0\0\0", "latin1"), ...others.map((section) => section.whole)];
    if (kept.length) parts.push(customSection(PREV, Buffer.concat(kept)));
    replaceFile(this.#path, Buffer.concat([...parts, customSection(STATE, record)]));
    this.#record = readRecord(record);
    this.#updates = 0;
  }

  // A class that predict() gave, by its label; a probability is a double, and stays one.
  #labelled(name, result) {
    const { predict, update } = this.#record.schema.entry_points;
    const learnsClasses = update?.params.some((each) => each.name === "label");
    const isClass = name === "predict" && learnsClasses && ["i32", "i64"].includes(predict?.results[0]);
    return isClass ? (labelsOf(this.#record.schema)?.[Number(result)] ?? result) : result;
  }

  #start() {
    const { exports } = new WebAssembly.Instance(this.#module);
    exports._initialize?.();
    this.#exports = exports;
    for (const region of this.#record.regions) {
      const { start, length } = region;
      this.#place(region).set(this.#payload.subarray(start, start + length));
    }
  }

  #contents() {
    const payload = Buffer.from(this.#payload);
    for (const region of this.#record.regions) payload.set(this.#place(region), region.start);
    return payload;
  }

  #checkState(payload) {
    for (const { name, dtype, shape, region, offset, bounds = [] } of this.#record.schema.tensors) {
      if (!bounds.length) continue;
      const type = { ...typeOf(dtype, name), shape };
      const start = this.#record.regions[region].start + offset;
      checkBounds(name, bounds, read(view(payload.subarray(start, start + elements(shape) * type.size)), type));
    }
  }

  // The bytes of a region in the instance; memory may have moved since they were last asked for.
  #place({ kind, index, address, length }) {
    check(kind === 0 && index === 0, "this example keeps ranges of memory 0 alone");
    const { buffer } = this.#exports.memory;
    check(address + length <= buffer.byteLength, "a region ends past the memory");
    return new Uint8Array(buffer, address, length);
  }

  #view(address) {
    return new DataView(this.#exports.memory.buffer, address);
  }

  // The address of an array's buffer, which lies in the memory and not over S.
  #buffer({ place }, { shape, size }, what) {
    check(place, `${what}: this example takes no buffers from the module's allocator`);
    const address = place.startsWith("sym:") ? this.#exports[place.slice(4)]?.value : Number(place);
    const end = address + elements(shape) * size;
    check(end <= this.#exports.memory.buffer.byteLength, `${what}: there is no buffer at ${place}`);
    const isOver = (region) => region.address < end && address < region.address + region.length;
    check(!this.#record.regions.some(isOver), `${what}: its buffer lies over S`);
    return address;
  }
}

// How many rows a function takes that goes through rows itself; 0 if it takes none.
function roomForRows(params) {
  const sizes = params.map(({ type }) => Number(/\[(\d+)/.exec(type)?.[1] ?? 0));
  const isLoop = params.at(-1)?.type === "i32" && new Set(sizes.slice(0, -1)).size === 1;
  return isLoop ? sizes[0] : 0;
}

function replaceFile(path, bytes) {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString("hex")}.wasmstate-tmp`);
  try {
    const file = fs.openSync(temporary, "wx", 0o600);
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(file, bytes, done);
    fs.fchmodSync(file, fs.statSync(path).mode & 0o7777);
    fs.fsyncSync(file);
    fs.closeSync(file);
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  const folder = fs.openSync(dirname(path), "r");
  fs.fsyncSync(folder);
  fs.closeSync(folder);
}

// A number of JSON beyond all doubles would arrive as Infinity.
const finite = (_, value) => {
  check(typeof value !== "number" || Number.isFinite(value), "a number is too large for a double");
  return value;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = process.argv[2];
  try {
    const device = new Device(path);
    fs.readFileSync(0, "utf8").split("\n").forEach((line, i) => {
      if (!line.trim()) return;
      try {
        const call = JSON.parse(line, finite);
        check(Array.isArray(call), 'a call is written ["update", 2, 1.0]');
        console.log(text(device.call(...call)));
      } catch (error) {
        throw new Error(`line ${i + 1}: ${error.message}; nothing was committed`);
      }
    });
    device.commit();
    console.error(`generation ${device.generation}`);
  } catch (error) {
    console.error(`${path}: ${error.message}`);
    process.exitCode = 1;
  }
}
