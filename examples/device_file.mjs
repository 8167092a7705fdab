// The file of a model: the sections of a module, and the record that keeps its state. Part of device.mjs.
import { createHash } from "node:crypto";
import { check } from "./device_values.mjs";

const MAGIC = [0x89, 0x57, 0x53, 0x54, 0x0d, 0x0a, 0x1a, 0x0a];
const [HEADER, REGION, TRAILER] = [256, 40, 32];
export const [STATE, PREV, BAKED] = ["wasmstate.state", "wasmstate.prev", "wasmstate.baked"];

export const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const aligned = (size, to) => Math.ceil(size / to) * to;
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});
const crc32 = (bytes) => ~bytes.reduce((crc, byte) => CRC[(crc ^ byte) & 0xff] ^ (crc >>> 8), -1) >>> 0;

// The module: an id, a size and a content for each section; a custom section has a name, too.

function leb128(bytes, at) {
  let value = 0;
  for (let shift = 1; ; shift *= 128) {
    check(at < bytes.length, `unexpected end at ${at}`);
    value += (bytes[at] & 0x7f) * shift;
    if (bytes[at++] < 0x80) return [value, at];
  }
}

export function sectionsOf(bytes) {
  const sections = [];
  for (let start = 8; start < bytes.length; ) {
    const [size, at] = leb128(bytes, start + 1);
    const end = at + size;
    check(end <= bytes.length, `the section at ${start} is cut`);
    const section = { id: bytes[start], whole: bytes.subarray(start, end), content: bytes.subarray(at, end) };
    if (section.id === 0) {
      const [length, from] = leb128(section.content, 0);
      section.name = Buffer.from(section.content.subarray(from, from + length)).toString();
      section.content = section.content.subarray(from + length);
    }
    sections.push(section);
    start = end;
  }
  return sections;
}

export function customSection(name, content) {
  const size = 1 + name.length + content.length;
  const padded = [0, 1, 2, 3, 4].map((i) => ((size / 128 ** i) & 0x7f) | (i < 4 ? 0x80 : 0));
  return Buffer.concat([Buffer.from([0, ...padded, name.length]), Buffer.from(name), content]);
}

export function moduleDigest(sections) {
  const parts = [];
  for (const { id, content } of sections.filter((section) => section.id !== 0)) {
    const head = Buffer.alloc(9, id);
    head.writeBigUInt64LE(BigInt(content.length), 1);
    parts.push(head, content);
  }
  return sha256(...parts);
}

// The record: every length is held against the bytes that are there, every checksum is checked.

export function readRecord(content) {
  check(content.length >= HEADER + TRAILER, "the state is cut");
  check(MAGIC.every((byte, i) => content[i] === byte), "no state record: its magic is wrong");
  const fields = view(content);
  const u32 = (at) => fields.getUint32(at, true);
  const u64 = (at) => Number(fields.getBigUint64(at, true));
  check(fields.getUint16(8, true) === 1, "a record of another major version");
  const headerLength = u32(20);
  check(headerLength >= HEADER && headerLength <= content.length, "the header is cut");
  check(crc32(content.subarray(0, headerLength - 4)) === u32(headerLength - 4), "the header is damaged");
  check(u32(12) === 0, "the record needs a newer runtime");
  const tableEnd = headerLength + REGION * u32(36);
  const schemaEnd = tableEnd + u32(44);
  const [payloadAt, payloadLength] = [u64(56), u64(64)];
  check(payloadAt === aligned(schemaEnd, 64), "the payload is elsewhere");
  check(payloadAt + payloadLength + TRAILER <= content.length, "the payload is cut");
  const table = content.subarray(headerLength, tableEnd);
  const schema = content.subarray(tableEnd, schemaEnd);
  const payload = content.subarray(payloadAt, payloadAt + payloadLength);
  check(crc32(table) === u32(40), "the region table is damaged");
  check(crc32(schema) === u32(48), "the schema is damaged");
  const regions = [];
  for (let at = headerLength; at < tableEnd; at += REGION) {
    const region = { kind: u32(at), index: u32(at + 4), address: u64(at + 8) };
    Object.assign(region, { length: u64(at + 16), start: u64(at + 24) });
    check(region.start + region.length <= payloadLength, `region ${regions.length} is cut`);
    const bytes = payload.subarray(region.start, region.start + region.length);
    check(crc32(bytes) === u32(at + 32), `region ${regions.length} is damaged`);
    regions.push(region);
  }
  check(crc32(payload) === u32(52), "the payload is damaged");
  const digest = Buffer.from(content.subarray(112, 144));
  check(sha256(table, schema, payload).equals(digest), "the state digest is wrong");
  const length = payloadAt + payloadLength + TRAILER;
  check(content.subarray(schemaEnd, payloadAt).every((byte) => byte === 0), "the padding is damaged");
  const trailer = trailerOf(content.subarray(0, length), headerLength);
  check(trailer.equals(content.subarray(length - TRAILER, length)), "the trailer is damaged");
  return {
    content: content.subarray(0, length),
    isWritable: fields.getUint16(10, true) === 0 && u32(16) === 0,
    generation: u64(24),
    updates: u64(72),
    keep: u32(208),
    moduleDigest: Buffer.from(content.subarray(80, 112)),
    headerLength,
    payloadAt,
    schema: JSON.parse(Buffer.from(schema).toString()),
    regions,
    payload,
    digest,
  };
}

// What a record ends with: its magic, generation and length, and two checksums.
function trailerOf(record, headerLength) {
  const trailer = Buffer.alloc(TRAILER);
  trailer.write("WSTEND\r\n", "latin1");
  trailer.set(record.subarray(24, 32), 8);
  trailer.writeBigUInt64LE(BigInt(record.length), 16);
  trailer.set(record.subarray(headerLength - 4, headerLength), 24);
  trailer.writeUInt32LE(crc32(trailer.subarray(0, 28)), 28);
  return trailer;
}

export function nextRecord(old, payload, updates) {
  const bytes = Buffer.from(old.content);
  payload.copy(bytes, old.payloadAt);
  old.regions.forEach(({ start, length }, i) => {
    const at = old.headerLength + REGION * i + 32;
    bytes.writeUInt32LE(crc32(payload.subarray(start, start + length)), at);
  });
  const tableEnd = old.headerLength + REGION * old.regions.length;
  const schemaEnd = tableEnd + bytes.readUInt32LE(44);
  bytes.writeBigUInt64LE(BigInt(old.generation + 1), 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(old.headerLength, tableEnd)), 40);
  bytes.writeUInt32LE(crc32(payload), 52);
  bytes.writeBigUInt64LE(BigInt(old.updates + updates), 72);
  sha256(bytes.subarray(old.headerLength, schemaEnd), payload).copy(bytes, 112);
  old.digest.copy(bytes, 144);
  if (old.generation === 0) old.digest.copy(bytes, 176);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, old.headerLength - 4)), old.headerLength - 4);
  trailerOf(bytes, old.headerLength).copy(bytes, bytes.length - TRAILER);
  return bytes;
}

export function records(content) {
  const found = [];
  while (content.length) {
    let length = content.length; // what is no record is kept as one
    try {
      length = readRecord(content).content.length;
    } catch {}
    found.push(content.subarray(0, length));
    content = content.subarray(length);
  }
  return found;
}
