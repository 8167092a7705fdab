// A device: it learns, and keeps what it learned in the file of its model. After make js:
//
//     node examples/device.mjs MODEL < CALLS
//
// Each line of CALLS is a call in JSON, such as ["update", 2, 1.0]; what it gives is printed. The first line
// that the schema forbids, or that traps, ends the program, and nothing is committed.
import { createInterface } from "node:readline";
import { open } from "../js/dist/index.js";
import { FileStore } from "../js/dist/node.js";

const model = await open(new FileStore(process.argv[2]), { persist: "on-close" });
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line);
  console.log(await model.call(name, ...args));
}
await model.close();
console.error(`generation ${model.generation}`);
