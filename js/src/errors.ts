/** What went wrong; `code` of every {@link WasmstateError}. */
export type Code =
  /** Bytes that the binary format does not allow. */
  | "malformed"
  /** The module carries no state, several, or the state of other code. */
  | "state"
  /** A record whose bytes contradict each other; `part` and `offset` say where. */
  | "corrupt"
  /** A schema that breaks a rule, or does not fit the module. */
  | "schema"
  /** A call left S outside its bounds; S is what it was. */
  | "bounds"
  /** The call was not begun: its arguments do not fit; `row` says where. */
  | "argument"
  /** The call trapped; S is what it was. */
  | "trap"
  /** A call did not return in time, and was ended with its Worker; S is what the store holds. */
  | "deadline"
  /** There is no such function, or the model is closed. */
  | "call"
  /** The module cannot be instantiated. */
  | "link"
  /** Another writer has committed since this state was read. */
  | "conflict"
  /** The store refused; it holds what it held. */
  | "not-committed"
  /** The new state is in place; a power cut may bring the old one back. */
  | "durability-unknown";

export interface Details {
  part?: string;
  offset?: number;
  row?: number;
  cause?: unknown;
}

/** Every error that this package throws. */
export class WasmstateError extends Error {
  override readonly name = "WasmstateError";
  readonly code: Code;
  /** The part of the record: `header.generation`, `regions[2]`. */
  readonly part: string | undefined;
  /** In bytes, from the start of the file (malformed) or of the section's content (corrupt). */
  readonly offset: number | undefined;
  /** The first row, from 0, that failed. */
  readonly row: number | undefined;

  constructor(code: Code, message: string, details: Details = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.part = details.part;
    this.offset = details.offset;
    this.row = details.row;
  }
}

export function fail(code: Code, message: string, details?: Details): never {
  throw new WasmstateError(code, message, details);
}

/** The text of anything that was thrown. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
