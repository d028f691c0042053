"""A sweep against its reference, in coordinates that a physicist would name."""

from models.coordinates.form import CoordinateForm, Coordinates

__all__ = ["CoordinateForm", "Coordinates"]
