"""The parts of the window: each lays out widgets and forwards what the user does."""
