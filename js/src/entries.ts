/** Exported functions, prepared to be called as the schema says: docs/format.md, "Entry points". */
import {
  type ArrayCheck,
  arrayCheck,
  indexOf,
  isClass,
  labelsOf,
  type NumberCheck,
  numberCheck,
  numberType,
} from "./arguments.js";
import type { Bytes } from "./bytes.js";
import { fail, WasmstateError } from "./errors.js";
import { type Live, Span } from "./instance.js";
import { MEMORY } from "./record.js";
import type { Param, Schema, Signature } from "./schema.js";

type Native = (...args: unknown[]) => unknown;
type Prepared = (args: readonly unknown[]) => unknown;

/** The bytes of an array on their way into the instance. */
interface Buffer {
  /** Of the parameter. */
  index: number;
  bytes: Bytes;
  /** None if the module's allocator gives it for each call. */
  address: number | undefined;
}

const sizeOf = ({ shape, dtype }: Param): number =>
  (shape ?? []).reduce((bytes, size) => bytes * size, dtype!.size);

export class Entries {
  readonly #live: Live;
  readonly #schema: Schema;
  readonly #labels;
  readonly #prepared = new Map<string, Prepared>();
  #instance: WebAssembly.Instance | undefined;

  constructor(live: Live, schema: Schema) {
    this.#live = live;
    this.#schema = schema;
    this.#labels = labelsOf(schema.metadata.classes);
  }

  /** Calls a function. What is wrong with an argument is said before, and leaves the instance alone. */
  call(name: string, args: readonly unknown[]): unknown {
    if (this.#instance !== this.#live.instance) {
      this.#prepared.clear();
      this.#instance = this.#live.instance;
    }
    let prepared = this.#prepared.get(name);
    if (!prepared) {
      prepared = this.#prepare(name);
      this.#prepared.set(name, prepared);
    }
    return prepared(args);
  }

