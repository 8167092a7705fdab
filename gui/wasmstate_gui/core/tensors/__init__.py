"""Tensors as tables, pictures and files."""
