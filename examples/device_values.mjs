// What a schema says of values: types, shapes and bounds, of arguments and of S. Part of device.mjs.

export const check = (holds, reason) => {
  if (!holds) throw new Error(reason);
};

// A value as people read it; an i64 as its digits.
export const text = (value) => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each));

// Of each element type: its size, the name of its accessors in DataView, and the range of integers.
const integer = (bits, signed, accessor) => {
  const range = 1n << BigInt(bits);
  const least = signed ? -range / 2n : 0n;
  return { size: bits / 8, accessor, least, most: least + range - 1n };
};
const TYPES = {
  i8: integer(8, true, "Int8"),
  u8: integer(8, false, "Uint8"),
  i16: integer(16, true, "Int16"),
  u16: integer(16, false, "Uint16"),
  i32: integer(32, true, "Int32"),
  u32: integer(32, false, "Uint32"),
  i64: integer(64, true, "BigInt64"),
  u64: integer(64, false, "BigUint64"),
  f32: { size: 4, accessor: "Float32" },
  f64: { size: 8, accessor: "Float64" },
};

// "f64[64,6]" as its element type and its shape; of a number the shape is [].
export function typeOf(name, what) {
  const [, dtype, sizes] = /^(\w+)(?:\[([\d,]+)\])?$/.exec(name) ?? [];
  check(dtype in TYPES, `${what}: this example has no values of type ${name}`);
  return { dtype, shape: sizes ? sizes.split(",").map(Number) : [], size: TYPES[dtype].size };
}

export const elements = (shape) => shape.reduce((product, size) => product * size, 1);

// One number as it will arrive, or an error: no texts, no fractions for integers, nothing too large.
function number(what, dtype, value) {
  const { least, most } = TYPES[dtype];
  check(typeof value === "number" || typeof value === "bigint", `${what}: ${text(value)} is no number`);
  if (least === undefined) {
    const arrives = dtype === "f32" ? Math.fround(Number(value)) : Number(value);
    check(Number.isFinite(arrives) || !Number.isFinite(Number(value)), `${what}: ${value} is too large for ${dtype}`);
    return arrives;
  }
  check(typeof value === "bigint" || Number.isSafeInteger(value), `${what}: ${value} is no exact integer`);
  check(BigInt(value) >= least && BigInt(value) <= most, `${what}: ${value} does not fit ${dtype}`);
  return dtype.endsWith("64") ? BigInt(value) : Number(value);
}

function flat(what, shape, value) {
  if (!shape.length) return [value];
  const [size, ...rest] = shape;
  check(Array.isArray(value), `${what}: a list of ${size} is needed, not ${text(value)}`);
  check(value.length === size, `${what}: ${size} are needed, ${value.length} given`);
  return value.flatMap((each, i) => flat(`${what}[${i}]`, rest, each));
}

// What the metadata call the classes, if that is not their indices: docs/decisions/0014.
export function labelsOf({ metadata: { classes } }) {
  const isNamed = Array.isArray(classes) && classes.some((label, i) => typeof label === "string" || Number(label) !== i);
  return isNamed ? classes : undefined;
}

function indexOf(what, labels, value) {
  const index = labels.indexOf(value);
  check(index >= 0, `${what}: ${text(value)} is not a class; the classes are ${labels.map(text).join(", ")}`);
  return index;
}

// The elements of an argument, checked; `type` is of the parameter, or with fewer rows.
export function argument(what, { dtype, shape }, bounds, value, labels) {
  const given = flat(what, shape, value).map((each) => (labels ? indexOf(what, labels, each) : each));
  const values = given.map((each) => number(what, dtype, each));
  checkBounds(what, bounds, values);
  return values;
}

export function write(view, { dtype, size }, values) {
  values.forEach((value, i) => view[`set${TYPES[dtype].accessor}`](i * size, value, true));
}

export function read(view, { dtype, shape, size }) {
  return Array.from({ length: elements(shape) }, (_, i) => view[`get${TYPES[dtype].accessor}`](i * size, true));
}

const COMPARISONS = { ">=": (a, b) => a >= b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, "<": (a, b) => a < b };

export function checkBounds(what, bounds, values) {
  for (const bound of bounds) {
    const [, sign, limit] = /^(>=|>|<=|<)\s*(\S+)$/.exec(bound) ?? [];
    check(sign || bound === "finite", `${what}: this example does not know the bound ${bound}`);
    // Integers are compared as such: a BigInt with a number, exactly.
    const passes = sign
      ? (value) => COMPARISONS[sign](value, Number(limit))
      : (value) => typeof value === "bigint" || Number.isFinite(value);
    const wrong = values.findIndex((value) => !passes(value));
    check(wrong < 0, `${what}: element ${wrong} = ${values[wrong]} is not ${bound}`);
  }
}
