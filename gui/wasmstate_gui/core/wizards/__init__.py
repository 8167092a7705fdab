"""Plans of the wizards, judged during input."""
