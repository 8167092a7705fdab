/** Temporary files beside a model, named as Python names them, so that each sweeps what the other left. */
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "../bytes.js";

const SUFFIX = ".wasmstate-tmp";
const LONGEST = 255; // bytes that a name may have on most file systems
const END = 32_768; // bytes at the start and at the end that a fingerprint covers

export const temporaryName = (path: string): string =>
  join(dirname(path), `${startOf(path)}${randomBytes(8).toString("hex")}${SUFFIX}`);

/**
 * Removes what dead writers left; for who holds the lock, so no living one has such a file.
 *
 * Python exchanges two names. A leftover whose name has the fingerprint of a file that was to be replaced
 * is removed if that file is still at the path, so nothing was exchanged, or is the leftover itself.
 * Any other may be of somebody else, and Python gives it a name that is seen.
 */
export function sweep(path: string): void {
  const start = startOf(path);
  for (const name of fs.readdirSync(dirname(path))) {
    if (!name.startsWith(start) || !name.endsWith(SUFFIX)) continue;
    const [, isOurs, replaced] =
      /^([0-9a-f]{16})(?:-([0-9a-f]{16}))?$/.exec(name.slice(start.length, -SUFFIX.length)) ?? [];
    if (!isOurs) continue;
    const left = join(dirname(path), name);
    const isKnown = !replaced || replaced === fingerprint(path) || replaced === fingerprint(left);
    if (isKnown) fs.rmSync(left, { force: true });
  }
}

/** What the name of a temporary file begins with; of a long name its digest. */
function startOf(path: string): string {
  const name = basename(path);
  const room = LONGEST - "..-".length - 16 - 16 - SUFFIX.length;
  const isShort = Buffer.byteLength(name) <= room;
  return `.${isShort ? name : createHash("sha256").update(name).digest("hex")}.`;
}

function fingerprint(path: string): string {
  const bytes = fs.readFileSync(path);
  const first = crc32(bytes.subarray(0, END), crc32(Buffer.from(String(bytes.length))));
  const last = crc32(bytes.subarray(Math.max(0, bytes.length - END)));
  return [first, last].map((each) => each.toString(16).padStart(8, "0")).join("");
}
