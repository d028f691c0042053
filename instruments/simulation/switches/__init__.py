"""Emulated boxes of RF switches."""
