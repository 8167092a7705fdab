"""Instruments for modules without a description: discover their state, probe their tensors."""
