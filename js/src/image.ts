/** A whole memory as it stands in a record: docs/format.md, "Whole memories". */
import { type Bytes, concat, isZero, view } from "./bytes.js";

const BLOCK = 256;
const MAX_SIZE = 1n << 32n;

interface Run {
  address: number;
  bytes: Bytes;
}

/** The runs of a stored memory; `fail` is called with the rule that the bytes break. */
export function runsOf(stored: Bytes, size: bigint, fail: (reason: string) => never): Run[] {
  if (size > MAX_SIZE) fail(`a memory of ${size} bytes, at most ${MAX_SIZE} can be`);
  if (stored.length < 8) fail("cut short in the number of runs");
  const fields = view(stored);
  const count = fields.getBigUint64(0, true);
  if (8n + 16n * count > stored.length)
    fail(`${count} runs do not fit into ${stored.length} bytes`);
  const runs: Run[] = [];
  let [at, free] = [8 + 16 * Number(count), 0n];
  for (let i = 0; i < Number(count); i++) {
    const address = fields.getBigUint64(8 + 16 * i, true);
    const length = fields.getBigUint64(16 + 16 * i, true);
    const end = address + length;
    if (address < free || address % 256n || !length || end > size) fail(`run ${i} is out of place`);
    if (end % 256n && end !== size) fail(`run ${i} does not end with a block`);
    if (BigInt(at) + length > stored.length) fail(`run ${i} is cut short`);
    const bytes = stored.subarray(at, at + Number(length));
    for (let block = 0; block < bytes.length; block += BLOCK)
      if (isZero(bytes.subarray(block, block + BLOCK))) fail(`run ${i} has a block of zeros`);
    runs.push({ address: Number(address), bytes });
    at += bytes.length;
    free = end + 256n; // two runs with nothing between them would be one
  }
  if (at !== stored.length) fail(`its runs end at ${at}, ${stored.length} bytes are there`);
  return runs;
}

/** The runs of blocks that are not all zeros: equal memories give equal bytes. */
export function imageOf(memory: Bytes): Bytes {
  const runs: { start: number; end: number }[] = [];
  for (let start = 0; start < memory.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, memory.length);
    if (isZero(memory.subarray(start, end))) continue;
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
  }
  const table = new Uint8Array(8 + 16 * runs.length);
  const fields = view(table);
  fields.setBigUint64(0, BigInt(runs.length), true);
  runs.forEach(({ start, end }, i) => {
    fields.setBigUint64(8 + 16 * i, BigInt(start), true);
    fields.setBigUint64(16 + 16 * i, BigInt(end - start), true);
  });
  return concat(table, ...runs.map(({ start, end }) => memory.subarray(start, end)));
}
