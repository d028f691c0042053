"""The emulated network analyzer: its channels, its sweeps and its dialect."""