  /**
   * Learns from rows, for each parameter a list of its values; gives how many, part by part.
   *
   * All rows are held against the schema before the first is learned. A row that fails leaves S as the
   * rows before it left it.
   */
  *rows(columns: readonly unknown[]): Generator<number> {
    const signature = this.#schema.entryPoints.get("update_many");
    const room = signature ? roomOf(signature) : 0;
    const name = room ? "update_many" : "update";
    const params = room
      ? signature!.params.slice(0, -1).map((each) => ({ ...each, shape: each.shape!.slice(1) }))
      : requiredOf(this.#paramsOf(name));
    if (columns.length !== params.length)
      fail("argument", `${name} takes columns ${namesOf(params)}, ${columns.length} are given`);
    const lists = listsOf(columns, params);
    const rows = lists[0]?.length ?? 0;
    const encoded = params.map((param, i) => this.#column(name, param, lists[i]!));
    if (!room) {
      for (let row = 0; row < rows; row++) {
        const args = lists.map((list) => list[row]);
        atRow(row, () => this.call("update", args));
        yield 1;
      }
      return;
    }
    const sizes = encoded.map((bytes) => bytes.length / rows);
    let most = room;
    for (let start = 0; start < rows; ) {
      const stop = Math.min(start + most, rows);
      const chunk = encoded.map((bytes, i) => bytes.subarray(start * sizes[i]!, stop * sizes[i]!));
      try {
        atRow(start, () => this.#chunk(name, signature!, chunk, stop - start));
      } catch (error) {
        if (stop === start + 1) throw error;
        most = 1; // S is what it was before these rows: one at a time, to find the one that fails
        continue;
      }
      yield stop - start;
      start = stop;
    }
  }

  /** A class that `predict` gave, by its label. */
  named(name: string, result: unknown): unknown {
    if (name !== "predict" || !this.#labels) return result;
    const gives = this.#schema.entryPoints.get("predict")?.results[0];
    const learns = this.#schema.entryPoints.get("update")?.params.some(isClass);
    return learns && (gives === "i32" || gives === "i64")
      ? (this.#labels[Number(result)] ?? result)
      : result;
  }

  #native(name: string): Native {
    const found = this.#live.instance.exports[name];
    return typeof found === "function"
      ? (found as Native)
      : fail("call", `the module exports no function ${name}`);
  }

  #paramsOf(name: string): Param[] {
    this.#native(name);
    const signature = this.#schema.entryPoints.get(name);
    if (signature) return signature.params;
    const type = this.#live.exports.functions.get(name);
    if (!type) return fail("call", `${name} has types that cannot be given from outside`);
    return type.params.map((each, i) => ({
      name: `p${i}`,
      type: each,
      dtype: numberType(each),
      shape: undefined,
      bounds: [],
    }));
  }

  #prepare(name: string): Prepared {
    const native = this.#native(name);
    const params = this.#paramsOf(name);
    const buffers = this.#buffers(name, params);
    const checks = params.map((param, i) => this.#check(name, param, buffers, i));
    const values: unknown[] = params.map(
      (_, i) => buffers.find((each) => each.index === i)?.address,
    );
    const invoke = this.#invocation(native, buffers, values);
    const required = requiredOf(params).length;
    return (given) => {
      const args = given.length === required ? completed(params, given) : given;
      if (args.length !== params.length)
        fail("argument", `${name} takes ${namesOf(params)}, ${args.length} values are given`);
      for (let i = 0; i < checks.length; i++) {
        const number = checks[i]!(args[i]);
        if (number !== undefined) values[i] = number;
      }
      return this.#live.run(name, invoke);
    };
  }

  /** Checks one argument; gives a number, of an array nothing: its bytes are in its buffer. */
  #check(name: string, param: Param, buffers: Buffer[], index: number): NumberCheck {
    const what = `${name}, argument ${param.name}`;
    const { dtype, shape, bounds } = param;
    if (!dtype) return fail("call", `${what} is of type ${param.type}, which cannot be given`);
    if (!shape) {
      const check = numberCheck(what, dtype, bounds);
      const labels = isClass(param) ? this.#labels : undefined;
      return labels ? (value) => check(indexOf(what, labels, value)) : check;
    }
    const check = arrayCheck(what, dtype, shape, bounds);
    const { bytes } = buffers.find((each) => each.index === index)!;
    const target = new DataView(bytes.buffer);
    return (value) => check(value, target, 0) as never;
  }

  /** What puts arrays into their buffers and calls: it runs where a trap ends the instance. */
  #invocation(native: Native, buffers: Buffer[], values: unknown[]): () => unknown {
    if (!buffers.length) return () => native(...values);
    const { exports } = this.#live.instance;
    const memory = exports[this.#live.exports.memories.get(0)!] as WebAssembly.Memory;
    const spanOf = (address: number, bytes: Bytes) => new Span(memory, address, bytes.length);
    const allocated = buffers.filter((each) => each.address === undefined);
    const placed = buffers.flatMap(({ address, bytes }) =>
      address === undefined ? [] : [{ span: spanOf(address, bytes), bytes }],
    );
    const [malloc, free] = allocated.length ? allocatorOf(exports) : [];
    return () => {
      for (const { span, bytes } of placed) span.write(bytes);
      if (!malloc || !free) return native(...values);
      const taken: [number, number][] = [];
      for (const { index, bytes } of allocated) {
        const address = Number(malloc(bytes.length)) >>> 0;
        const end = address + bytes.length;
        if (!address || end > memory.buffer.byteLength || this.#isOver(address, end, taken))
          fail("call", `the module's allocator gave ${address} for ${bytes.length} bytes`);
        taken.push([address, end]);
        values[index] = address;
      }
      // Only now: an allocator may write to what it gave before.
      for (const { index, bytes } of allocated) spanOf(values[index] as number, bytes).write(bytes);
      const result = native(...values);
      for (const [address] of taken.reverse()) free(address);
      return result;
    };
  }

  /** The buffers of the arrays that a function takes; the types of the function are the schema's. */
  #buffers(name: string, params: Param[]): Buffer[] {
    const { instance, exports } = this.#live;
    const signature = this.#schema.entryPoints.get(name);
    const type = exports.functions.get(name);
    if (signature && type) {
      const wanted = params.map((each) => (each.shape ? "i32" : each.type));
      if (`${wanted}->${signature.results}` !== `${type.params}->${type.results}`)
        fail("schema", `${name} is (${type.params}) -> (${type.results}) in the module`);
    }
    const taken: [number, number][] = [];
    const buffers: Buffer[] = [];
    for (const [index, param] of params.entries()) {
      if (!param.shape) continue;
      const what = `${name}, buffer of ${param.name}`;
      const memory = instance.exports[exports.memories.get(0) ?? ""];
      if (!(memory instanceof WebAssembly.Memory))
        return fail("bounds", `${what}: memory 0 is not exported`);
      const address = param.place === undefined ? undefined : this.#address(what, param.place);
      const size = sizeOf(param);
      if (address !== undefined) {
        const end = address + size;
        if (end > memory.buffer.byteLength) fail("bounds", `${what}: ends past the memory`);
        if (this.#isOver(address, end, taken))
          fail("schema", `${what}: lies over S or another buffer`);
        taken.push([address, end]);
      } else allocatorOf(instance.exports);
      buffers.push({ index, bytes: new Uint8Array(size), address });
    }
    return buffers;
  }

  #address(what: string, place: string): number {
    const { instance, exports } = this.#live;
    const [, memory, inner = ""] = /^(?:mem:([^:]*):)?(.*)$/s.exec(place) ?? [];
    if (memory !== undefined && memory !== "0" && memory !== exports.memories.get(0))
      fail("schema", `${what}: a buffer lies in memory 0, not in ${place}`);
    if (/^(0x[0-9a-f]+|\d+)$/i.test(inner)) return Number(inner);
    const symbol = inner.startsWith("sym:") ? instance.exports[inner.slice(4)] : undefined;
    return symbol instanceof WebAssembly.Global
      ? Number(symbol.value) >>> 0
      : fail("schema", `${what}: no exported global tells the place ${place}`);
  }

  #isOver(start: number, end: number, taken: [number, number][]): boolean {
    const state = this.#live.regions
      .filter(({ kind, index }) => kind === MEMORY && index === 0)
      .map(({ address, length }) => [Number(address), Number(address) + length] as const);
    return [...state, ...taken].some(([first, last]) => start < last && first < end);
  }

  /** One parameter of all rows, checked and encoded. */
  #column(name: string, param: Param, values: unknown[]): Bytes {
    const what = `${name}, argument ${param.name}`;
    const { dtype, shape, bounds } = param;
    if (!dtype) return fail("call", `${what} is of type ${param.type}, which cannot be given`);
    const check: ArrayCheck = arrayCheck(what, dtype, shape ?? [], bounds);
    const labels = isClass(param) ? this.#labels : undefined;
    const size = sizeOf(param);
    const bytes = new Uint8Array(size * values.length);
    const target = new DataView(bytes.buffer);
    for (let row = 0; row < values.length; row++)
      try {
        const value = labels ? indexOf(what, labels, values[row]) : values[row];
        check(value, target, row * size);
      } catch (error) {
        atRow(row, () => {
          throw error;
        });
      }
    return bytes;
  }

