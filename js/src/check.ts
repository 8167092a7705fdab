import { type Bytes, equal } from "./bytes.js";
import { reasonOf, WasmstateError } from "./errors.js";
import { type Entry, entriesOf } from "./history.js";
import { load } from "./loaded.js";
import { sectionsOf } from "./module.js";

/** One thing that is wrong with a file. */
export interface Finding {
  /** The section, or the part of the record: `wasmstate.prev[0]`, `header.crc32`. */
  where: string;
  reason: string;
}

/** All that is wrong with a module and its state; nothing of it is run. */
export async function check(bytes: Bytes): Promise<Finding[]> {
  try {
    await load(bytes);
    WebAssembly.validate(bytes) || (await WebAssembly.compile(bytes));
  } catch (error) {
    const where = error instanceof WasmstateError ? (error.part ?? error.code) : "module";
    return [{ where, reason: reasonOf(error) }];
  }
  const entries = await entriesOf(sectionsOf(bytes));
  const at = (i: number) => `${entries[i]!.section}[${i}]`;
  return entries.flatMap((entry, i) => {
    const reason = entry.fault ?? linkFault(entries[i - 1], entry);
    return reason === undefined ? [] : [{ where: at(i), reason }];
  });
}

/** Why two neighbours of a history cannot follow each other. */
function linkFault(before: Entry | undefined, { record }: Entry): string | undefined {
  const parent = before?.record;
  if (!parent || !record || parent.generation + 1n !== record.generation) return undefined;
  return equal(parent.digest, record.parentDigest)
    ? undefined
    : `generation ${parent.generation} before it is not its parent`;
}
