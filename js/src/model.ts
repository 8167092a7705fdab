/** A model: a module that learns, an instance of it, and the store that keeps its state. */
import type { Argument } from "./arguments.js";
import { equal, hex } from "./bytes.js";
import { check, type Finding } from "./check.js";
import type { Value } from "./dtypes.js";
import { Entries } from "./entries.js";
import { fail, reasonOf, WasmstateError } from "./errors.js";
import { entriesOf, withNext } from "./history.js";
import { type Contents, contentsOf, Live, storedOf } from "./instance.js";
import type { Json } from "./json.js";
import { type Loaded, load } from "./loaded.js";
import { exportsOf, moduleDigest, sectionsOf, stateSection } from "./module.js";
import { type Persist, Policy } from "./policy.js";
import { nextRecord, readRecord, type StateRecord, sizeOf, type Values } from "./record.js";
import type { Signature } from "./schema.js";
import type { Store } from "./store.js";

export interface Options {
  /** When a changed S is committed; `every-change` if it is not given. */
  persist?: Persist;
  /** How many older generations the file keeps from now on, 0 to 64. */
  keep?: number;
  /** Bytes that S may take in memory; 1 GiB if it is not given. Few bytes of a file may claim 4 GiB. */
  memory?: number;
  /** What the module imports; nothing is granted that does not stand here. */
  imports?: WebAssembly.Imports;
}

export interface TensorValues {
  dtype: string;
  shape: number[];
  /** Row after row; `bigint` of i64 and u64. */
  values: Value[];
}

/** S as values, which later calls do not change. */
export interface State {
  /** The generation that it was made from. */
  generation: bigint;
  updates: bigint;
  tensors: { [name: string]: TensorValues };
}

export interface Generation {
  section: string;
  /** None of a record that is damaged. */
  generation?: bigint;
  updates?: bigint;
  /** The state digest, in hexadecimal. */
  digest?: string;
  fault?: string;
}

/** Loads a module with its state from a store, and makes an instance of it. */
export async function open(store: Store, options: Options = {}): Promise<Model> {
  const loaded = await load(await store.read());
  const module = await WebAssembly.compile(loaded.bytes).catch((error) =>
    fail("malformed", `no engine loads the module: ${reasonOf(error)}`, { cause: error }),
  );
  return new Model(store, loaded, module, options);
}

export class Model {
  readonly #store: Store;
  readonly #module: WebAssembly.Module;
  readonly #imports: WebAssembly.Imports;
  readonly #memory: number;
  readonly #keep: number | undefined;
  readonly #policy: Policy;
  #loaded: Loaded;
  #live: Live;
  #entries: Entries;
  /** The S that the store has, its version, and the updates since then. */
  #committed: { contents: Contents; version: number };
  #updates = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #next: Promise<bigint> | undefined;
  #isClosed = false;

