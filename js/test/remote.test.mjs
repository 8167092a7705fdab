import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Worker } from "node:worker_threads";
import { openRemote } from "../dist/remote.js";
import { failsWith } from "./support.mjs";

// update(1) never returns, update(2) traps, any other adds one to n.
const STUBBORN = new URL("../../fixtures/vectors/modules/endless.wasm", import.meta.url);
const SCRIPT = new URL("remote-worker.mjs", import.meta.url);
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasmstate-"));
});
after(() => rm(folder, { recursive: true }));

async function remote(name, { persist = "every-change", seconds = 0.5, ...data } = {}) {
  const path = join(folder, name);
  await copyFile(STUBBORN, path);
  const workerData = { path, persist, ...data };
  return openRemote(() => new Worker(SCRIPT, { workerData }), { seconds });
}

test("a call that does not return is ended, and the next one finds S as it was before it", async () => {
  const model = await remote("endless.wasm");
  await model.update(0);
  const [endless, behind] = [model.update(1), model.update(0)];
  await assert.rejects(endless, failsWith("deadline", /took longer than 0\.5 s and was ended/));
  await behind;
  assert.equal(await model.predict(), 2n);
  assert.equal(await model.generation(), 2n);
  await model.close();
});

test("what the store does not hold is lost with a call that is ended", async () => {
  const model = await remote("manual.wasm", { persist: "manual" });
  await model.update(0);
  await model.commit();
  await model.update(0);
  await assert.rejects(model.update(1), failsWith("deadline"));
  assert.equal(await model.predict(), 1n);
  await model.close();
});

test("errors come through with their code and their place", async () => {
  const model = await remote("errors.wasm");
  await assert.rejects(model.update(2), failsWith("trap", /unreachable/));
  await assert.rejects(model.update("many"), failsWith("argument"));
  await assert.rejects(model.call("nothing"), failsWith("call", /exports no function nothing/));
  await assert.rejects(model.updateMany([0, 2, 0]), { row: 1, code: "trap" });
  assert.equal(await model.predict(), 1n);
  assert.deepEqual(await model.check(), []);
  await model.close();
  await assert.rejects(model.predict(), failsWith("call", /closed/));
});

test("a model that cannot be opened, and a script that fails, are errors", async () => {
  const missing = () =>
    new Worker(SCRIPT, { workerData: { path: join(folder, "none.wasm"), persist: "manual" } });
  await assert.rejects(openRemote(missing), { name: "WasmstateError" });
  const failing = () => new Worker(SCRIPT, { workerData: { throws: true } });
  await assert.rejects(openRemote(failing), failsWith("link", /the Worker ended: no such script/));
  await assert.rejects(openRemote(failing, { seconds: 0 }), failsWith("call", /more than 0/));
});
