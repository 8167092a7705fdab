"""What the window shows and decides, without Qt."""
