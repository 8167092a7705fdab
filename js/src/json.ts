/** Canonical JSON: docs/format.md, "Schema". Equal documents are equal bytes, so only one form is read. */

export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

const MAX_DEPTH = 16;
const MAX_DIGITS = 4300;
const NUMBER = /-?\d+(\.\d+)?(e[+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;

/** A number with a fraction or an exponent where integers are needed. */
export class NotAnInteger extends Error {}

/**
 * Reads canonical JSON.
 *
 * @param integersUnder keys of the outermost object whose values have integers only.
 */
export function parseCanonical(text: string, integersUnder: string[]): Json {
  let at = 0;
  let integersOnly = false;
  const refuse = (reason: string): never => {
    throw new Error(`character ${at}: ${reason}`);
  };
  const skip = (word: string) => {
    const isThere = text.startsWith(word, at);
    if (isThere) at += word.length;
    return isThere;
  };
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? refuse("no JSON value without spaces");
    at += found.length;
    return found;
  };

  function string(): string {
    const found = match(STRING);
    const value: string = JSON.parse(found);
    if (JSON.stringify(value) !== found || /\p{Surrogate}/u.test(value))
      refuse("the text is not in its canonical form");
    return value;
  }

  function number(): number | bigint {
    const found = match(NUMBER);
    if (/^(0|-?[1-9]\d*)$/.test(found)) {
      if (found.replace("-", "").length > MAX_DIGITS)
        refuse(`an integer of more than ${MAX_DIGITS} digits`);
      return Number.isSafeInteger(Number(found)) ? Number(found) : BigInt(found);
    }
    const value = Number(found);
    if (!Number.isFinite(value) || floatText(value) !== found)
      refuse(`${found} is not in its canonical form`);
    if (integersOnly) throw new NotAnInteger(`${found} must be an integer`);
    return value;
  }

  function object(depth: number): Json {
    const found: [string, Json][] = [];
    let last: string | undefined;
    do {
      const key = string();
      if (last !== undefined && !precedes(last, key)) refuse("keys are not sorted");
      last = key;
      if (!skip(":")) refuse("':' is missing");
      if (depth === 1) integersOnly = integersUnder.includes(key);
      found.push([key, value(depth + 1)]);
    } while (skip(","));
    if (!skip("}")) refuse("'}' is missing");
    return Object.fromEntries(found); // also of a key that is called __proto__
  }

  function list(depth: number): Json {
    const found: Json[] = [];
    do found.push(value(depth + 1));
    while (skip(","));
    if (!skip("]")) refuse("']' is missing");
    return found;
  }

  function value(depth: number): Json {
    if (depth > MAX_DEPTH && "[{".includes(text[at] ?? ""))
      refuse(`nested deeper than ${MAX_DEPTH}`);
    if (skip("{}")) return {};
    if (skip("[]")) return [];
    if (skip("{")) return object(depth);
    if (skip("[")) return list(depth);
    if (skip("true")) return true;
    if (skip("false")) return false;
    if (skip("null")) return null;
    return text[at] === '"' ? string() : number();
  }

  const document = value(1);
  if (at !== text.length) refuse("something follows the document");
  return document;
}

/** Whether a key comes before another one by code points; `<` goes by UTF-16. */
function precedes(a: string, b: string): boolean {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference) return difference < 0;
  }
  return left.length < right.length;
}

/** A double as Python's `json.dumps` writes it: the fewest digits, an exponent beyond 1e-4 and 1e16. */
export function floatText(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "", power = ""] = Math.abs(value).toExponential().split("e");
  const [digits, exponent] = [mantissa.replace(".", ""), Number(power)];
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
