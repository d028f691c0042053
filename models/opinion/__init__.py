"""A second opinion by another method: MiniRocket and ridge regression."""

from models.opinion.opinion import Opinion, OpinionReading, ScalarOpinion

__all__ = ["Opinion", "OpinionReading", "ScalarOpinion"]
