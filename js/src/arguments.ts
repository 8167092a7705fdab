/** Arguments, held against the schema by checkers that are compiled once: docs/format.md, "Entry points". */
import { brokenBound, intervalOf, psdFault } from "./bounds.js";
import { DTYPES, type DType, type Value } from "./dtypes.js";
import { fail } from "./errors.js";
import type { Param } from "./schema.js";

/** What a caller gives: a number, or an array of the shape that the schema says. */
export type Argument = Value | string | boolean | readonly Argument[] | ArrayLike<Value>;

/** Checks a number, and gives it as a call takes it. */
export type NumberCheck = (value: unknown) => Value;
/** Checks an array, and writes its elements from `at` on, little endian, row after row. */
export type ArrayCheck = (value: unknown, target: DataView, at: number) => void;

const show = (value: unknown): string =>
  typeof value === "bigint"
    ? `${value}`
    : value instanceof Object
      ? "an object"
      : (JSON.stringify(value) ?? String(value));

/** One number as it arrives: no texts, no fractions for integers, nothing too large. */
export function numberOf(what: string, dtype: DType, value: unknown, wraps = false): Value {
  if (typeof value !== "number" && typeof value !== "bigint")
    return fail("argument", `${what}: ${show(value)} is no number`);
  const { range, name } = dtype;
  if (!range) {
    const number = Number(value);
    const arrives = dtype.round(number);
    if (!Number.isFinite(arrives) && (Number.isFinite(number) || typeof value === "bigint"))
      fail("argument", `${what}: ${show(value)} is too large for ${name}`);
    return arrives;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value))
    fail("argument", `${what}: ${show(value)} is no exact integer`);
  const integer = BigInt(value);
  const most = wraps ? 2n * range.most + 1n : range.most; // a parameter is also given unsigned
  if (integer < range.least || integer > most)
    fail("argument", `${what}: ${show(value)} does not fit ${name}`);
  const signed = wraps ? BigInt.asIntN(dtype.size * 8, integer) : integer;
  return dtype.isBig ? signed : Number(signed);
}

/** A check of one number; `bounds` hold for it as it arrives. */
export function numberCheck(what: string, dtype: DType, bounds: string[]): NumberCheck {
  const interval = intervalOf(bounds, dtype);
  const isPlain = dtype.name === "f64";
  const { low, high } = interval ?? { low: Number.NEGATIVE_INFINITY, high: Infinity };
  return (value) => {
    if (isPlain && typeof value === "number" && value >= low && value <= high) return value;
    const number = numberOf(what, dtype, value, dtype.range !== undefined);
    checkValue(what, dtype, bounds, number);
    if (bounds.includes("psd")) fail("argument", `${what} is not a square matrix`);
    return number;
  };
}

function checkValue(what: string, dtype: DType, bounds: string[], value: Value): void {
  const broken = brokenBound(bounds, dtype, value);
  if (broken !== undefined) fail("argument", `${what} = ${value} is not ${broken}`);
}

/** A check of an array of this shape. */
export function arrayCheck(
  what: string,
  dtype: DType,
  shape: number[],
  bounds: string[],
): ArrayCheck {
  const count = shape.reduce((product, size) => product * size, 1);
  const interval = intervalOf(bounds, dtype);
  const { low, high } = interval ?? { low: Number.NEGATIVE_INFINITY, high: Infinity };
  const { size, range, isBig, round } = dtype;
  const [least, most] = range ? [Number(range.least), Number(range.most)] : [low, high];
  const isPsd = bounds.includes("psd");

  /** Writes plain numbers that are right; whoever gets false looks closer, and says what is wrong. */
  function writesQuick(values: ArrayLike<unknown>, target: DataView, at: number): boolean {
    for (let i = 0; i < count; i++) {
      const value = values[i];
      if (typeof value !== "number") return false;
      const arrives = round(value);
      const isWhole = range ? Number.isInteger(arrives) : Number.isFinite(arrives);
      if (!isWhole || !(arrives >= low && arrives <= high)) return false;
      if (range && (arrives < least || arrives > most)) return false;
      dtype.write(target, at + i * size, arrives);
    }
    return true;
  }

  function element(where: string, value: unknown, target: DataView, at: number): void {
    const number = numberOf(where, dtype, value);
    if (interval) checkValue(where, dtype, bounds, number);
    dtype.write(target, at, number);
  }

  function fill(
    where: string,
    sizes: number[],
    value: unknown,
    target: DataView,
    at: number,
  ): void {
    const [length, ...rest] = sizes;
    if (length === undefined) {
      element(where, value, target, at);
      return;
    }
    const isOneRow = isTyped(value);
    if (!Array.isArray(value) && !isOneRow)
      fail("argument", `${where}: a list of ${length} is needed, not ${show(value)}`);
    const values = value as ArrayLike<unknown>;
    // The elements of a typed array stand row after row, whatever the shape.
    const wanted = isOneRow ? sizes.reduce((product, each) => product * each, 1) : length;
    if (values.length !== wanted)
      fail("argument", `${where}: ${wanted} are needed, ${values.length} given`);
    const inner = isOneRow ? [] : rest;
    const step = inner.reduce((bytes, each) => bytes * each, size);
    for (let i = 0; i < wanted; i++)
      fill(`${where}[${i}]`, inner, values[i], target, at + i * step);
  }

  return (value, target, at) => {
    const isFlat = shape.length === 1 ? Array.isArray(value) || isTyped(value) : isTyped(value);
    if (isFlat && !isBig && !isPsd && (value as ArrayLike<unknown>).length === count)
      if (writesQuick(value as ArrayLike<unknown>, target, at)) return;
    fill(what, shape, value, target, at);
    if (!isPsd) return;
    const read = (_: unknown, i: number) => Number(dtype.read(target, at + i * size));
    const fault = psdFault(Array.from({ length: count }, read), shape, dtype);
    if (fault) fail("argument", `${what} ${fault}`);
  };
}

const isTyped = (value: unknown): boolean =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

/** The labels of classes that the metadata keep, unless they are their own indices. */
export function labelsOf(classes: unknown): (string | Value)[] | undefined {
  const isLabel = (each: unknown) =>
    ["string", "number", "bigint", "boolean"].includes(typeof each);
  if (!Array.isArray(classes) || !classes.every(isLabel)) return undefined;
  const labels = classes.map((each) => (typeof each === "boolean" ? Number(each) : each));
  const isNamed = labels.some((each, i) => each !== i);
  return isNamed && new Set(labels).size === labels.length ? labels : undefined;
}

/** Whether a parameter is a class, which is given by its label. */
export const isClass = ({ name, dtype }: Param): boolean =>
  name === "label" && dtype?.range !== undefined;

/** The index of a class; its label may be a truth value. */
export function indexOf(what: string, labels: (string | Value)[], label: unknown): number {
  const plain = typeof label === "boolean" ? Number(label) : label;
  const index = labels.indexOf(plain as string);
  if (index < 0) {
    const known = labels.map(show).join(", ");
    fail("argument", `${what}: ${show(label)} is not a class; the classes are ${known}`);
  }
  return index;
}

export const numberType = (name: string): DType | undefined =>
  ["i32", "i64", "f32", "f64"].includes(name) ? DTYPES.get(name) : undefined;
