import type { Bytes } from "../bytes.js";
import { fail, reasonOf, WasmstateError } from "../errors.js";
import type { Store } from "../store.js";

const TABLE = "modules";

interface Row {
  version: number;
  bytes: Bytes;
}

/** A module in IndexedDB, for pages without a Worker. Several tabs may write: no commit is lost. */
export class IndexedDbStore implements Store {
  private constructor(
    readonly name: string,
    private readonly database: IDBDatabase,
  ) {}

  /**
   * @param name of the model.
   * @param initial the bytes of the module, for the first time.
   */
  static async open(name: string, initial?: Bytes): Promise<IndexedDbStore> {
    const request = indexedDB.open("wasmstate", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    const store = new IndexedDbStore(name, await result(request));
    if (initial) await store.#put({ version: 1, bytes: initial }, undefined);
    return store;
  }

  async read(): Promise<Bytes> {
    return (await this.#row()).bytes;
  }

  async replace(make: (current: Bytes) => Promise<Bytes>): Promise<void> {
    // A transaction ends while a promise of another kind is awaited: so the version is compared.
    for (;;) {
      const { version, bytes } = await this.#row();
      const next = { version: version + 1, bytes: await make(bytes) };
      if (await this.#put(next, version)) return;
    }
  }

  async close(): Promise<void> {
    this.database.close();
  }

  async #row(): Promise<Row> {
    const rows = this.database.transaction(TABLE).objectStore(TABLE);
    const row: Row | undefined = await result(rows.get(this.name));
    return row ?? fail("state", `${this.name}: the store is empty: give a module`);
  }

  #refused(cause: unknown): WasmstateError {
    const reason = `${this.name}: not committed: ${reasonOf(cause)}`;
    return new WasmstateError("not-committed", reason, { cause });
  }

  /** Puts a row if the one there has this version; durable when the promise is fulfilled. */
  #put(row: Row, expected: number | undefined): Promise<boolean> {
    const transaction = this.database.transaction(TABLE, "readwrite", { durability: "strict" });
    const rows = transaction.objectStore(TABLE);
    const found = rows.get(this.name);
    let isPut = false;
    found.onsuccess = () => {
      isPut = (found.result as Row | undefined)?.version === expected;
      if (isPut) rows.put(row, this.name);
    };
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(isPut);
      transaction.onabort = () => reject(this.#refused(transaction.error));
    });
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
