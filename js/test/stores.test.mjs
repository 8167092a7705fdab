import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmod,
  link,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { open } from "../dist/index.js";
import { FileStore } from "../dist/node.js";
import { Slots } from "../dist/stores/slots.js";
import { failsWith, fixture } from "./support.mjs";

let folder;
let path;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasmstate-"));
  path = join(folder, "model.wasm");
  await writeFile(path, await fixture("welford"));
});

afterEach(() => rm(folder, { recursive: true }));

test("a commit keeps the mode of the file, and leaves no other file", async () => {
  await chmod(path, 0o640);
  const model = await open(new FileStore(path));
  await model.update(3);
  await model.close();
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  assert.deepEqual(await readdir(folder), ["model.wasm"]);
});

test("a symbolic link stays one", async () => {
  const other = join(folder, "link.wasm");
  await symlink(path, other);
  const model = await open(new FileStore(other));
  await model.update(3);
  assert.equal((await open(new FileStore(path))).generation, 1n);
});

test("a file with two names is not committed: one of them would lead to the old state", async () => {
  await link(path, join(folder, "other.wasm"));
  const model = await open(new FileStore(path));
  await assert.rejects(model.update(3), failsWith("not-committed", /2 names/));
});

test("what a dead writer left is removed, the leftovers of other files are not", async () => {
  const mine = `.model.wasm.${"0".repeat(16)}.wasmstate-tmp`;
  const others = [
    `.x.wasm.${"0".repeat(16)}.wasmstate-tmp`,
    `.model.wasm.${"g".repeat(16)}.wasmstate-tmp`,
  ];
  for (const name of [mine, ...others]) await writeFile(join(folder, name), "left");
  const model = await open(new FileStore(path));
  await model.update(3);
  assert.deepEqual((await readdir(folder)).sort(), [...others, "model.wasm"].sort());
});

test("a commit waits for the lock of another program, and gives up at its time limit", async () => {
  const holder = spawn("flock", ["-x", path, "sh", "-c", "echo held; read line"]);
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  const hasty = await open(new FileStore(path, { timeout: 0.05 }));
  await assert.rejects(hasty.update(3), failsWith("not-committed", /had the lock for 0.05 s/));
  const patient = await open(new FileStore(path));
  const update = patient.update(4);
  holder.stdin.end("\n");
  await update;
  assert.equal(patient.generation, 1n);
});

test("writers that wait for one another lose no update", async () => {
  const writer = async () => {
    const model = await open(new FileStore(path), { persist: "manual" });
    for (let left = 8; left > 0; ) {
      await model.update(1);
      try {
        await model.commit();
        left--;
      } catch (error) {
        assert.equal(error.code, "conflict");
        await model.rollback();
      }
    }
  };
  await Promise.all([writer(), writer(), writer()]);
  assert.equal((await open(new FileStore(path))).state.updates, 24n);
});

test("a file that was put in the place of the model is not overwritten", async () => {
  const model = await open(new FileStore(path));
  const bytes = await fixture("linear");
  await writeFile(path, bytes);
  await assert.rejects(model.update(3), failsWith("conflict", /the state of another module/));
  assert.deepEqual(new Uint8Array(await readFile(path)), bytes);
});

test("without the program flock the error says what to do", async () => {
  const search = process.env.PATH;
  process.env.PATH = folder;
  try {
    const model = await open(new FileStore(path));
    await assert.rejects(model.update(3), failsWith("not-committed", /lock: "none"/));
    const alone = await open(new FileStore(path, { lock: "none" }));
    await alone.update(3);
    assert.equal(alone.generation, 1n);
  } finally {
    process.env.PATH = search;
  }
});

/** A slot in memory whose next write is cut off after some bytes. */
function tornSlot() {
  const slot = { bytes: new Uint8Array(), cut: Number.POSITIVE_INFINITY };
  slot.read = () => slot.bytes;
  slot.write = (bytes) => {
    const old = slot.bytes;
    slot.bytes = Uint8Array.from(
      { length: Math.max(Math.min(bytes.length, slot.cut), old.length) },
      (_, i) => (i < slot.cut && i < bytes.length ? bytes[i] : old[i]),
    );
    if (slot.cut < bytes.length) throw new Error("the power is gone");
    slot.bytes = slot.bytes.slice(0, bytes.length);
  };
  return slot;
}

test("a write to slots that is cut off anywhere leaves the bytes before it", () => {
  const text = (size, byte) => new Uint8Array(size).fill(byte);
  for (let cut = 0; cut < 72; cut++) {
    const [a, b] = [tornSlot(), tornSlot()];
    const slots = new Slots(a, b);
    assert.equal(slots.read(), undefined);
    for (const [size, byte] of [
      [50, 1],
      [30, 2],
      [40, 3],
    ])
      slots.write(text(size, byte));
    a.cut = b.cut = cut;
    assert.throws(() => slots.write(text(40, 4)), /the power is gone/);
    assert.deepEqual(new Slots(a, b).read(), text(40, 3));
    a.cut = b.cut = Number.POSITIVE_INFINITY;
    slots.write(text(20, 5));
    assert.deepEqual(new Slots(a, b).read(), text(20, 5));
  }
});
