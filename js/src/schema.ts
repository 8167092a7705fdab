/** The schema: what the regions of a state mean. docs/format.md, "Schema". */

import { brokenBound, isBound } from "./bounds.js";
import { type Bytes, text } from "./bytes.js";
import { DTYPES, type DType, type Value } from "./dtypes.js";
import { fail, reasonOf } from "./errors.js";
import { floatText, type Json, parseCanonical } from "./json.js";
import { GLOBAL, type Region, sizeOf } from "./record.js";

export interface Tensor {
  name: string;
  dtype: DType;
  shape: number[];
  region: number;
  /** In bytes, from the start of the region. */
  offset: number;
  count: number;
  bounds: string[];
  symbol?: string;
  unit?: string;
  merge?: string;
}

/** A parameter: a number, or an array that stands in memory. */
export interface Param {
  name: string;
  /** As the schema says it: `f64`, `f64[6]`. */
  type: string;
  /** Of the number or the elements; none for a type that only modules exchange. */
  dtype: DType | undefined;
  /** Of an array; a number has none. */
  shape: number[] | undefined;
  place?: string;
  bounds: string[];
  /** The value of a number that a caller leaves out. */
  default?: Value;
}

export interface Signature {
  params: Param[];
  results: string[];
}

export interface Schema {
  tensors: Tensor[];
  entryPoints: Map<string, Signature>;
  metadata: { [key: string]: Json };
}

const MAX_TENSORS = 65_536;
const NUMBERS = ["i32", "i64", "f32", "f64"];
const MERGE_RULES = ["sum", "mean", "max", "min", "chan", "counts", "own", "none"];
const refuse = (reason: string): never => fail("schema", reason);

type Dictionary = { [key: string]: Json };

function object(value: Json | undefined, where: string, keys?: string[]): Dictionary {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse(`${where} must be an object`);
  const unknown = keys && Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) refuse(`${where} has an unknown key ${JSON.stringify(unknown)}`);
  return value;
}

const list = (value: Json | undefined, where: string): Json[] =>
  Array.isArray(value) ? value : refuse(`${where} must be a list`);
const string = (value: Json | undefined, where: string): string =>
  typeof value === "string" ? value : refuse(`${where} must be a text`);
const integer = (value: Json | undefined, where: string): number =>
  typeof value === "number" ? value : refuse(`${where} must be an integer`);
const optional = <T>(value: Json | undefined, read: (value: Json) => T): T | undefined =>
  value === undefined ? undefined : read(value);

/** Reads a schema and holds it against the regions that it describes. */
export function readSchema(encoded: Bytes, regions: Region[]): Schema {
  const document = text(encoded) ?? refuse("the schema is not UTF-8");
  let json: Json;
  try {
    json = parseCanonical(document, ["entry_points", "tensors"]);
  } catch (error) {
    return refuse(`the schema is not canonical JSON: ${reasonOf(error)}`);
  }
  const top = object(json, "the schema", ["entry_points", "metadata", "tensors"]);
  const tensors = list(top.tensors, "tensors");
  if (tensors.length > MAX_TENSORS) refuse(`${tensors.length} tensors, at most ${MAX_TENSORS}`);
  const points = Object.entries(object(top.entry_points ?? {}, "entry_points"));
  const schema: Schema = {
    tensors: tensors.map((each, i) => readTensor(each, `tensors[${i}]`)),
    entryPoints: new Map(points.map(([name, each]) => [name, readSignature(each, name)])),
    metadata: object(top.metadata ?? {}, "metadata"),
  };
  checkPlaces(schema.tensors, regions);
  return schema;
}

function readTensor(value: Json, where: string): Tensor {
  const keys = "name dtype shape region offset symbol unit merge bounds".split(" ");
  const document = object(value, where, keys);
  const dtypeName = string(document.dtype, `${where}.dtype`);
  const shape = readShape(list(document.shape, `${where}.shape`), where);
  const merge = optional(document.merge, (each) => string(each, `${where}.merge`));
  if (merge !== undefined && !MERGE_RULES.includes(merge)) refuse(`${where}: no rule ${merge}`);
  const symbol = optional(document.symbol, (each) => string(each, `${where}.symbol`));
  const unit = optional(document.unit, (each) => string(each, `${where}.unit`));
  return {
    name: readName(document.name, where),
    dtype: DTYPES.get(dtypeName) ?? refuse(`${where}: no element type ${dtypeName}`),
    shape,
    region: integer(document.region, `${where}.region`),
    offset: integer(document.offset, `${where}.offset`),
    count: shape.reduce((count, size) => count * size, 1),
    bounds: readBounds(document.bounds, where),
    ...(symbol !== undefined && { symbol }),
    ...(unit !== undefined && { unit }),
    ...(merge !== undefined && { merge }),
  };
}

