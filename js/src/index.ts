export type { Argument } from "./arguments.js";
export { check, type Finding } from "./check.js";
export type { Value } from "./dtypes.js";
export { type Code, WasmstateError } from "./errors.js";
export type { Json } from "./json.js";
export {
  type Generation,
  Model,
  type Options,
  open,
  type State,
  type TensorValues,
} from "./model.js";
export type { Persist } from "./policy.js";
export type { Param, Signature } from "./schema.js";
export type { Store } from "./store.js";
export { IndexedDbStore } from "./stores/indexeddb.js";
export { MemoryStore } from "./stores/memory.js";
export { OpfsStore } from "./stores/opfs.js";
