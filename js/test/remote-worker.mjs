// Serves a model whose module is in a file; workerData says which.
import { parentPort, workerData } from "node:worker_threads";
import { open } from "../dist/index.js";
import { FileStore } from "../dist/node.js";
import { serve } from "../dist/remote.js";

if (workerData.throws) throw new Error("no such script");
await serve(
  () => open(new FileStore(workerData.path), { persist: workerData.persist }),
  parentPort,
);
