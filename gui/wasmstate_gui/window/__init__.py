"""The main window: docks, menus, selection, startup."""
