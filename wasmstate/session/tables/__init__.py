"""What the rows of a table are made of: :mod:`wasmstate.session.table` puts it together."""
