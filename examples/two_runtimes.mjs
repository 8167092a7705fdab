// The device: a stock runtime that knows nothing of wasmstate.
//
//     node two_runtimes.mjs MODEL ROWS
//
// A baked file starts from its state. Each row is x and y; prints the state in hexadecimal.
import { readFileSync } from "node:fs";

const [path, rows] = process.argv.slice(2);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)));
const at = (name) => exports[name].value;
for (const row of JSON.parse(rows)) {
  new Float64Array(exports.memory.buffer, at("x"), row.length - 1).set(row.slice(0, -1));
  exports.update(at("x"), row[row.length - 1]);
}
const said = {};
for (const [name, bytes] of [["count", 8], ["weights", 16], ["bias", 8]])
  said[name] = Buffer.from(exports.memory.buffer, at(name), bytes).toString("hex");
console.log(JSON.stringify(said));
