/**
 * An instance that holds S. A call happens as a whole, or not at all: one that traps or leaves S outside
 * its bounds ends the instance, and the next call gets another with S as it was before.
 */
import { brokenBound, intervalOf, psdFault } from "./bounds.js";
import { type Bytes, equal } from "./bytes.js";
import { fail, reasonOf, WasmstateError } from "./errors.js";
import { imageOf, runsOf } from "./image.js";
import type { Exports } from "./module.js";
import { GLOBAL, type Region, type StateRecord, WHOLE } from "./record.js";
import type { Schema, Tensor } from "./schema.js";

/** Where a region is in an instance. */
interface Place {
  /** The region's bytes as they are now. */
  now(): Bytes;
  write(bytes: Bytes): void;
}

/** A range of a memory, which may grow and then has another buffer. */
export class Span {
  #bytes: Bytes;

  constructor(
    readonly memory: WebAssembly.Memory,
    readonly address: number,
    readonly length: number,
  ) {
    this.#bytes = new Uint8Array(memory.buffer, address, length);
  }

  now(): Bytes {
    // The length of a buffer that was replaced is 0; to ask the memory for its buffer takes longer.
    if (this.#bytes.length === 0)
      this.#bytes = new Uint8Array(this.memory.buffer, this.address, this.length);
    return this.#bytes;
  }

  write(bytes: Bytes): void {
    this.now().set(bytes);
  }
}

/** S as values: the bytes of each region, in memory all of them. */
export type Contents = readonly Bytes[];

/** What each region of a record is in the instance. */
export function contentsOf(record: StateRecord): Contents {
  return record.regions.map(({ kind, address, length, start }) => {
    const stored = record.payload.subarray(start, start + length);
    if (kind !== WHOLE) return stored.slice();
    const memory = new Uint8Array(Number(address));
    const refuse = (reason: string) => fail("corrupt", reason);
    for (const run of runsOf(stored, address, refuse)) memory.set(run.bytes, run.address);
    return memory;
  });
}

/** The regions with these contents, and the bytes that a record stores of each. */
export function storedOf(regions: Region[], contents: Contents): [Region[], Bytes[]] {
  const sized = regions.map((region, i) =>
    region.kind === WHOLE ? { ...region, address: BigInt(contents[i]!.length) } : region,
  );
  return [
    sized,
    regions.map(({ kind }, i) => (kind === WHOLE ? imageOf(contents[i]!) : contents[i]!)),
  ];
}

export class Live {
  /** Counts the calls that have changed S. */
  version = 0;
  /** True while a function runs: one that it imports may not call another. */
  isBusy = false;
  readonly #start: () => WebAssembly.Instance;
  readonly #checks: ((contents: Contents) => void)[];
  /** S after the last call that did not fail. */
  readonly #kept: Bytes[];
  #instance: WebAssembly.Instance | undefined;
  #places: Place[] = [];

  constructor(
    start: () => WebAssembly.Instance,
    readonly exports: Exports,
    readonly regions: Region[],
    schema: Schema,
    contents: Contents,
  ) {
    this.#start = start;
    this.#kept = contents.map((bytes) => bytes.slice());
    this.#checks = schema.tensors.filter((each) => each.bounds.length).map(boundsCheck);
  }

  /** S as it is, which the next call changes: to be read, or copied. */
  get contents(): Contents {
    return this.#kept;
  }

