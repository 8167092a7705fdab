"""Damaged files: what is wrong, what is proven, what can be repaired. Pure functions."""
