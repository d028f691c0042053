"""Temperature, stray field and condition of a receiver, against its reference."""

from models.receiver.judge import DEPARTURE, ReceiverJudge, ReceiverReading

__all__ = ["DEPARTURE", "ReceiverJudge", "ReceiverReading"]
