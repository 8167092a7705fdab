// Figures of the package in Node: make bench-js. A round measures each thing once; medians are printed.
// Calls are counted by processor time, commits by the clock.
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { MemoryStore, open } from "../dist/index.js";
import { load } from "../dist/loaded.js";
import { FileStore } from "../dist/node.js";

const ROUNDS = 9;
const CALLS = 300_000;
const COMMITS = 60;
const row = [0.5, -1, 2, 0.25, 1.5, -0.75];

const bytes = new Uint8Array(await fs.readFile(process.argv[2])); // a linear model of six features
const folder = await fs.mkdtemp(join(tmpdir(), "wasmstate-bench-"));
const path = join(folder, "model.wasm");

/** How many a second: of the processor, of all threads; or where the disk counts, by the clock. */
async function perSecond(count, work) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await work(count);
  const { user, system } = process.cpuUsage(used);
  return count / (count === CALLS ? (user + system) / 1e6 : (performance.now() - start) / 1e3);
}

/** The function of the module itself: nothing is checked, and a trap would leave S half changed. */
async function bare(count) {
  const { instance } = await WebAssembly.instantiate(bytes);
  const { memory, x, update } = instance.exports;
  const { regions, payload } = (await load(bytes)).record;
  for (const { address, start, length } of regions)
    new Uint8Array(memory.buffer).set(payload.subarray(start, start + length), Number(address));
  const input = new Float64Array(memory.buffer, x.value, row.length);
  for (let i = 0; i < count; i++) {
    input.set(row);
    update(x.value, 3);
  }
}

async function checked(count) {
  const model = await open(new MemoryStore(bytes), { persist: "manual" });
  for (let i = 0; i < count; i++) await model.update(row, 3);
}

async function predictions(count) {
  const model = await open(new MemoryStore(bytes), { persist: "manual" });
  for (let i = 0; i < count; i++) model.predict(row);
}

async function rows(count) {
  const model = await open(new MemoryStore(bytes), { persist: "manual" });
  const [x, y] = [Array(1000).fill(row), Array(1000).fill(3)];
  for (let i = 0; i < count; i += 1000) await model.updateMany(x, y);
}

const commits = (options) => async (count) => {
  await fs.writeFile(path, bytes);
  const model = await open(new FileStore(path, options));
  for (let i = 0; i < count; i++) await model.update(row, 3);
};

/** What a commit asks of the disk. */
async function disk(count) {
  const content = Buffer.concat([bytes, bytes]);
  for (let i = 0; i < count; i++) {
    const file = await fs.open(`${path}.new`, "w");
    await file.writeFile(content);
    await file.sync();
    await file.close();
    await fs.rename(`${path}.new`, path);
    const names = await fs.open(folder, "r");
    await names.sync();
    await names.close();
  }
}

const things = [
  ["bare `update`, nothing checked", CALLS, bare],
  ["`await update`, checked", CALLS, checked],
  ["`predict`, checked", CALLS, predictions],
  ["rows of `updateMany`", CALLS, rows],
  ["commits, with the lock", COMMITS, commits({})],
  ['commits, `lock: "none"`', COMMITS, commits({ lock: "none" })],
  ["write, fsync, rename, fsync", COMMITS, disk],
];
const found = things.map(() => []);
for (let round = 0; round < ROUNDS; round++)
  for (const [i, [, count, work]] of things.entries()) found[i].push(await perSecond(count, work));
await fs.rm(folder, { recursive: true });

console.log("| | per second |\n| --- | ---: |");
for (const [i, [name]] of things.entries()) {
  const median = found[i].sort((a, b) => a - b)[ROUNDS >> 1];
  console.log(`| ${name} | ${Math.round(median).toLocaleString("en")} |`);
}
const bundle = await fs.readFile(new URL("../dist/wasmstate.min.js", import.meta.url));
console.log(`\nwasmstate.min.js: ${bundle.length} bytes, gzipped ${gzipSync(bundle, { level: 9 }).length}`);
