"""Edited copies of modules: sections, exports, baked values, grafted functions."""
