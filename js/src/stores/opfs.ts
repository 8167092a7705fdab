import type { Bytes } from "../bytes.js";
import { fail, reasonOf, WasmstateError } from "../errors.js";
import type { Store } from "../store.js";
import { type Slot, Slots } from "./slots.js";

interface SyncHandle {
  getSize(): number;
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/**
 * A module in the origin private file system, in two slots. In a dedicated Worker only: nothing else has
 * synchronous access. The browser lets one Worker hold the files at a time.
 */
export class OpfsStore implements Store {
  private constructor(
    readonly name: string,
    private readonly handles: SyncHandle[],
    private readonly slots: Slots,
  ) {}

  /**
   * @param name of the model, a file name.
   * @param initial the bytes of the module, for the first time.
   * @param options `timeout`: seconds to wait for another Worker that holds the files, 5 if it is not given;
   *   one that was ended holds them for a moment.
   */
  static async open(
    name: string,
    initial?: Bytes,
    options: { timeout?: number } = {},
  ): Promise<OpfsStore> {
    const until = Date.now() + 1000 * (options.timeout ?? 5);
    const handles: SyncHandle[] = [];
    try {
      const folder = await navigator.storage.getDirectory();
      for (const slot of ["a", "b"]) {
        const file = await folder.getFileHandle(`${name}.${slot}`, { create: true });
        if (!("createSyncAccessHandle" in file)) fail("not-committed", "only a Worker may open it");
        const open = file.createSyncAccessHandle as () => Promise<SyncHandle>;
        handles.push(await whenFree(() => open.call(file), until));
      }
      const [a, b] = handles.map(slotOf);
      const slots = new Slots(a!, b!);
      if (!slots.read()) slots.write(initial ?? fail("state", "the store is empty: give a module"));
      return new OpfsStore(name, handles, slots);
    } catch (error) {
      for (const handle of handles) handle.close();
      if (error instanceof WasmstateError) throw error;
      return fail("not-committed", `${name}: cannot be opened: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  async read(): Promise<Bytes> {
    return this.slots.read() ?? fail("state", `${this.name}: neither slot is whole`);
  }

  async replace(make: (current: Bytes) => Promise<Bytes>): Promise<void> {
    const bytes = await make(await this.read());
    try {
      this.slots.write(bytes);
    } catch (error) {
      fail("not-committed", `${this.name}: not committed: ${reasonOf(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    for (const handle of this.handles) handle.close();
  }
}

/** What `open` gives as soon as nobody else holds the file. */
async function whenFree<T>(open: () => Promise<T>, until: number): Promise<T> {
  for (;;)
    try {
      return await open();
    } catch (error) {
      const isHeld = error instanceof DOMException && error.name === "NoModificationAllowedError";
      if (!isHeld || Date.now() >= until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

function slotOf(handle: SyncHandle): Slot {
  return {
    read() {
      const bytes = new Uint8Array(handle.getSize());
      return bytes.subarray(0, handle.read(bytes, { at: 0 }));
    },
    write(bytes) {
      for (let at = 0; at < bytes.length; ) at += handle.write(bytes.subarray(at), { at });
      handle.truncate(bytes.length);
      handle.flush();
    },
  };
}
