"""A state section for a module without one."""