  /** Use {@link open}. */
  constructor(store: Store, loaded: Loaded, module: WebAssembly.Module, options: Options) {
    const { keep, persist = "every-change", imports = {}, memory = 2 ** 30 } = options;
    if (keep !== undefined && !(Number.isInteger(keep) && keep >= 0 && keep <= 64))
      fail("call", `keep must be a whole number between 0 and 64, not ${keep}`);
    this.#store = store;
    this.#module = module;
    this.#imports = imports;
    this.#memory = memory;
    this.#keep = keep;
    this.#policy = new Policy(persist, () => this.commit());
    this.#loaded = loaded;
    [this.#live, this.#entries] = this.#restore(loaded);
    this.#committed = this.#taken();
  }

  /** The generation that is in the store, as far as this model knows. */
  get generation(): bigint {
    return this.#loaded.record.generation;
  }

  /** Whatever else the author of the model keeps in its schema. */
  get metadata(): { [key: string]: Json } {
    return this.#loaded.schema.metadata;
  }

  /** What functions take and give, as far as the schema says. */
  get functions(): { [name: string]: Signature } {
    return Object.fromEntries(this.#loaded.schema.entryPoints);
  }

  /** Whether S differs from the one in the store. */
  get isDirty(): boolean {
    const { contents, version } = this.#committed;
    if (this.#updates > 0) return true;
    return (
      this.#live.version !== version &&
      this.#live.contents.some((each, i) => !equal(each, contents[i]!))
    );
  }

  /** S as it is now. */
  get state(): State {
    const tensors: State["tensors"] = {};
    for (const { name, dtype, shape, region, offset, count } of this.#loaded.schema.tensors) {
      const bytes = this.#live.contents[region]!;
      const fields = new DataView(bytes.buffer, bytes.byteOffset + offset);
      const values = Array.from({ length: count }, (_, i) => dtype.read(fields, i * dtype.size));
      Object.defineProperty(tensors, name, {
        value: { dtype: dtype.name, shape: [...shape], values },
        enumerable: true, // defined, not set: a tensor may be called __proto__
      });
    }
    const { generation, updates } = this.#loaded.record;
    return { generation, updates: updates + BigInt(this.#updates), tensors };
  }

  /**
   * y = f(x; S).
   *
   * A `predict` that changes S, though it should not, is committed as a change, behind the call.
   */
  predict(...args: Argument[]): unknown {
    const before = this.#live.version;
    const result = this.#call("predict", args);
    if (this.#live.version !== before) this.#policy.background();
    return result;
  }

  /** Turns S1 into S2; with `every-change` S2 is in the store when the promise is fulfilled. */
  update(...args: Argument[]): Promise<unknown> {
    return this.#change("update", args);
  }

  /** Calls any exported function; arguments and S are held against the schema. */
  call(name: string, ...args: Argument[]): Promise<unknown> {
    return this.#change(name, args);
  }

  /**
   * Learns from rows, one after the other, and commits once.
   *
   * All rows are checked before the first is learned. If one fails, the error has its `row`; the rows
   * before it are learned.
   *
   * @param columns for each parameter of `update` a list of its values.
   */
  async updateMany(...columns: Argument[]): Promise<void> {
    this.#checkOpen();
    const before = this.#live.version;
    const first = this.#updates;
    let commit: Promise<unknown> | undefined;
    try {
      for (const rows of this.#entries.rows(columns)) this.#updates += rows;
    } finally {
      if (this.#live.version !== before)
        commit = this.#policy.changed(this.#updates - first, this.#updates);
      commit?.catch(() => {}); // awaited below, unless a row failed
    }
    await commit;
    this.#policy.tell();
  }

  /** Commits S, as it is when its turn comes, if it differs from the one in the store. */
  commit(): Promise<bigint> {
    this.#next ??= this.#queue(() => {
      this.#next = undefined; // what changes from here on goes into the next commit
      return this.#write();
    });
    return this.#next;
  }

  /** All generations that the store keeps, the oldest first; the last one is the state that holds. */
  async history(): Promise<Generation[]> {
    const entries = await entriesOf(sectionsOf(await this.#store.read()));
    return entries.map(({ section, record, fault }) =>
      record
        ? {
            section,
            generation: record.generation,
            updates: record.updates,
            digest: hex(record.digest),
          }
        : { section, fault: fault! },
    );
  }

  /**
   * Goes back to an older state. Changes that are not committed are lost.
   *
   * @param generation whose values become a new generation; if not given, S is the one in the store.
   */
  async rollback(generation?: bigint | number): Promise<void> {
    this.#checkOpen();
    await this.#queue(async () => {
      if (generation !== undefined) await this.#commitOlder(BigInt(generation));
      const loaded = await load(await this.#store.read());
      if (!equal(loaded.record.moduleDigest, this.#loaded.record.moduleDigest))
        fail("state", "the store holds another module by now; open it again");
      this.#policy.stop();
      this.#policy.forget();
      this.#loaded = loaded;
      [this.#live, this.#entries] = this.#restore(loaded);
      this.#committed = this.#taken();
      this.#updates = 0;
    });
  }

  /** All that is wrong with what the store holds now. */
  async check(): Promise<Finding[]> {
    return check(await this.#store.read());
  }

  /** Commits what is left, unless `persist` is `manual`, and lets go of the store. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#policy.stop();
    try {
      if (this.#policy.atClose) await this.commit();
      else await this.#tail;
    } finally {
      await this.#store.close();
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) fail("call", "the model is closed");
    if (this.#live.isBusy) fail("call", "the model is busy with another call");
  }

  #taken(): { contents: Contents; version: number } {
    const { contents, version } = this.#live;
    return { contents: contents.map((bytes) => bytes.slice()), version };
  }

  async #change(name: string, args: Argument[]): Promise<unknown> {
    const before = this.#live.version;
    const result = this.#call(name, args);
    if (name === "update") this.#updates++;
    if (this.#live.version !== before) {
      const commit = this.#policy.changed(1, this.#updates);
      if (commit) await commit;
    }
    this.#policy.tell();
    return result;
  }

  #call(name: string, args: Argument[]): unknown {
    this.#checkOpen();
    return this.#entries.named(name, this.#entries.call(name, args));
  }

  #restore({ sections, record, schema }: Loaded): [Live, Entries] {
    const start = () => {
      try {
        const instance = new WebAssembly.Instance(this.#module, this.#imports);
        (instance.exports._initialize as (() => void) | undefined)?.();
        return instance;
      } catch (error) {
        const needed = WebAssembly.Module.imports(this.#module).map((i) => `${i.module}.${i.name}`);
        const imports = needed.length ? `; it imports ${needed.join(", ")}` : "";
        const reason = `the module cannot be instantiated: ${reasonOf(error)}${imports}`;
        return fail("link", reason, { cause: error });
      }
    };
    const size = record.regions.reduce((sum, each) => sum + sizeOf(each), 0);
    if (size > this.#memory)
      fail("link", `S takes ${size} bytes of memory, and the limit is ${this.#memory}`);
    const contents = contentsOf(record);
    const live = new Live(start, exportsOf(sections), record.regions, schema, contents);
    live.instance; // what does not fit is said now
    return [live, new Entries(live, schema)];
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {});
    return done;
  }

  async #write(): Promise<bigint> {
    if (!this.isDirty) return this.generation;
    const taken = this.#taken();
    const updates = this.#updates;
    const { record } = this.#loaded;
    const [regions, stored] = storedOf(record.regions, taken.contents);
    const total = record.updates + BigInt(updates);
    await this.#replace({ regions, stored, schema: record.schema, updates: total }, () => {
      this.#committed = taken;
      this.#updates -= updates;
    });
    this.#policy.forget();
    return this.generation;
  }

  async #commitOlder(generation: bigint): Promise<void> {
    const now = this.#loaded.record;
    const entries = await entriesOf(sectionsOf(await this.#store.read()));
    const older = entries.find((each) => each.record?.generation === generation)?.record;
    if (!older) return fail("state", `generation ${generation} is not in the file, or damaged`);
    if (generation === now.generation)
      fail("state", `generation ${generation} is the one that the file is at`);
    const baseOf = (each: StateRecord) => (each.generation ? each.baseDigest : each.digest);
    const isRelated =
      equal(older.moduleDigest, now.moduleDigest) && equal(baseOf(older), baseOf(now));
    if (!isRelated) fail("state", `generation ${generation} has another origin or other code`);
    const { regions, schema, updates } = older;
    const stored = regions.map((each) =>
      older.payload.subarray(each.start, each.start + each.length),
    );
    await this.#replace({ regions, stored, schema, updates }, () => {});
  }

  /** Writes the next generation; `settle` is called as soon as the store has it. */
  async #replace(values: Values, settle: () => void): Promise<void> {
    let written: Loaded | undefined;
    const settleAll = () => {
      this.#loaded = written!;
      settle();
    };
    try {
      await this.#store.replace(async (current) => {
        const parent = equal(current, this.#loaded.bytes)
          ? this.#loaded
          : { ...this.#loaded, ...(await this.#read(current)) };
        if (parent.record.isReadOnly)
          fail("state", "a newer version of the format is needed to write");
        const keep = this.#keep ?? parent.record.keep;
        const record = await nextRecord(parent.record, values, keep);
        const bytes = withNext(parent.sections, record.content, keep);
        written = { bytes, sections: sectionsOf(bytes), record, schema: this.#loaded.schema };
        return bytes;
      });
    } catch (error) {
      if (error instanceof WasmstateError && error.code === "durability-unknown") settleAll();
      throw error;
    }
    settleAll();
  }

  /** What another program has written: the state has to be the one that S was made from. */
  async #read(bytes: Loaded["bytes"]): Promise<Pick<Loaded, "bytes" | "sections" | "record">> {
    const sections = sectionsOf(bytes);
    const record = await readRecord(stateSection(sections).content);
    const ours = this.#loaded.record;
    const { name } = this.#store;
    if (!equal(record.moduleDigest, ours.moduleDigest))
      fail("conflict", `${name}: not committed, it holds the state of another module`);
    if (record.generation !== ours.generation || !equal(record.digest, ours.digest))
      fail(
        "conflict",
        `${name}: not committed, it is at generation ${record.generation}, S was made from ` +
          `generation ${ours.generation}: another writer has committed; roll back, or open it again`,
      );
    if (!equal(record.moduleDigest, await moduleDigest(sections)))
      fail("not-committed", `${name}: not committed, its code was changed meanwhile`);
    return { bytes, sections, record };
  }
}
