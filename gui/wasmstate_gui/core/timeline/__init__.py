"""Steps kept as a tree of small differences."""
