"""Commands, selection, status texts: what the main window decides."""
