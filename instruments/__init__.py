"""The senses of halowatch: what is measured, and how it reaches the service."""
