// The page: it shows what the worker says, and asks it for calls.
const worker = new Worker("worker.js", { type: "module" });
const find = (selector) => document.querySelector(selector);
const drop = find("#drop");
const answer = find("#answer");
let shown = {};

const ask = (action, details = {}) => worker.postMessage({ do: action, ...details });
const text = (value) =>
  JSON.stringify(value, (_, each) => (typeof each === "bigint" ? Number(each) : each)) ?? "";

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** One form for each function: a number is written as such, an array as [1, 2]. */
function formOf({ name, params }) {
  const inputs = params.map(({ name: param, type }) =>
    element("input", { type: "text", name: param, placeholder: type, required: true, size: 12 }),
  );
  const labels = inputs.map((input) => element("label", {}, input.name, input));
  const form = element("form", { id: `call-${name}` }, ...labels, element("button", {}, name));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      ask("call", { name, args: inputs.map((input) => JSON.parse(input.value)) });
    } catch {
      tell("Write a number, or an array as [1, 2].", true);
    }
  });
  return form;
}

function tell(words, isError = false) {
  answer.textContent = words;
  answer.classList.toggle("error", isError);
}

function show(view) {
  find("main").hidden = !view;
  if (!view) return;
  const { generation, updates, tensors, functions } = view;
  find("#summary").textContent = `Generation ${generation}, ${updates} updates`;
  if (find("#calls").childElementCount !== functions.length)
    find("#calls").replaceChildren(...functions.map(formOf));
  const rows = Object.entries(tensors).map(([name, { dtype, shape, values }]) => {
    const type = shape.length ? `${dtype}[${shape}]` : dtype;
    const cells = [
      name,
      type,
      `${values.slice(0, 64).join("  ")}${values.length > 64 ? "  …" : ""}`,
    ];
    const row = element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
    row.classList.toggle("changed", name in shown && shown[name] !== cells[2]);
    shown[name] = cells[2];
    return row;
  });
  find("tbody").replaceChildren(...rows);
}

worker.addEventListener("message", ({ data: { did, value, error, code, view } }) => {
  if (did === "replace" || did === "forget") find("#calls").replaceChildren();
  if (!view) shown = {};
  show(view);
  if (error) {
    // The store of a new visitor is empty, which is no error.
    if (did !== "open" || code !== "state") tell(error, true);
  } else if (did === "call") tell(value === undefined ? "done" : text(value));
  else tell(did === "open" ? "It was here: this is what it has learned." : "");
  if (did === "save" && value) save(value);
  document.body.dataset.did = did;
});

function save(bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/wasm" }));
  element("a", { href: url, download: "model.wasm" }).click();
  URL.revokeObjectURL(url);
}

async function take(file) {
  if (file) ask("replace", { bytes: new Uint8Array(await file.arrayBuffer()) });
}

drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files[0]);
});
find("#drop input").addEventListener("change", (event) => take(event.target.files[0]));
find("#save").addEventListener("click", () => ask("save"));
find("#forget").addEventListener("click", () => ask("forget"));
ask("open");
