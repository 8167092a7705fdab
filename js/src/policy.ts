/** When a changed S is committed: docs/running.md, "When S is written". */
import { fail } from "./errors.js";

/** `every-change`, `every:100` (changes), `every:0.5s`, `on-close` or `manual`. */
export type Persist = "every-change" | "on-close" | "manual" | `every:${string}`;

/** With `every:N`, at most this multiple of N calls of `update` waits to be committed. */
const MOST_WAITING = 20;

/** Calls a commit when the policy says so. */
export class Policy {
  readonly atClose: boolean;
  readonly #changes: number;
  readonly #seconds: number;
  readonly #commit: () => Promise<unknown>;
  #due: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #error: unknown;

  constructor(persist: string, commit: () => Promise<unknown>) {
    const [, changes, seconds] =
      /^every:(?:(\d{1,18})|(\d{1,9}(?:\.\d{1,9})?)s)$/.exec(persist) ?? [];
    this.#changes = persist === "every-change" ? 1 : Number(changes ?? 0);
    this.#seconds = Number(seconds ?? 0);
    this.atClose = persist !== "manual";
    if (!this.#changes && !this.#seconds && persist !== "on-close" && this.atClose)
      fail(
        "call",
        `persist must be every-change, every:N, every:Ts, on-close or manual: ${persist}`,
      );
    this.#due = this.#changes;
    this.#commit = commit;
  }

  /** Notes changes of S; gives the commit that the call has to wait for. */
  changed(changes: number, uncommitted: number): Promise<unknown> | undefined {
    if (this.#changes === 1) return this.#commit();
    if (this.#seconds) this.#timer ??= setTimeout(() => this.background(), this.#seconds * 1000);
    if (!this.#changes) return undefined;
    this.#due -= changes;
    if (this.#due > 0) return undefined;
    this.#due = this.#changes;
    this.background();
    return uncommitted > MOST_WAITING * this.#changes ? this.#commit() : undefined;
  }

  /** Commits while calls go on; an error is thrown by the next call that may fail. */
  background(): void {
    this.stop();
    this.#commit().catch((error) => {
      this.#error ??= error;
    });
  }

  /** Throws the error of a commit in the background, once. */
  tell(): void {
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error;
  }

  /** Forgets an error: a later commit has made it good. */
  forget(): void {
    this.#error = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
