"""The Step form, and the runs that it starts."""
