"""Two states side by side: differences, history, conditions, call logs."""
