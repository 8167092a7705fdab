"""Who usually provides an imported function: programs of each toolchain expect its own host.

What is named here is not granted; an error says where the import comes from.
"""

from __future__ import annotations

_PROVIDERS = (
    ("env", ("abort", "seed", "trace", "console.log"), "the host of AssemblyScript"),
    ("env", ("emscripten_", "invoke_", "__cxa_", "__syscall_"), "the JavaScript of Emscripten"),
    ("env", ("__handle_stack_overflow", "__assert_fail"), "the JavaScript of Emscripten"),
    ("a", ("",), "the JavaScript of Emscripten, with short names"),
    ("__wbindgen_", ("",), "the JavaScript of wasm-bindgen"),
    ("wbg", ("",), "the JavaScript of wasm-bindgen"),
    ("./", ("__wbg_", "__wbindgen_"), "the JavaScript of wasm-bindgen"),
    ("gojs", ("",), "wasm_exec.js of Go or TinyGo"),
    ("go", ("runtime.", "syscall/"), "wasm_exec.js of Go"),
    ("env", ("runtime.", "syscall/"), "wasm_exec.js of TinyGo"),
    ("wasi_", ("",), "a runtime with WASI"),
)
"""Where the module of an import begins, where its name begins, and who that is.

A module that is written out in full matches that module alone.
"""

_PREFIXES = ("__wbindgen_", "./", "wasi_")


def provider(module: str, name: str) -> str | None:
    """The usual provider of an imported function, ``None`` if it is not known."""
    for start, names, text in _PROVIDERS:
        is_module = module.startswith(start) if start in _PREFIXES else module == start
        if is_module and name.startswith(names):
            return text
    return None
