import type { Bytes } from "./bytes.js";

/** Where a module with its state is kept. */
export interface Store {
  /** How messages call it. */
  readonly name: string;
  /** All bytes of the module. */
  read(): Promise<Bytes>;
  /**
   * Gives the module other bytes, as a whole and durably, while every other writer waits or fails.
   *
   * @param make gets the bytes that are there; what it throws leaves them.
   */
  replace(make: (current: Bytes) => Promise<Bytes>): Promise<void>;
  close(): Promise<void>;
}
