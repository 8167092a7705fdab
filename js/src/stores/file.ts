/** A module in a file, replaced so that a crash leaves the old one or the new one: docs/reliability.md. */
import { type FileHandle, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Bytes } from "../bytes.js";
import { fail, reasonOf, WasmstateError } from "../errors.js";
import type { Store } from "../store.js";
import { openLocked } from "./flock.js";
import { sweep, temporaryName } from "./temporary.js";

export interface FileOptions {
  /** `none` where no other program writes the file, and the system has no program `flock`. */
  lock?: "flock" | "none";
  /** Seconds to wait for another writer; without end if it is not given. */
  timeout?: number;
}

export class FileStore implements Store {
  readonly #options: FileOptions;

  constructor(
    readonly name: string,
    options: FileOptions = {},
  ) {
    this.#options = options;
  }

  async read(): Promise<Bytes> {
    return new Uint8Array(await readFile(this.name));
  }

  async replace(make: (current: Bytes) => Promise<Bytes>): Promise<void> {
    let old: FileHandle | undefined;
    try {
      const path = await realpath(this.name); // a link stays a link
      const { lock = "flock", timeout = Number.POSITIVE_INFINITY } = this.#options;
      old = lock === "flock" ? await openLocked(path, timeout) : await open(path, "r");
      await sweep(path);
      const { nlink } = await old.stat();
      if (nlink > 1) fail("not-committed", `${path}: not committed, it has ${nlink} names (links)`);
      await replaceFile(path, old, await make(new Uint8Array(await old.readFile())));
    } catch (error) {
      if (error instanceof WasmstateError) throw error;
      const reason = `${this.name}: not committed: ${reasonOf(error)}`;
      fail("not-committed", reason, { cause: error });
    } finally {
      await old?.close();
    }
  }

  async close(): Promise<void> {}
}

async function replaceFile(path: string, old: FileHandle, bytes: Bytes): Promise<void> {
  const temporary = temporaryName(path);
  const file = await open(temporary, "wx", 0o600);
  try {
    try {
      await file.writeFile(bytes);
      const { mode, uid, gid } = await old.stat();
      const now = await file.stat();
      if (now.uid !== uid || now.gid !== gid) await file.chown(uid, gid).catch(() => {});
      await file.chmod(mode & 0o7777);
      await file.sync(); // never tried again: the kernel may have dropped the pages
    } finally {
      await file.close();
    }
    await checkInPlace(path, old);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  try {
    const folder = await open(dirname(path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    const reason = `committed, but syncing the folder failed (${reasonOf(error)})`;
    fail("durability-unknown", `${path}: ${reason}`, { cause: error });
  }
}

/** The lock binds writers that ask for it; `mv` does not. */
async function checkInPlace(path: string, old: FileHandle): Promise<void> {
  const there = await open(path, "r");
  try {
    const [ours, theirs] = [await old.stat({ bigint: true }), await there.stat({ bigint: true })];
    if (ours.ino !== theirs.ino || ours.dev !== theirs.dev)
      fail("conflict", `${path}: not committed, another file was put in its place, which stays`);
  } finally {
    await there.close();
  }
}
