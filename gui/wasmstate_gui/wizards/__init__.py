"""New model, attach, bake, graft: dialogs over plans in other processes."""
