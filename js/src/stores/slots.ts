/**
 * Two slots, A and B, of which each commit writes the one that does not hold the newest module. A write
 * that is cut off leaves the other slot whole: the checksum in its head tells.
 */
import { type Bytes, concat, crc32, equal, view } from "../bytes.js";

/** A file that is read and written in place. */
export interface Slot {
  read(): Bytes;
  /** Writes, cuts what was there behind it, and waits until it is on the disk. */
  write(bytes: Bytes): void;
}

const MAGIC = new TextEncoder().encode("WSSLOT1\n");
const HEAD = 32; // magic, sequence, length and CRC-32 of the bytes, CRC-32 of the head

interface Found {
  sequence: bigint;
  bytes: Bytes;
}

export class Slots {
  readonly #slots: readonly [Slot, Slot];

  constructor(a: Slot, b: Slot) {
    this.#slots = [a, b];
  }

  /** The newest bytes that are whole; `undefined` if nothing was ever written. */
  read(): Bytes | undefined {
    return this.#newest()?.bytes;
  }

  write(bytes: Bytes): void {
    const sequence = (this.#newest()?.sequence ?? 0n) + 1n;
    const head = new Uint8Array(HEAD);
    const fields = view(head);
    head.set(MAGIC);
    fields.setBigUint64(8, sequence, true);
    fields.setBigUint64(16, BigInt(bytes.length), true);
    fields.setUint32(24, crc32(bytes), true);
    fields.setUint32(28, crc32(head.subarray(0, 28)), true);
    this.#slots[Number(sequence % 2n) as 0 | 1].write(concat(head, bytes));
  }

  #newest(): Found | undefined {
    const [a, b] = this.#slots.map((slot) => found(slot.read()));
    return a && b ? (a.sequence > b.sequence ? a : b) : (a ?? b);
  }
}

function found(content: Bytes): Found | undefined {
  if (content.length < HEAD || !equal(content.subarray(0, 8), MAGIC)) return undefined;
  const fields = view(content);
  const length = Number(fields.getBigUint64(16, true));
  const bytes = content.subarray(HEAD, HEAD + length);
  const isWhole =
    fields.getUint32(28, true) === crc32(content.subarray(0, 28)) &&
    bytes.length === length &&
    fields.getUint32(24, true) === crc32(bytes);
  return isWhole ? { sequence: fields.getBigUint64(8, true), bytes } : undefined;
}
