import type { Bytes } from "../bytes.js";
import type { Store } from "../store.js";

/** A module that lives as long as the program. */
export class MemoryStore implements Store {
  readonly name = "memory";

  constructor(public bytes: Bytes) {}

  async read(): Promise<Bytes> {
    return this.bytes;
  }

  async replace(make: (current: Bytes) => Promise<Bytes>): Promise<void> {
    this.bytes = await make(this.bytes);
  }

  async close(): Promise<void> {}
}
