/** A state record, read and written: docs/format.md, "Record" and "Reading". */
import { aligned, type Bytes, concat, crc32, equal, isZero, sha256, view } from "./bytes.js";
import { fail } from "./errors.js";
import { runsOf } from "./image.js";

export const MAGIC = Uint8Array.of(0x89, 0x57, 0x53, 0x54, 13, 10, 26, 10);
export const TRAILER_MAGIC = new TextEncoder().encode("WSTEND\r\n");
export const HEADER_SIZE = 256;
export const MAX_HEADER_SIZE = 65_536;
export const TRAILER_SIZE = 32;
const REGION_SIZE = 40;
const MAX_REGIONS = 65_536;
const MAX_SCHEMA_SIZE = 1 << 20;
const MAX_PAYLOAD_SIZE = 2 ** 32;
const MAX_KEEP = 64;
const LAST = 1n << 64n;

export const MEMORY = 0;
export const GLOBAL = 1;
export const WHOLE = 2;

/** Bytes of the instance that belong to S. */
export interface Region {
  kind: number;
  /** Of the memory or the global. */
  index: number;
  /** Of the first byte; of a whole memory its size. */
  address: bigint;
  /** Stored in the record, in bytes. */
  length: number;
  /** In the payload. */
  start: number;
}

/** In the instance, in bytes: zeros of a whole memory are not stored. */
export const sizeOf = ({ kind, address, length }: Region): number =>
  kind === WHOLE ? Number(address) : length;

export interface StateRecord {
  generation: bigint;
  updates: bigint;
  keep: number;
  moduleDigest: Bytes;
  digest: Bytes;
  parentDigest: Bytes;
  baseDigest: Bytes;
  regions: Region[];
  schema: Bytes;
  payload: Bytes;
  /** Whether a newer version wrote what no other may write. */
  isReadOnly: boolean;
  /** The header, of which a commit copies what this version does not know. */
  header: Bytes;
  /** All bytes of the record. */
  content: Bytes;
}

function corrupt(part: string, offset: number, reason: string): never {
  fail("corrupt", `${part} at content offset ${offset}: ${reason}`, { part, offset });
}

function check(holds: boolean, part: string, offset: number, reason: string): asserts holds {
  if (!holds) corrupt(part, offset, reason);
}

/** Reads the content of a state section, which nothing may follow. */
export async function readRecord(content: Bytes): Promise<StateRecord> {
  const fields = view(content);
  const u32 = (at: number) => fields.getUint32(at, true);
  const u64 = (at: number) => fields.getBigUint64(at, true);
  const bytes = (at: number, size: number) => content.subarray(at, at + size);
  const header = readHeader(content);
  const part = (name: string, at: number, length: number) => {
    const left = Math.max(content.length - at, 0);
    check(length <= left, name, content.length, `cut short: ${left} of ${length} bytes`);
    return bytes(at, length);
  };
  const table = part("regions", header.length, REGION_SIZE * u32(36));
  check(crc32(table) === u32(40), "header.region_crc32", 40, "the region table is damaged");
  const schemaAt = header.length + table.length;
  const schema = part("schema", schemaAt, u32(44));
  check(crc32(schema) === u32(48), "header.schema_crc32", 48, "the schema is damaged");
  const payloadAt = aligned(schemaAt + schema.length, 64);
  const isPlaced = u64(56) === BigInt(payloadAt);
  check(isPlaced, "header.payload_offset", 56, `must be ${payloadAt}, behind the schema`);
  const payload = part("payload", payloadAt, Number(u64(64)));
  const end = payloadAt + payload.length;
  const trailer = part("trailer", end, TRAILER_SIZE);
  check(equal(trailer, trailerOf(header, end)), "trailer", end, "differs from the header");
  const behind = content.length - end - TRAILER_SIZE;
  check(behind === 0, "content", end + TRAILER_SIZE, `${behind} bytes behind the record`);
  const padding = content.subarray(schemaAt + schema.length, payloadAt);
  check(isZero(padding), "padding", schemaAt + schema.length, "must be zero");
  const regions = readRegions(table, header.length, payload, payloadAt);
  check(crc32(payload) === u32(52), "header.payload_crc32", 52, "the payload is damaged");
  const digest = bytes(112, 32);
  const isDigest = equal(digest, await sha256(table, schema, payload));
  check(isDigest, "header.state_digest", 112, "differs from the digest of the state");
  return {
    generation: u64(24),
    updates: u64(72),
    keep: u32(208),
    moduleDigest: bytes(80, 32),
    digest,
    parentDigest: bytes(144, 32),
    baseDigest: bytes(176, 32),
    regions,
    schema,
    payload,
    isReadOnly: fields.getUint16(10, true) > 0 || u32(16) !== 0,
    header,
    content,
  };
}

