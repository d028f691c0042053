"""Thermometers and gaussmeters: scalars that label the sweeps."""
