/** A module in a file, replaced so that a crash leaves the old one or the new one: docs/reliability.md. */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { Bytes } from "../bytes.js";
import { fail, reasonOf, WasmstateError } from "../errors.js";
import type { Store } from "../store.js";
import { isSame, openLocked } from "./flock.js";
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
    return bytesOf(this.name);
  }

  async replace(make: (current: Bytes) => Promise<Bytes>): Promise<void> {
    let old: number | undefined;
    try {
      const path = fs.realpathSync(this.name); // a link stays a link
      const { lock = "flock", timeout = Number.POSITIVE_INFINITY } = this.#options;
      old = lock === "flock" ? await openLocked(path, timeout) : fs.openSync(path, "r");
      sweep(path);
      const { nlink } = fs.fstatSync(old);
      if (nlink > 1) fail("not-committed", `${path}: not committed, it has ${nlink} names (links)`);
      await replaceFile(path, old, await make(bytesOf(old)));
    } catch (error) {
      if (error instanceof WasmstateError) throw error;
      const reason = `${this.name}: not committed: ${reasonOf(error)}`;
      fail("not-committed", reason, { cause: error });
    } finally {
      if (old !== undefined) fs.closeSync(old);
    }
  }

  async close(): Promise<void> {}
}

const bytesOf = (file: number | string): Bytes => new Uint8Array(fs.readFileSync(file));

/** Only the syncs take long enough to be waited for; each other call of a promise would take longer. */
const sync = promisify(fs.fsync);

async function replaceFile(path: string, old: number, bytes: Bytes): Promise<void> {
  const temporary = temporaryName(path);
  const file = fs.openSync(temporary, "wx", 0o600);
  try {
    try {
      fs.writeFileSync(file, bytes);
      keepMetadata(file, fs.fstatSync(old));
      await sync(file); // never tried again: the kernel may have dropped the pages
    } finally {
      fs.closeSync(file);
    }
    if (!isSame(old, path))
      fail("conflict", `${path}: not committed, another file was put in its place, which stays`);
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  try {
    const folder = fs.openSync(dirname(path), "r");
    try {
      await sync(folder);
    } finally {
      fs.closeSync(folder);
    }
  } catch (error) {
    const reason = `committed, but syncing the folder failed (${reasonOf(error)})`;
    fail("durability-unknown", `${path}: ${reason}`, { cause: error });
  }
}

function keepMetadata(file: number, { mode, uid, gid }: fs.Stats): void {
  const now = fs.fstatSync(file);
  if (now.uid !== uid || now.gid !== gid)
    try {
      fs.fchownSync(file, uid, gid);
    } catch {} // the file of another user, who may not be given one
  fs.fchmodSync(file, mode & 0o7777);
}
