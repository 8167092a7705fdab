// Answers conformance vectors with this package: cases on standard input, a line of JSON for each.
import { createInterface } from "node:readline";
import { DTYPES } from "../dist/dtypes.js";
import { MemoryStore, open, WasmstateError } from "../dist/index.js";
import { load } from "../dist/loaded.js";

const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));
const textOf = (bytes) => Buffer.from(bytes).toString("base64");

/** An argument as a program would give it: docs/format.md, "Write a runtime". */
function argument(value) {
  if (Array.isArray(value)) return value.map(argument);
  if (value instanceof Object) return value.text;
  if (typeof value !== "string") return value;
  if (value.startsWith("int:")) return BigInt(value.slice(4));
  return { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY }[
    value
  ];
}

/** A result as JSON. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) ? Number(value) : `int:${value}`;
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? value : value && (value > 0 ? "inf" : "-inf");
}

function stateOf({ updates, tensors }) {
  const bits = Object.entries(tensors).map(([name, { dtype, values }]) => {
    const { size, write } = DTYPES.get(dtype);
    const fields = new DataView(new ArrayBuffer(size * values.length));
    values.forEach((value, i) => {
      write(fields, i * size, value);
    });
    return [name, Buffer.from(fields.buffer).toString("hex")];
  });
  return { updates: `${updates}`, tensors: Object.fromEntries(bits) };
}

const isRead = (bytes) =>
  load(bytes).then(
    () => true,
    (error) => {
      if (!(error instanceof WasmstateError)) throw error;
      return false;
    },
  );

const steps = {
  async open(it, { keep }) {
    it.model = await open(it.store, { persist: "manual", ...(keep !== undefined && { keep }) });
    return { ...stateOf(it.model.state), generation: `${it.model.generation}` };
  },
  state: async (it) => stateOf(it.model.state),
  async call(it, { function: name, args }) {
    const given = args.map(argument);
    const result =
      name === "predict" ? it.model.predict(...given) : await it.model.call(name, ...given);
    return { result: plain(result ?? null) };
  },
  async update_many(it, { args }) {
    const columns = args.map(argument);
    await it.model.updateMany(...columns);
    return { rows: columns[0].length };
  },
  async commit(it) {
    await it.model.commit();
    return { file: textOf(it.store.bytes) };
  },
  async rollback(it, { generation }) {
    await it.model.rollback(BigInt(generation));
    return { file: textOf(it.store.bytes) };
  },
  async history(it) {
    return (await it.model.history()).map(({ generation, updates, digest, fault }) =>
      fault === undefined
        ? { generation: `${generation}`, updates: `${updates}`, digest }
        : { damaged: true },
    );
  },
  async overwrite(it, { file }) {
    it.store.bytes = bytesOf(file);
    return {};
  },
  async damage(it, { start, end, xor }) {
    const accepted = [];
    const bytes = it.store.bytes.slice();
    for (let at = start; at < end; at++)
      for (const bits of xor) {
        bytes[at] ^= bits;
        if (await isRead(bytes)) accepted.push([at, bits]);
        bytes[at] ^= bits;
      }
    return { accepted };
  },
  async cut(it, { start, end }) {
    const accepted = [];
    for (let at = start; at < end; at++)
      if (await isRead(it.store.bytes.slice(0, at))) accepted.push(at);
    return { accepted };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { file, steps: asked } = JSON.parse(line);
  const it = { store: new MemoryStore(bytesOf(file)), model: undefined };
  const answers = [];
  for (const step of asked)
    try {
      answers.push(await steps[step.do](it, step));
    } catch (error) {
      if (!(error instanceof WasmstateError)) throw error;
      const row = error.row === undefined ? {} : { row: error.row };
      answers.push({ error: error.code, ...row });
    }
  console.log(JSON.stringify(answers));
}
