"""Measured files from outside, read with bounds: archives, Touchstone, trace tables."""
