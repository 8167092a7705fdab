import assert from "node:assert/strict";
import { test } from "node:test";
import { check, MemoryStore, open } from "../dist/index.js";
import { failsWith, fixture, stored } from "./support.mjs";

test("what was learned is there when the model is opened again", async () => {
  const store = await stored("welford");
  const model = await open(store);
  await model.update(3);
  await model.update(5);
  assert.equal(model.predict(), 4);
  await model.close();
  const again = await open(store);
  assert.equal(again.predict(), 4);
  assert.equal(again.state.updates, 2n);
  assert.equal(again.generation, 2n);
});

test("a commit keeps the generation before, and rolling back to it is a new one", async () => {
  const model = await open(await stored("welford"), { keep: 3 });
  await model.update(3);
  await model.update(5);
  assert.deepEqual(
    (await model.history()).map((each) => [each.section, each.generation, each.updates]),
    [
      ["wasmstate.prev", 0n, 0n],
      ["wasmstate.prev", 1n, 1n],
      ["wasmstate.state", 2n, 2n],
    ],
  );
  await model.rollback(1);
  assert.equal(model.generation, 3n);
  assert.equal(model.predict(), 3);
  assert.equal(model.state.updates, 1n);
  await assert.rejects(model.rollback(9), failsWith("state", /generation 9 is not in the file/));
  await assert.rejects(model.rollback(3), failsWith("state", /is the one that the file is at/));
});

test("without a generation, rolling back drops what is not committed", async () => {
  const model = await open(await stored("welford"), { persist: "manual" });
  await model.update(3);
  assert.ok(model.isDirty);
  await model.rollback();
  assert.ok(!model.isDirty);
  assert.equal(model.state.updates, 0n);
});

test("two models on one store: the second to commit gets a conflict and keeps its S", async () => {
  const store = await stored("welford");
  const first = await open(store);
  const second = await open(store);
  await first.update(3);
  await assert.rejects(second.update(9), failsWith("conflict", /generation 1, S was made from/));
  assert.equal(second.predict(), 9);
  await second.rollback();
  assert.equal(second.predict(), 3);
});

test("updates that are made together are one commit", async () => {
  const store = await stored("welford");
  const model = await open(store);
  await Promise.all([1, 2, 3, 4, 5].map((each) => model.update(each)));
  assert.equal(model.state.updates, 5n);
  assert.equal(model.generation, 1n);
  assert.ok(!model.isDirty);
});

test("every:3 commits when three changes have come together, and at the end", async () => {
  const model = await open(await stored("welford"), { persist: "every:3" });
  for (const each of [1, 2, 3, 4]) await model.update(each);
  await model.commit();
  assert.equal(model.generation, 2n);
  await model.update(5);
  await model.close();
  assert.equal(model.generation, 3n);
});

test("every:0.01s commits a moment after the first change", async () => {
  const store = await stored("welford");
  const written = new Promise((resolve) => {
    const { replace } = MemoryStore.prototype;
    store.replace = (make) => replace.call(store, make).then(resolve);
  });
  const model = await open(store, { persist: "every:0.01s" });
  await model.update(1);
  assert.equal(model.generation, 0n);
  await written;
  await model.close();
  assert.equal(model.generation, 1n);
});

test("on-close commits once, manual never", async () => {
  for (const [persist, generation] of [
    ["on-close", 1n],
    ["manual", 0n],
  ]) {
    const store = await stored("welford");
    const model = await open(store, { persist });
    await model.update(1);
    await model.update(2);
    await model.close();
    assert.equal((await open(store)).generation, generation);
  }
});

test("an unknown policy is refused", async () => {
  const store = await stored("welford");
  for (const persist of ["sometimes", "every:", "every:0", "every:0s", "every:-1"])
    await assert.rejects(open(store, { persist }), failsWith("call", /persist must be/));
});

test("a commit in the background that fails is told by the next call, once; S stays", async () => {
  const store = await stored("welford");
  const { replace } = store;
  store.replace = async () => {
    throw new Error("the disk is full");
  };
  const model = await open(store, { persist: "every:2" });
  await model.update(1);
  await model.update(2);
  await assert.rejects(model.commit(), /the disk is full/);
  await assert.rejects(model.update(3), /the disk is full/);
  await model.update(3);
  store.replace = replace;
  await model.close();
  assert.equal((await open(store)).state.updates, 4n);
});

test("a closed model takes no call", async () => {
  const model = await open(await stored("welford"));
  await model.close();
  await model.close();
  assert.throws(() => model.predict(), failsWith("call", /the model is closed/));
  await assert.rejects(model.update(1), failsWith("call"));
});

test("a damaged file is refused with the part, and check says the same", async () => {
  const bytes = await fixture("welford");
  bytes[bytes.length - 40] ^= 1;
  await assert.rejects(open(new MemoryStore(bytes)), { code: "corrupt" });
  const [finding] = await check(bytes);
  assert.match(finding.reason, /^regions\[0\].* at content offset \d+: /);
  assert.deepEqual(await check(await fixture("welford")), []);
});

test("S that claims more memory than the limit is refused before it is expanded", async () => {
  const store = new MemoryStore(await fixture("vectors/modules/whole"));
  await assert.rejects(open(store, { memory: 65_536 }), failsWith("link", /the limit is 65536/));
  assert.equal((await open(store, { memory: 65_540 })).generation, 0n);
});

test("typed arrays are taken as lists are, those of many rows row after row", async () => {
  const learned = async (learn) => {
    const store = new MemoryStore(await fixture("vectors/modules/model-linear"));
    const model = await open(store, { persist: "on-close" });
    await learn(model);
    await model.close();
    return store.bytes;
  };
  const x = [0.5, -1, 2, 1, 0, 0.25];
  const expected = await learned((model) => model.updateMany([x.slice(0, 3), x.slice(3)], [1, 2]));
  const flat = new Float64Array(x);
  assert.deepEqual(await learned((model) => model.updateMany(flat, [1, 2])), expected);
  const one = async (model) => {
    await model.update(flat.subarray(0, 3), 1);
    await model.update(Float32Array.from(x.slice(3)), 2);
  };
  assert.deepEqual(await learned(one), expected);
  await learned(async (model) => {
    await assert.rejects(model.update(flat, 1), failsWith("argument", /3 are needed, 6 given/));
    await assert.rejects(
      model.updateMany(flat.subarray(1), [1, 2]),
      failsWith("argument", /5 values are no whole rows/),
    );
    await assert.rejects(model.updateMany([flat.subarray(0, 3), [1, Number.NaN, 2]], [1, 2]), {
      code: "argument",
      row: 1,
    });
  });
});
