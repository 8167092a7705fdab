"""The open file: disk access, layout, map strip."""
