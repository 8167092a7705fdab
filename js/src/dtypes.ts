/** The element types of tensors and arrays: docs/format.md, "Schema". */

export type Value = number | bigint;

export interface DType {
  name: string;
  size: number;
  read(view: DataView, at: number): Value;
  write(view: DataView, at: number, value: Value): void;
  /** Of integers: the range, and whether JavaScript has them as `bigint`. */
  range?: { least: bigint; most: bigint };
  isBig: boolean;
  /** A number as the type holds it, infinite if it is too large. */
  round(value: number): number;
}

function integer(name: string, bits: 8 | 16 | 32 | 64, signed: boolean): DType {
  const isBig = bits === 64;
  const kind = `${isBig ? "Big" : ""}${signed ? "Int" : "Uint"}${bits}`;
  const get = DataView.prototype[`get${kind}` as "getInt32"] as (at: number, le: boolean) => Value;
  const set = DataView.prototype[`set${kind}` as "setInt32"];
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  return {
    name,
    size: bits / 8,
    read: (view, at) => get.call(view, at, true),
    write: (view, at, value) => set.call(view, at, value as number, true),
    range: { least, most: least + 2n ** BigInt(bits) - 1n },
    isBig,
    round: (value) => value,
  };
}

const FLOATS: DType[] = [
  {
    name: "f16",
    size: 2,
    read: (view, at) => fromHalf(view.getUint16(at, true)),
    write: (view, at, value) => view.setUint16(at, toHalf(value as number), true),
    isBig: false,
    round: roundHalf,
  },
  {
    name: "f32",
    size: 4,
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value as number, true),
    isBig: false,
    round: Math.fround,
  },
  {
    name: "f64",
    size: 8,
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value as number, true),
    isBig: false,
    round: (value) => value,
  },
];

const INTEGERS = ([8, 16, 32, 64] as const).flatMap((bits) => [
  integer(`i${bits}`, bits, true),
  integer(`u${bits}`, bits, false),
]);

export const DTYPES = new Map([...INTEGERS, ...FLOATS].map((dtype) => [dtype.name, dtype]));

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}

/** The exponent of a positive double, exactly: `Math.log2` is not below powers of two. */
function exponentOf(value: number): number {
  const cell = new DataView(new ArrayBuffer(8));
  cell.setFloat64(0, value);
  return ((cell.getUint32(0) >>> 20) & 0x7ff) - 1023;
}

/** The nearest half, ties to even. */
function roundHalf(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const size = Math.abs(value);
  const unit = 2 ** (Math.max(exponentOf(size), -14) - 10);
  const scaled = size / unit;
  const down = Math.floor(scaled);
  const up = scaled - down > 0.5 || (scaled - down === 0.5 && down % 2 === 1);
  const rounded = (up ? down + 1 : down) * unit;
  return Math.sign(value) * (rounded > 65_504 ? Number.POSITIVE_INFINITY : rounded);
}

function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(roundHalf(value));
  if (Number.isNaN(size)) return 0x7e00;
  if (size > 65_504) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | (size * 2 ** 24);
  const exponent = exponentOf(size);
  return sign | (((exponent + 15) << 10) + (size * 2 ** (10 - exponent) - 1024));
}
