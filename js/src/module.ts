/** A module: its sections, the code's digest, and what the types of its exports are. */
import { type Bytes, concat, equal, sha256, text, view } from "./bytes.js";
import { fail } from "./errors.js";

export const STATE = "wasmstate.state";
export const PREV = "wasmstate.prev";
export const INIT = "wasmstate.init";
const BAKED = "wasmstate.baked";
const PREAMBLE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export interface Section {
  id: number;
  /** Of a custom section. */
  name?: string;
  /** From the id to the end. */
  whole: Bytes;
  /** Behind the size, of a custom section behind its name. */
  content: Bytes;
}

class Cursor {
  constructor(
    readonly bytes: Bytes,
    readonly base: number,
    public at = 0,
  ) {}

  fail(reason: string): never {
    fail("malformed", `byte ${this.base + this.at}: ${reason}`, { offset: this.base + this.at });
  }

  byte(): number {
    return this.bytes[this.at++] ?? this.fail("unexpected end");
  }

  u32(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * shift;
      if (value > 0xffffffff || (byte & 0x80 && shift === 128 ** 4))
        this.fail("integer representation too long");
      if (byte < 0x80) return value;
    }
  }

  take(size: number): Bytes {
    if (size > this.bytes.length - this.at) this.fail("unexpected end");
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  name(): string {
    return text(this.take(this.u32())) ?? this.fail("malformed UTF-8 encoding");
  }
}

export function sectionsOf(bytes: Bytes): Section[] {
  if (!equal(bytes.subarray(0, 8), PREAMBLE))
    fail("malformed", "byte 0: magic header not detected: this is no WebAssembly module", {
      offset: 0,
    });
  const cursor = new Cursor(bytes, 0, 8);
  const sections: Section[] = [];
  while (cursor.at < bytes.length) {
    const start = cursor.at;
    const id = cursor.byte();
    const content = cursor.take(cursor.u32());
    const section: Section = { id, whole: bytes.subarray(start, cursor.at), content };
    if (id === 0) {
      const inner = new Cursor(content, cursor.at - content.length);
      section.name = inner.name();
      section.content = content.subarray(inner.at);
    }
    sections.push(section);
  }
  return sections;
}

/** A custom section whose size is written in five bytes: docs/format.md, "Place". */
export function customSection(name: string, content: Bytes): Bytes {
  const encoded = new TextEncoder().encode(name);
  const size = 1 + encoded.length + content.length;
  const padded = [0, 7, 14, 21, 28].map((shift) => ((size >>> shift) & 0x7f) | 0x80);
  padded[4]! &= 0x7f;
  return concat(Uint8Array.of(0, ...padded, encoded.length), encoded, content);
}

export const joined = (sections: Bytes[]): Bytes => concat(PREAMBLE, ...sections);

/** The one section that holds the state. */
export function stateSection(sections: Section[]): Section {
  if (sections.some((section) => section.name === BAKED))
    fail("state", "the module is baked, and each commit would have to bake it: unbake it first");
  const found = sections.filter((section) => section.name === STATE);
  if (found.length !== 1)
    fail("state", `the module has ${found.length} sections ${STATE}, exactly one is needed`);
  return found[0]!;
}

/** SHA-256 of the code that a state belongs to: docs/format.md, "Digests". */
export function moduleDigest(sections: Section[]): Promise<Bytes> {
  const parts: Bytes[] = [];
  for (const { id, content } of sections) {
    if (id === 0) continue;
    const head = new Uint8Array(9);
    head[0] = id;
    view(head).setUint32(1, content.length, true);
    parts.push(head, content);
  }
  return sha256(...parts);
}

const VALUE_TYPES: Record<number, string> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64" };

export interface FuncType {
  params: string[];
  results: string[];
}

/** What JavaScript does not say of exports: their indices, and the types of functions. */
export interface Exports {
  memories: Map<number, string>;
  globals: Map<number, string>;
  /** `undefined` for a function with other types than the four numbers. */
  functions: Map<string, FuncType | undefined>;
}

export function exportsOf(sections: Section[]): Exports {
  const cursorOf = (id: number) =>
    new Cursor(sections.find((each) => each.id === id)?.content ?? Uint8Array.of(0), 0);
  const types = funcTypes(cursorOf(1));
  const functions = [...importedFunctions(cursorOf(2)), ...indices(cursorOf(3))];
  const found: Exports = { memories: new Map(), globals: new Map(), functions: new Map() };
  const exports = cursorOf(7);
  for (let left = exports.u32(); left > 0; left--) {
    const name = exports.name();
    const kind = exports.byte();
    const index = exports.u32();
    if (kind === 0) found.functions.set(name, types[functions[index] ?? -1]);
    if (kind === 2 && !found.memories.has(index)) found.memories.set(index, name);
    if (kind === 3 && !found.globals.has(index)) found.globals.set(index, name);
  }
  return found;
}

function indices(cursor: Cursor): number[] {
  return Array.from({ length: cursor.u32() }, () => cursor.u32());
}

/** The function types; none from the first on that is no plain function of numbers. */
function funcTypes(cursor: Cursor): FuncType[] {
  const numbers = () =>
    Array.from({ length: cursor.u32() }, () => VALUE_TYPES[cursor.byte()] ?? "other");
  const types: FuncType[] = [];
  for (let left = cursor.u32(); left > 0 && cursor.byte() === 0x60; left--) {
    const type = { params: numbers(), results: numbers() };
    if ([...type.params, ...type.results].includes("other")) break;
    types.push(type);
  }
  return types;
}

/** The type's index of each imported function. */
function importedFunctions(cursor: Cursor): number[] {
  const skipInteger = () => {
    while (cursor.byte() & 0x80);
  };
  const skipType = () => {
    if ([0x63, 0x64].includes(cursor.byte())) skipInteger(); // a reference with a heap type
  };
  const skipLimits = () => {
    const flags = cursor.byte();
    skipInteger();
    if (flags & 1) skipInteger();
    if (flags & 8) skipInteger();
  };
  const found: number[] = [];
  for (let left = cursor.u32(); left > 0; left--) {
    cursor.name();
    cursor.name();
    const kind = cursor.byte();
    if (kind === 0) found.push(cursor.u32());
    else if (kind === 2) skipLimits();
    else if (kind === 4) cursor.take(1) && cursor.u32();
    else {
      skipType();
      if (kind === 1) skipLimits();
      else cursor.byte();
    }
  }
  return found;
}
