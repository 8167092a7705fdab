"""The hex view, its edit mode and its search bars."""