  #chunk(name: string, signature: Signature, chunk: Bytes[], count: number): void {
    const buffers = this.#buffers(name, signature.params);
    for (const [i, each] of buffers.entries()) each.bytes = chunk[i]!;
    const values: unknown[] = signature.params.map((_, i) => buffers[i]?.address);
    values[values.length - 1] = count;
    this.#live.run(name, this.#invocation(this.#native(name), buffers, values));
  }
}

const namesOf = (params: Param[]): string =>
  `(${params.map((each) => `${each.name}: ${each.type}`).join(", ")})`;

/** The parameters without a default: what a caller has to give. */
const requiredOf = (params: Param[]): Param[] =>
  params.filter((each) => each.default === undefined);

/** The arguments of a call with the defaults of what is left out. */
function completed(params: Param[], given: readonly unknown[]): readonly unknown[] {
  const left = given.values();
  return params.map((each) => each.default ?? left.next().value);
}

/** How many rows a function goes through in a call; 0 if it takes no rows. */
function roomOf({ params }: Signature): number {
  const sizes = new Set(params.slice(0, -1).map((each) => each.shape?.[0] ?? 0));
  const last = params.at(-1);
  return last?.type === "i32" && last.default === undefined && sizes.size === 1
    ? [...sizes][0]!
    : 0;
}

function allocatorOf(exports: WebAssembly.Exports): [Native, Native] {
  for (const names of [
    ["malloc", "free"],
    ["malloc_buffer", "free_buffer"],
  ]) {
    const found = names.map((name) => exports[name]);
    if (found.every((each) => typeof each === "function")) return found as [Native, Native];
  }
  return fail("schema", "an array has no place, and the module exports no malloc and free");
}

/** For each parameter a list with its value in each row; those of a typed array stand row after row. */
function listsOf(columns: readonly unknown[], params: Param[]): unknown[][] {
  const lists = columns.map((column, i) => {
    const what = `argument ${params[i]!.name}`;
    if (Array.isArray(column)) return column;
    if (!ArrayBuffer.isView(column) || column instanceof DataView)
      return fail("argument", `${what}: a list with a value for each row is needed`);
    const values = column as Float64Array;
    const { shape } = params[i]!;
    if (!shape?.length) return Array.from(values);
    const count = shape.reduce((product, size) => product * size, 1);
    if (values.length % count)
      fail("argument", `${what}: ${values.length} values are no whole rows`);
    const rows = Array.from({ length: values.length / count });
    return rows.map((_, row) => values.subarray(row * count, (row + 1) * count));
  });
  const wanted = lists[0]?.length ?? 0;
  const wrong = lists.findIndex((each) => each.length !== wanted);
  if (wrong >= 0) {
    const what = `argument ${params[wrong]!.name}`;
    fail("argument", `${what} has ${lists[wrong]!.length} rows, the first has ${wanted}`);
  }
  return lists;
}

function atRow<T>(row: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WasmstateError) || error.code === "schema") throw error;
    const { code, message, cause } = error;
    throw new WasmstateError(code, `row ${row}: ${message}`, { row, cause });
  }
}
