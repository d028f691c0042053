"""Vector network analyzers: dialects as data, and one driver for them."""

from instruments.vna.dialects import DIALECTS
from instruments.vna.driver import VectorNetworkAnalyzer
from instruments.vna.rules import ReferenceRule, VnaRules

__all__ = ["DIALECTS", "ReferenceRule", "VectorNetworkAnalyzer", "VnaRules"]
