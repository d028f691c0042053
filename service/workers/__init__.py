"""Loops around operations."""
