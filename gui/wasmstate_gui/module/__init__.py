"""The lists of functions, exports, imports and data."""
