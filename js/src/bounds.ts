/** Bounds, compiled to an interval and a check: docs/format.md, "Bounds". */
import type { DType, Value } from "./dtypes.js";

const COMPARISON = /^(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** What every element has to be in, ends included; without bounds there is none. */
export interface Interval {
  low: number;
  high: number;
}

export const isBound = (bound: string): boolean =>
  bound === "finite" || bound === "psd" || COMPARISON.test(bound);

/** The interval that all bounds but `psd` make together. */
export function intervalOf(bounds: string[], dtype: DType): Interval | undefined {
  let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let isBound = false;
  for (const bound of bounds) {
    const [, sign, number] = COMPARISON.exec(bound) ?? [];
    const limit = dtype.round(Number(number));
    if (bound === "psd") continue;
    isBound = true;
    if (bound === "finite") {
      low = Math.max(low, dtype.range ? low : -Number.MAX_VALUE);
      high = Math.min(high, dtype.range ? high : Number.MAX_VALUE);
    } else if (sign === ">=") low = Math.max(low, limit);
    else if (sign === ">") low = limit === Infinity ? NaN : Math.max(low, next(limit));
    else if (sign === "<=") high = Math.min(high, limit);
    else high = limit === -Infinity ? NaN : Math.min(high, -next(-limit));
  }
  return isBound ? { low, high } : undefined;
}

/** The next larger double. */
function next(value: number): number {
  const cell = new DataView(new ArrayBuffer(8));
  cell.setFloat64(0, value === 0 ? 0 : value);
  if (value === Infinity) return value;
  cell.setBigInt64(0, cell.getBigInt64(0) + (value >= 0 ? 1n : -1n));
  return cell.getFloat64(0);
}

/** The first bound that a value breaks; for the message. */
export const brokenBound = (bounds: string[], dtype: DType, value: Value): string | undefined =>
  bounds.find((bound) => {
    const interval = intervalOf([bound], dtype);
    return interval && !(value >= interval.low && value <= interval.high);
  });

/** Why a matrix is not symmetric and positive semidefinite, within rounding. */
export function psdFault(values: number[], shape: number[], dtype: DType): string | undefined {
  const n = shape[0] ?? 0;
  if (shape.length !== 2 || shape[1] !== n) return "is not a square matrix";
  const scale = values.reduce((most, each) => Math.max(most, Math.abs(each)), 0); // NaN if one is
  if (!Number.isFinite(scale)) return "is not positive semidefinite: it is not finite";
  const epsilon = { f16: 2 ** -10, f32: 2 ** -23, f64: 2 ** -52 }[dtype.name] ?? 0;
  const tolerance = 64 * n * epsilon;
  const matrix = values.map((each) => each / (scale || 1));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const [lower, upper] = [matrix[i * n + j]!, matrix[j * n + i]!];
      if (Math.abs(lower - upper) > tolerance) return "is not symmetric";
      matrix[i * n + j] = (lower + upper) / 2;
    }
  // Cholesky's method fails if an eigenvalue is not positive; the shift allows for rounding.
  for (let j = 0; j < n; j++) {
    let pivot = matrix[j * n + j]! + Math.max(tolerance, 1e-12);
    for (let k = 0; k < j; k++) pivot -= matrix[j * n + k]! ** 2;
    if (!(pivot > 0)) return "is not positive semidefinite";
    const root = Math.sqrt(pivot);
    matrix[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!;
      matrix[i * n + j] = sum / root;
    }
  }
  return undefined;
}
