"""The lists of a module, and its instructions as lines."""
