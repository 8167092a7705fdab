"""Instructions: opcodes, immediates, decoding and scanning."""
