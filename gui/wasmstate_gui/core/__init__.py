"""The window without Qt: documents, tables, plans and processes. Nothing here imports Qt."""
