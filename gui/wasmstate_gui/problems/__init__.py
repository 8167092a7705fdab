"""The list of findings, repairs and verification."""
