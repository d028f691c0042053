"""Vector network analyzers: dialects as data, and one driver for them."""

from instruments.vna.driver import VectorNetworkAnalyzer
from instruments.vna.keysight import DIALECTS, KEYSIGHT_PNA

__all__ = ["DIALECTS", "KEYSIGHT_PNA", "VectorNetworkAnalyzer"]
