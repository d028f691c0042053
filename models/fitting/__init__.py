"""Resonance fits: from a narrow trace to f0, Q and coupling, or an honest no."""

from models.fitting.lineshape import LineShape
from models.fitting.resonance import fit_resonance

__all__ = ["LineShape", "fit_resonance"]
