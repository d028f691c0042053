"""Vector network analyzers: dialects as data, and one driver for them."""
