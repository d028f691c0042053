"""Which part is installed, from the path behind the common line."""

from models.fingerprint.head import UNKNOWN, Fingerprint, FingerprintJudgement
from models.fingerprint.view import WideSweep

__all__ = ["UNKNOWN", "Fingerprint", "FingerprintJudgement", "WideSweep"]
