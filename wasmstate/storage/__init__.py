"""The file on disk: replaced whole, by one writer at a time."""

from wasmstate.storage.commit import commit, replace_section, rewrite, write_apart, write_new

__all__ = ["commit", "replace_section", "rewrite", "write_apart", "write_new"]
