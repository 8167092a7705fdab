"""What a file is that is no WebAssembly binary, by how it begins: people give the wrong one."""

from __future__ import annotations

HEAD = 4096
"""Bytes of a file that tell."""

_UNPACK = "unpack it"
# What is text is written small here, and found however it is written.
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip file", _UNPACK),
    (b"PK\x03\x04", "a zip archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd file", _UNPACK),
    (b"\xfd7zXZ\0", "an xz file", _UNPACK),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\x7fELF", "a native program", "compile it for a wasm32 target"),
    (b"MZ\x90\0", "a native program", "compile it for a wasm32 target"),
    (b"BC\xc0\xde", "LLVM bitcode", "link it with wasm-ld"),
    (b"!<arch>\n", "a static library", "link it with wasm-ld"),
    (b"\x89PNG\r\n", "a picture", "give the module"),
    (b"%PDF", "a PDF document", "give the module"),
    (b"\x93NUMPY", "a NumPy array", "give the module"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file", "fetch it: git lfs pull"),
    (b"<!doctype", "an HTML page", "the download went wrong: look at it"),
    (b"<html", "an HTML page", "the download went wrong: look at it"),
    (b"(module", "the text format", "make a binary of it, as wat2wasm does"),
    (b"(component", "the text format", "make a binary of it, as wat2wasm does"),
    (b";;", "the text format", "make a binary of it, as wat2wasm does"),
    (b"agfzbq", "a module in base64", "decode it"),
    (b"0061736d", "a module in hexadecimal digits", "decode it"),
    (b"\xff\xfe", "text in UTF-16", "restore the file from a copy"),
)


def foreign_kind(head: bytes) -> tuple[str, str] | None:
    """What a file with this head is, and what to do; ``None`` if that cannot be told."""
    text = head[:64].lstrip().lower()
    for start, what, advice in _KINDS:
        if head.startswith(start) or text.startswith(start):
            return what, advice
    for preamble in (b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0"):
        at = head.find(preamble)
        if at > 0:
            return f"a module behind {at} other bytes", f"take away the first {at} bytes"
    return None
