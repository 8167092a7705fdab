"""Widgets and services without knowledge of a document."""
