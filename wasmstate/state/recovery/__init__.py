"""What can be told and taken from damaged bytes: pure functions, nothing is read or written."""
