"""Wires: the only room that knows VISA."""
