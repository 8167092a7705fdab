"""The states of several devices in one."""