function readShape(sizes: Json[], where: string): number[] {
  if (sizes.length > 8) refuse(`${where}: ${sizes.length} dimensions, at most 8 can be`);
  return sizes.map((each) => {
    const size = integer(each, `${where}.shape`);
    return size > 0 && size < 2 ** 32
      ? size
      : refuse(`${where}: each dimension must be a positive integer below 2^32`);
  });
}

function readName(value: Json | undefined, where: string): string {
  const name = string(value, `${where}.name`);
  const size = new TextEncoder().encode(name).length;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names must not have them
  if (size < 1 || size > 255 || /[\x00-\x1f\x7f]/.test(name))
    refuse(`${where}: a name has 1 to 255 bytes and no control characters`);
  return name;
}

function readBounds(value: Json | undefined, where: string): string[] {
  return list(value ?? [], `${where}.bounds`).map((each) => {
    const bound = string(each, `${where}.bounds`);
    return isBound(bound) ? bound : refuse(`${where}: cannot read the bound ${bound}`);
  });
}

function readSignature(value: Json, name: string): Signature {
  const where = `entry_points.${name}`;
  const document = object(value, where, ["params", "results"]);
  const params = list(document.params, `${where}.params`);
  return {
    params: params.map((each, i) => readParam(each, `${where}.params[${i}]`)),
    results: list(document.results, `${where}.results`).map((each) =>
      readName(each, `${where}.results`),
    ),
  };
}

function readParam(value: Json, where: string): Param {
  const document = object(value, where, ["name", "type", "place", "bounds", "default"]);
  const type = readName(document.type, where);
  const [, element, sizes] = /^(\w+)\[(\d{1,10}(?:,\d{1,10})*)\]$/.exec(type) ?? [];
  const isArray = type.includes("[");
  const dtype = DTYPES.get(element ?? type);
  if (isArray && !dtype) refuse(`${where}: cannot read the type ${type}`);
  const place = optional(document.place, (each) => string(each, `${where}.place`));
  if (place !== undefined && !isArray) refuse(`${where}: a number has no place`);
  const bounds = readBounds(document.bounds, where);
  if (bounds.length && !isArray && !NUMBERS.includes(type))
    refuse(`${where}: a value of type ${type} has no bounds`);
  return {
    name: readName(document.name, where),
    type,
    dtype: isArray || NUMBERS.includes(type) ? dtype : undefined,
    shape: sizes === undefined ? undefined : readShape(sizes.split(",").map(Number), where),
    ...(place !== undefined && { place }),
    bounds,
    ...(document.default !== undefined && {
      default: readDefault(document.default, type, bounds, where),
    }),
  };
}

function readDefault(value: Json, type: string, bounds: string[], where: string): Value {
  const text = string(value, `${where}.default`);
  const dtype = NUMBERS.includes(type) ? DTYPES.get(type) : undefined;
  const { range } = dtype ?? {};
  const found = range && /^-?\d{1,19}$/.test(text) ? BigInt(text) : Number(text);
  const isCanonical =
    typeof found === "bigint" ? String(found) === text : floatText(found) === text;
  const fits = range ? found >= range.least && found <= range.most : Number.isFinite(found);
  if (!dtype || !isCanonical || !fits || typeof found !== (range ? "bigint" : "number"))
    return refuse(`${where}: ${text} is no default of type ${type}`);
  const broken = brokenBound(bounds, dtype, found);
  return broken === undefined ? found : refuse(`${where}: the default ${text} is not ${broken}`);
}

function checkPlaces(tensors: Tensor[], regions: Region[]): void {
  const names = new Set<string>();
  for (const { name, dtype, count, region: index, offset } of tensors) {
    if (names.has(name)) refuse(`two tensors are named ${name}`);
    names.add(name);
    const region = regions[index];
    if (!region) throw refuse(`${name}: there is no region ${index}`);
    const size = sizeOf(region);
    const bytes = count * dtype.size;
    if (offset < 0 || offset + bytes > size)
      refuse(`${name}: its ${bytes} bytes at ${offset} do not lie in its region of ${size}`);
    if (region.kind === GLOBAL && bytes !== region.length)
      refuse(`${name}: does not fill its global of ${region.length} bytes`);
  }
  const sorted = [...tensors].sort((a, b) => a.region - b.region || a.offset - b.offset);
  sorted.slice(1).forEach((second, i) => {
    const first = sorted[i]!;
    if (
      first.region === second.region &&
      first.offset + first.count * first.dtype.size > second.offset
    )
      refuse(`the tensors ${first.name} and ${second.name} overlap`);
  });
}
