/** A model in a Worker, so that a call which does not return can be ended. */
import type { Argument } from "./arguments.js";
import type { Finding } from "./check.js";
import { type Code, type Details, fail, reasonOf, WasmstateError } from "./errors.js";
import type { Generation, Model, State } from "./model.js";

/** The page's end of a Worker: that of a browser, or of `node:worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): unknown;
  addEventListener?(type: string, listener: (event: never) => void): void;
  on?(type: string, listener: (value: never) => void): unknown;
}

/** The Worker's end: its global scope, or the `parentPort` of Node. */
export interface PortLike {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: Asked }) => void): void;
}

export interface RemoteOptions {
  /** The time that a call has, its commit not counted; 10 if it is not given. */
  seconds?: number;
  /** The time to open the model, compilation included; 60 if it is not given. */
  openSeconds?: number;
}

type Method =
  | "predict"
  | "update"
  | "updateMany"
  | "call"
  | "commit"
  | "history"
  | "rollback"
  | "check"
  | "close";

interface Asked {
  method: Method | "state" | "generation";
  args: unknown[];
}

/** What the Worker says: that it is open, that a call has returned, what came of it. */
type Said =
  | { said: "open" | "returned" }
  | { said: "result"; value: unknown }
  | { said: "error"; code: Code; message: string; details: Details };

/**
 * Opens a model in this Worker, and answers a {@link RemoteModel}.
 *
 * @param open makes the model, with a store of its own.
 * @param port the `parentPort` in Node; in a browser nothing.
 */
export async function serve(
  open: () => Promise<Model>,
  port: PortLike = globalThis as unknown as PortLike,
): Promise<void> {
  const say = (said: Said) => port.postMessage(said);
  let model: Model;
  try {
    model = await open();
  } catch (error) {
    return say(saidOf(error));
  }
  port.addEventListener("message", async ({ data: { method, args } }) => {
    try {
      const done: unknown =
        method === "state" || method === "generation"
          ? model[method]
          : (model[method] as (...args: unknown[]) => unknown)(...args);
      say({ said: "returned" }); // the commit, if there is one, is under way
      say({ said: "result", value: await done });
    } catch (error) {
      say(saidOf(error));
    }
  });
  say({ said: "open" });
}

/**
 * Starts a Worker whose script calls {@link serve}, and waits until its model is open.
 *
 * @param start makes the Worker; it is called again when a call had to be ended.
 */
export async function openRemote(
  start: () => WorkerLike,
  options: RemoteOptions = {},
): Promise<RemoteModel> {
  const { seconds = 10, openSeconds = 60 } = options;
  for (const each of [seconds, openSeconds])
    if (!(each > 0)) fail("call", `a time limit must be more than 0 seconds, not ${each}`);
  const model = new RemoteModel(start, seconds, openSeconds);
  await model.ready();
  return model;
}

/**
 * A model in a Worker. Its calls follow one another, each when the one before is in the store.
 *
 * A call that takes too long is ended with its Worker; the next one opens the model again. S is then
 * what the store holds: with `persist: "every-change"` what it was before that call.
 */
export class RemoteModel {
  readonly #start: () => WorkerLike;
  readonly #seconds: number;
  readonly #openSeconds: number;
  #worker: WorkerLike | undefined;
  #hear: (said: Said) => void = () => {};
  #tail: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Use {@link openRemote}. */
  constructor(start: () => WorkerLike, seconds: number, openSeconds: number) {
    this.#start = start;
    this.#seconds = seconds;
    this.#openSeconds = openSeconds;
  }

  /** Fulfilled when the model is open. */
  ready(): Promise<void> {
    return this.#queue(() => this.#opened());
  }

  predict(...args: Argument[]): Promise<unknown> {
    return this.#ask("predict", args);
  }

  update(...args: Argument[]): Promise<unknown> {
    return this.#ask("update", args);
  }

  async updateMany(...columns: Argument[]): Promise<void> {
    await this.#ask("updateMany", columns);
  }

  call(name: string, ...args: Argument[]): Promise<unknown> {
    return this.#ask("call", [name, ...args]);
  }

  state(): Promise<State> {
    return this.#ask("state", []) as Promise<State>;
  }

  generation(): Promise<bigint> {
    return this.#ask("generation", []) as Promise<bigint>;
  }

  commit(): Promise<bigint> {
    return this.#ask("commit", []) as Promise<bigint>;
  }

  history(): Promise<Generation[]> {
    return this.#ask("history", []) as Promise<Generation[]>;
  }

  async rollback(generation?: bigint | number): Promise<void> {
    await this.#ask("rollback", generation === undefined ? [] : [generation]);
  }

  check(): Promise<Finding[]> {
    return this.#ask("check", []) as Promise<Finding[]>;
  }

  /** Commits what is left, as the model in the Worker does, and ends the Worker. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#ask("close", []);
    } finally {
      this.#isClosed = true;
      this.#end();
    }
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {});
    return done;
  }

  #ask(method: Asked["method"], args: unknown[]): Promise<unknown> {
    return this.#queue(async () => {
      if (this.#isClosed) fail("call", "the model is closed");
      await this.#opened();
      const limit = `the call took longer than ${this.#seconds} s and was ended; S is what the store holds`;
      return this.#answer(this.#seconds, limit, () => this.#worker!.postMessage({ method, args }));
    });
  }

  async #opened(): Promise<void> {
    if (this.#worker) return;
    const limit = `opening took longer than ${this.#openSeconds} s and was ended`;
    try {
      await this.#answer(this.#openSeconds, limit, () => {
        this.#worker = this.#started();
      });
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** What the Worker answers to `ask`; it is ended if it does not return in time. */
  #answer(seconds: number, limit: string, ask: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end();
        reject(new WasmstateError("deadline", limit));
      }, seconds * 1000);
      this.#hear = (said) => {
        clearTimeout(timer);
        if (said.said === "result") resolve(said.value);
        else if (said.said === "open") resolve(undefined);
        else if (said.said === "error")
          reject(new WasmstateError(said.code, said.message, said.details));
      };
      ask();
    });
  }

  #started(): WorkerLike {
    const worker = this.#start();
    const hear = (said: Said) => {
      if (worker === this.#worker) this.#hear(said);
    };
    const broken = (error: unknown) => {
      if (worker === this.#worker) this.#end();
      this.#hear(saidOf(new WasmstateError("link", `the Worker ended: ${reasonOf(error)}`)));
    };
    if (worker.addEventListener) {
      worker.addEventListener("message", ({ data }: { data: Said }) => hear(data));
      worker.addEventListener("error", ({ message }: { message?: string }) => broken(message));
    } else {
      worker.on?.("message", hear);
      worker.on?.("error", broken);
    }
    return worker;
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function saidOf(error: unknown): Said {
  if (!(error instanceof WasmstateError))
    return { said: "error", code: "call", message: reasonOf(error), details: {} };
  const { code, message, part, offset, row } = error;
  const given = Object.entries({ part, offset, row }).filter(([, value]) => value !== undefined);
  return { said: "error", code, message, details: Object.fromEntries(given) };
}
