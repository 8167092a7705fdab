/** Older records in the file: docs/format.md, "History". */
import { type Bytes, concat, crc32, equal, view } from "./bytes.js";
import { reasonOf } from "./errors.js";
import { customSection, INIT, joined, PREV, type Section, STATE } from "./module.js";
import {
  HEADER_SIZE,
  MAGIC,
  MAX_HEADER_SIZE,
  readRecord,
  type StateRecord,
  TRAILER_MAGIC,
  TRAILER_SIZE,
} from "./record.js";

/** A stretch of a history section: a record, or bytes that stand where records should. */
export interface Entry {
  section: string;
  /** `undefined` where the bytes are no record that is whole. */
  record: StateRecord | undefined;
  /** What is wrong with it. */
  fault: string | undefined;
}

/** All records of a file, the oldest first, the one that holds last. */
export async function entriesOf(sections: Section[]): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const name of [INIT, PREV, STATE]) {
    const contents = sections.filter((each) => each.name === name).map((each) => each.content);
    const parts = name === PREV ? split(concat(...contents)) : contents;
    for (const part of parts) {
      const entry: Entry = { section: name, record: undefined, fault: undefined };
      try {
        entry.record = await readRecord(part);
      } catch (error) {
        entry.fault = reasonOf(error);
      }
      found.push(entry);
    }
  }
  return found;
}

/** The records in these bytes, and what stands between them; takes any bytes. */
function split(content: Bytes): Bytes[] {
  const parts: Bytes[] = [];
  let start = 0;
  for (let at = 0; at < content.length; ) {
    const size = recordSize(content.subarray(at));
    if (!size) {
      at++;
      continue;
    }
    if (at > start) parts.push(content.subarray(start, at));
    parts.push(content.subarray(at, at + size));
    at += size;
    start = at;
  }
  if (start < content.length) parts.push(content.subarray(start));
  return parts;
}

/** The size of the record that these bytes begin with; 0 if they begin with none. */
function recordSize(bytes: Bytes): number {
  if (bytes[0] !== MAGIC[0] || !equal(bytes.subarray(0, 8), MAGIC)) return 0;
  if (bytes.length < HEADER_SIZE + TRAILER_SIZE) return 0;
  const fields = view(bytes);
  const end = Number(fields.getBigUint64(56, true) + fields.getBigUint64(64, true));
  if (end + TRAILER_SIZE > bytes.length) return 0;
  const header = fields.getUint32(20, true);
  const trailer = bytes.subarray(end, end + TRAILER_SIZE);
  const isRecord =
    equal(trailer.subarray(0, 8), TRAILER_MAGIC) &&
    fields.getBigUint64(end + 16, true) === BigInt(end + TRAILER_SIZE) &&
    fields.getUint32(end + 28, true) === crc32(trailer.subarray(0, 28)) &&
    header >= HEADER_SIZE &&
    header <= Math.min(end, MAX_HEADER_SIZE) &&
    fields.getUint32(header - 4, true) === crc32(bytes.subarray(0, header - 4));
  return isRecord ? end + TRAILER_SIZE : 0;
}

/** The module with another record; the one that it has becomes the newest of the history. */
export function withNext(sections: Section[], record: Bytes, keep: number): Bytes {
  const state = sections.find((each) => each.name === STATE)!;
  const older = concat(
    ...sections.filter((each) => each.name === PREV).map((each) => each.content),
  );
  const kept = keep ? [...(keep > 1 ? split(older).slice(1 - keep) : []), state.content] : [];
  const pieces = sections.flatMap((each) => {
    if (each.name === PREV) return [];
    if (each !== state) return [each.whole];
    const history = kept.length ? [customSection(PREV, concat(...kept))] : [];
    return [...history, customSection(STATE, record)];
  });
  return joined(pieces);
}
