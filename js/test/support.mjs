import { readFile } from "node:fs/promises";
import { MemoryStore } from "../dist/index.js";

const FIXTURES = new URL("../../fixtures/", import.meta.url);

/** The bytes of a fixture. */
export const fixture = async (name) =>
  new Uint8Array(await readFile(new URL(`${name}.wasm`, FIXTURES)));

export const stored = async (name) => new MemoryStore(await fixture(name));

/** What an assertion takes for an error of this package. */
export const failsWith = (code, message = /./) => ({ name: "WasmstateError", code, message });