function readHeader(content: Bytes): Bytes {
  const size = content.length;
  check(size >= HEADER_SIZE, "header", size, `cut short: ${size} of ${HEADER_SIZE} bytes`);
  const fields = view(content);
  const u32 = (at: number) => fields.getUint32(at, true);
  const u64 = (at: number) => fields.getBigUint64(at, true);
  const known = (holds: boolean, name: string, at: number, reason: string) =>
    check(holds, `header.${name}`, at, reason);
  known(equal(content.subarray(0, 8), MAGIC), "magic", 0, "is not that of a state record");
  known(fields.getUint16(8, true) === 1, "major", 8, "the version is not known, only 1.x is");
  const length = u32(20);
  const most = Math.min(size, MAX_HEADER_SIZE);
  const hasLength = length >= HEADER_SIZE && length <= most;
  known(hasLength, "header_length", 20, `${length} is not between ${HEADER_SIZE} and ${most}`);
  const isWhole = crc32(content.subarray(0, length - 4)) === u32(length - 4);
  known(isWhole, "crc32", length - 4, "the header is damaged");
  known(u32(12) === 0, "incompatible_flags", 12, "a newer version is needed to read the record");
  const isPlain = length === HEADER_SIZE && isZero(content.subarray(212, 252));
  const isNewer = fields.getUint16(10, true) > 0;
  known(isNewer || isPlain, "reserved", 212, "must be zero in version 1.0");
  known(u32(208) <= MAX_KEEP, "keep", 208, `${u32(208)} is more than ${MAX_KEEP}`);
  known(u32(32) === length, "region_offset", 32, `must be ${length}, behind the header`);
  const count = u32(36);
  const hasCount = count >= 1 && count <= MAX_REGIONS;
  known(hasCount, "region_count", 36, `${count} is not between 1 and ${MAX_REGIONS}`);
  known(u32(44) <= MAX_SCHEMA_SIZE, "schema_length", 44, `more than ${MAX_SCHEMA_SIZE} bytes`);
  known(u64(64) <= MAX_PAYLOAD_SIZE, "payload_length", 64, `more than ${MAX_PAYLOAD_SIZE} bytes`);
  return content.subarray(0, length);
}

function readRegions(table: Bytes, base: number, payload: Bytes, payloadAt: number): Region[] {
  const fields = view(table);
  const regions: Region[] = [];
  let start = 0;
  for (let at = 0; at < table.length; at += REGION_SIZE) {
    const [kind, index] = [fields.getUint32(at, true), fields.getUint32(at + 4, true)];
    const [address, size] = [fields.getBigUint64(at + 8, true), fields.getBigUint64(at + 16, true)];
    const name = `regions[${regions.length}]`;
    const known = (holds: boolean, field: string, offset: number, reason: string) =>
      check(holds, `${name}.${field}`, base + at + offset, reason);
    known(kind <= WHOLE, "kind", 0, `${kind} is no kind of region`);
    const isGlobal = kind !== GLOBAL || (address === 0n && [4n, 8n, 16n].includes(size));
    known(isGlobal, "length", 16, "a global has 4, 8 or 16 bytes at address 0");
    known(size > 0n, "length", 16, "a region has one byte at least");
    known(kind === WHOLE || address + size <= LAST, "length", 16, "ends past the last address");
    known(fields.getUint32(at + 36, true) === 0, "reserved", 36, "must be zero");
    const isPlaced = fields.getBigUint64(at + 24, true) === BigInt(start);
    known(isPlaced, "payload_offset", 24, `must be ${start}`);
    known(BigInt(start) + size <= payload.length, "length", 16, "ends past the payload");
    const length = Number(size);
    const stored = payload.subarray(start, start + length);
    const isWhole = crc32(stored) === fields.getUint32(at + 32, true);
    check(isWhole, name, payloadAt + start, "its bytes or its CRC-32 are damaged");
    if (kind === WHOLE)
      runsOf(stored, address, (reason) => corrupt(name, payloadAt + start, reason));
    regions.push({ kind, index, address, length, start });
    const end = start + length;
    start = aligned(end, 16);
    const padding = payload.subarray(end, start);
    check(isZero(padding), `${name}.padding`, payloadAt + end, "must be zero");
  }
  check(start === payload.length, "payload", payloadAt, `its regions end at ${start}`);
  checkOverlaps(regions, base);
  return regions;
}

