"""The file on disk and in memory: snapshot, edits, layout."""
