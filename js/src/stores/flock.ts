/**
 * The writers' lock of a file, the one that Python takes: flock(2), which Node has no call for.
 *
 * A lock belongs to the open file, not to the process that asked for it. So the program `flock` inherits
 * the descriptor, takes the lock and ends; the lock is held until the descriptor is closed here, and ends
 * with this process, however it ends. docs/decisions/0017 has the choices.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { fail } from "../errors.js";

/** Opens a file and takes its lock; whoever closes it lets go of the lock. */
export async function openLocked(path: string, timeout: number): Promise<number> {
  for (;;) {
    const file = fs.openSync(path, "r");
    try {
      await take(file, path, timeout);
      // Each commit puts another file in place: the lock of a file that is gone guards nothing.
      if (isSame(file, path)) return file;
    } catch (error) {
      fs.closeSync(file);
      throw error;
    }
    fs.closeSync(file);
  }
}

/** Whether a path leads to an open file; the lock binds writers that ask for it, and `mv` does not. */
export function isSame(file: number, path: string): boolean {
  const [ours, theirs] = [
    fs.fstatSync(file, { bigint: true }),
    fs.statSync(path, { bigint: true }),
  ];
  return ours.ino === theirs.ino && ours.dev === theirs.dev;
}

async function take(file: number, path: string, timeout: number): Promise<void> {
  const limit = Number.isFinite(timeout) ? ["-w", String(timeout)] : [];
  const program = spawn("flock", ["-x", ...limit, "3"], {
    stdio: ["ignore", "ignore", "pipe", file],
  });
  let said = "";
  program.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const status = await new Promise<number | null>((resolve) => {
    program.on("error", () => resolve(-1));
    program.on("close", resolve);
  });
  if (status === 0) return;
  const reason =
    status === -1
      ? "there is no program flock (of util-linux), which keeps writers apart: install it, or give " +
        '{ lock: "none" } if no other program writes the file'
      : status === 1 && limit.length
        ? `another writer had the lock for ${timeout} s`
        : `its lock cannot be taken: ${said.trim() || `flock ended with ${status}`}`;
  fail("not-committed", `${path}: not committed, ${reason}`);
}
