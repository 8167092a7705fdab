"""The inspector: a window that shows what a module holds, decodes its state and steps it live."""
