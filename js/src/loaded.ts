/** A module with its state, read from bytes and found free of contradiction. */
import { type Bytes, equal } from "./bytes.js";
import { fail } from "./errors.js";
import { moduleDigest, type Section, sectionsOf, stateSection } from "./module.js";
import { readRecord, type StateRecord } from "./record.js";
import { readSchema, type Schema } from "./schema.js";

export interface Loaded {
  bytes: Bytes;
  sections: Section[];
  record: StateRecord;
  schema: Schema;
}

export async function load(bytes: Bytes): Promise<Loaded> {
  const sections = sectionsOf(bytes);
  const record = await readRecord(stateSection(sections).content);
  const schema = readSchema(record.schema, record.regions);
  if (!equal(record.moduleDigest, await moduleDigest(sections)))
    fail("state", "the state belongs to other code: the code has changed since it was attached");
  return { bytes, sections, record, schema };
}
