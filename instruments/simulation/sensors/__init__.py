"""Emulated thermometer bridges and gaussmeters."""