  /** The instance that holds S, a new one if there is none. */
  get instance(): WebAssembly.Instance {
    if (!this.#instance) {
      const instance = this.#start();
      this.#places = this.regions.map((region) => placeOf(region, instance, this.exports));
      try {
        for (const [i, place] of this.#places.entries()) place.write(this.#kept[i]!);
      } catch (error) {
        fail("link", `S cannot be restored: ${reasonOf(error)}`, { cause: error });
      }
      this.#instance = instance;
    }
    return this.#instance;
  }

  /** Ends the instance. */
  restart(): void {
    this.#instance = undefined;
  }

  /** Runs a call of the function `name` in {@link instance}. */
  run<T>(name: string, call: () => T): T {
    this.isBusy = true;
    try {
      const result = call();
      const kept = this.#kept;
      const contents: Bytes[] = [];
      let hasChanged = false;
      for (let i = 0; i < kept.length; i++) {
        contents.push(this.#places[i]!.now());
        hasChanged ||= !isSame(contents[i]!, kept[i]!);
      }
      if (hasChanged) {
        for (const check of this.#checks) check(contents);
        this.version++;
        for (const [i, bytes] of contents.entries())
          if (bytes.length === kept[i]!.length) kept[i]!.set(bytes);
          else kept[i] = bytes.slice(); // a whole memory that has grown
      }
      return result;
    } catch (error) {
      this.restart();
      if (error instanceof WasmstateError) throw error;
      return fail("trap", `${name} trapped: ${reasonOf(error)}; S is what it was`, {
        cause: error,
      });
    } finally {
      this.isBusy = false;
    }
  }
}

function isSame(a: Bytes, b: Bytes): boolean {
  if (a.length < 1024) return equal(a, b);
  if (a.length !== b.length) return false;
  // Word by word; both begin on a word, or only one of them does and bytes have to do.
  if (a.byteOffset % 4 || b.byteOffset % 4) return equal(a, b);
  const words = a.length >>> 2;
  const left = new Int32Array(a.buffer, a.byteOffset, words);
  const right = new Int32Array(b.buffer, b.byteOffset, words);
  for (let i = 0; i < words; i++) if (left[i] !== right[i]) return false;
  return equal(a.subarray(words << 2), b.subarray(words << 2));
}

function placeOf(region: Region, instance: WebAssembly.Instance, exports: Exports): Place {
  const names = region.kind === GLOBAL ? exports.globals : exports.memories;
  const name = names.get(region.index);
  const what = region.kind === GLOBAL ? "global" : "memory";
  const item = name === undefined ? undefined : instance.exports[name];
  if (item instanceof WebAssembly.Global) return globalPlace(region, item);
  if (!(item instanceof WebAssembly.Memory))
    return fail("bounds", `${what} ${region.index} is not exported, S cannot be read`);
  return region.kind === WHOLE ? wholePlace(item) : rangePlace(region, item);
}

function rangePlace({ address, length }: Region, memory: WebAssembly.Memory): Place {
  const size = memory.buffer.byteLength;
  if (address + BigInt(length) > size) fail("bounds", `S ends past the memory of ${size} bytes`);
  return new Span(memory, Number(address), length);
}

function wholePlace(memory: WebAssembly.Memory): Place {
  const now = () => new Uint8Array(memory.buffer);
  const write = (content: Bytes) => {
    const missing = content.length - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    now().fill(0).set(content);
  };
  return { now, write };
}

/** JavaScript does not say the type of a global: the length and a try tell it. */
function globalPlace({ index, length }: Region, cell: WebAssembly.Global): Place {
  const bytes = new Uint8Array(length);
  const fields = new DataView(bytes.buffer);
  const fits = typeof cell.value === "bigint" ? length === 8 : length < 16;
  let isFloat = false;
  try {
    const before = cell.value;
    if (typeof before === "number") {
      cell.value = 0.5;
      isFloat = cell.value === 0.5;
    }
    cell.value = before;
  } catch (error) {
    fail("bounds", `global ${index} cannot hold S: ${reasonOf(error)}`);
  }
  if (!fits || (length === 8 && typeof cell.value === "number" && !isFloat))
    fail("bounds", `global ${index} cannot hold ${length} bytes of S`);
  const kind =
    typeof cell.value === "bigint" ? "BigInt64" : `${isFloat ? "Float" : "Int"}${length * 8}`;
  const get = fields[`get${kind}` as "getInt32"].bind(fields);
  const set = fields[`set${kind}` as "setInt32"].bind(fields);
  const now = () => {
    set(0, cell.value, true);
    return bytes;
  };
  const write = (content: Bytes) => {
    bytes.set(content);
    cell.value = get(0, true);
  };
  return { now, write };
}

/** Checks one tensor, compiled once. */
function boundsCheck({ name, dtype, shape, count, region, offset, bounds }: Tensor) {
  const interval = intervalOf(bounds, dtype);
  const { low, high } = interval ?? { low: Number.NEGATIVE_INFINITY, high: Infinity };
  const { read, size } = dtype;
  const refuse = (reason: string) => fail("bounds", `${name}${reason}; S is what it was`);
  let seen: ArrayBufferLike | undefined;
  let fields = new DataView(new ArrayBuffer(0));
  return (contents: Contents) => {
    const bytes = contents[region]!;
    if (bytes.buffer !== seen) {
      seen = bytes.buffer;
      fields = new DataView(seen, bytes.byteOffset + offset, count * size);
    }
    if (interval)
      for (let i = 0; i < count; i++) {
        const value = read(fields, i * size);
        if (!(value >= low && value <= high))
          refuse(`[${i}] = ${value} is not ${brokenBound(bounds, dtype, value)}`);
      }
    if (!bounds.includes("psd")) return;
    const values = Array.from({ length: count }, (_, i) => Number(read(fields, i * size)));
    const fault = psdFault(values, shape, dtype);
    if (fault) refuse(` ${fault}`);
  };
}
