// The model and its store: the origin private file system is for workers only.
import { OpfsStore, open } from "../dist/index.js";

let model;
let store;

/** Opens the model that this browser keeps, or the one that is given. */
async function openModel(bytes) {
  await model?.close();
  store = await OpfsStore.open("demo", bytes);
  model = await open(store);
}

/** Removes what this browser keeps. */
async function forget() {
  await model?.close();
  model = undefined;
  const folder = await navigator.storage.getDirectory();
  for (const slot of ["a", "b"]) await folder.removeEntry(`demo.${slot}`).catch(() => {});
}

const actions = {
  open: () => openModel(),
  async replace({ bytes }) {
    await forget();
    await openModel(bytes);
  },
  call: ({ name, args }) => model.call(name, ...args),
  save: () => store.read(),
  forget,
};

function view() {
  if (!model) return undefined;
  const { generation, updates, tensors } = model.state;
  const functions = Object.entries(model.functions).map(([name, { params }]) => ({
    name,
    params: params.map(({ name, type }) => ({ name, type })),
  }));
  return { generation: model.generation ?? generation, updates, tensors, functions };
}

addEventListener("message", async ({ data }) => {
  try {
    const value = await actions[data.do](data);
    postMessage({ did: data.do, value, view: view() });
  } catch (error) {
    postMessage({ did: data.do, error: error.message, code: error.code, view: view() });
  }
});
