"""What is wrong with a module and its state, in plain words: one idea a file."""
