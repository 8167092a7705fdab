"""Findings, repairs and remedies in the words of the window."""
