"""Bytes as rows, text and numbers; search."""
