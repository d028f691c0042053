"""From a sweep to numbers a network can judge: integrity, grid, ratio, mask."""

from models.preprocessing.canonical import CanonicalForm, Features
from models.preprocessing.integrity import find_flags

__all__ = ["CanonicalForm", "Features", "find_flags"]
