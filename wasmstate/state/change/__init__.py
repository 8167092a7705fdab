"""A state and its module changed together: bake, graft, migrate."""
