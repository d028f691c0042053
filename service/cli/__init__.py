"""The ``halowatch`` command."""