function checkOverlaps(regions: Region[], base: number): void {
  const spans = regions.map(({ kind, index, address, length }, i) => ({
    space: `${kind === GLOBAL} ${index}`,
    start: kind === WHOLE ? 0n : address,
    end: kind === WHOLE ? LAST : address + BigInt(length),
    i,
  }));
  spans.sort((a, b) =>
    a.space < b.space ? -1 : a.space > b.space ? 1 : a.start < b.start ? -1 : 1,
  );
  spans.slice(1).forEach((second, i) => {
    const first = spans[i]!;
    const overlaps = first.space === second.space && first.end > second.start;
    const part = `regions[${second.i}].address`;
    check(!overlaps, part, base + REGION_SIZE * second.i + 8, `overlaps regions[${first.i}]`);
  });
}

/** What a record ends with whose header and payload are these. */
function trailerOf(header: Bytes, end: number): Bytes {
  const trailer = new Uint8Array(TRAILER_SIZE);
  trailer.set(TRAILER_MAGIC);
  trailer.set(header.subarray(24, 32), 8);
  trailer.set(header.subarray(-4), 24);
  view(trailer).setBigUint64(16, BigInt(end + TRAILER_SIZE), true);
  view(trailer).setUint32(28, crc32(trailer.subarray(0, 28)), true);
  return trailer;
}

/** The values that a commit writes; `stored` has the bytes of each region as a record keeps them. */
export interface Values {
  regions: Region[];
  stored: Bytes[];
  schema: Bytes;
  updates: bigint;
}

/** The record of the generation after `parent`: docs/format.md, "Writing". */
export async function nextRecord(
  parent: StateRecord,
  values: Values,
  keep: number,
): Promise<StateRecord> {
  const { regions, stored, schema, updates } = values;
  if (parent.generation === LAST - 1n)
    fail("state", `generation ${parent.generation} is the last one that the format has`);
  if (updates >= LAST) fail("state", "the count of updates has reached its end");
  const table = new Uint8Array(REGION_SIZE * regions.length);
  const payload = concat(
    ...stored.map((bytes) =>
      concat(bytes, new Uint8Array(aligned(bytes.length, 16) - bytes.length)),
    ),
  );
  const entries = view(table);
  let start = 0;
  const placed = regions.map((region, i) => {
    const { kind, index, address } = region;
    const at = REGION_SIZE * i;
    const bytes = stored[i]!;
    entries.setUint32(at, kind, true);
    entries.setUint32(at + 4, index, true);
    entries.setBigUint64(at + 8, address, true);
    entries.setBigUint64(at + 16, BigInt(bytes.length), true);
    entries.setBigUint64(at + 24, BigInt(start), true);
    entries.setUint32(at + 32, crc32(bytes), true);
    const found = { ...region, length: bytes.length, start };
    start = aligned(start + bytes.length, 16);
    return found;
  });
  const header = parent.header.slice();
  const fields = view(header);
  const schemaEnd = header.length + table.length + schema.length;
  const payloadAt = aligned(schemaEnd, 64);
  fields.setBigUint64(24, parent.generation + 1n, true);
  fields.setUint32(36, regions.length, true);
  fields.setUint32(40, crc32(table), true);
  fields.setUint32(44, schema.length, true);
  fields.setUint32(48, crc32(schema), true);
  fields.setUint32(52, crc32(payload), true);
  fields.setBigUint64(56, BigInt(payloadAt), true);
  fields.setBigUint64(64, BigInt(payload.length), true);
  fields.setBigUint64(72, updates, true);
  header.set(await sha256(table, schema, payload), 112);
  header.set(parent.digest, 144);
  if (parent.generation === 0n) header.set(parent.digest, 176);
  fields.setUint32(208, keep, true);
  fields.setUint32(header.length - 4, crc32(header.subarray(0, -4)), true);
  const padding = new Uint8Array(payloadAt - schemaEnd);
  const trailer = trailerOf(header, payloadAt + payload.length);
  const part = (at: number) => header.subarray(at, at + 32);
  return {
    generation: parent.generation + 1n,
    updates,
    keep,
    moduleDigest: part(80),
    digest: part(112),
    parentDigest: part(144),
    baseDigest: part(176),
    regions: placed,
    schema,
    payload,
    isReadOnly: false,
    header,
    content: concat(header, table, schema, padding, payload, trailer),
  };
}
