"""Temperature, stray field and condition of a receiver, against its reference."""

from models.receiver.judge import ReceiverJudge, ReceiverReading

__all__ = ["ReceiverJudge", "ReceiverReading"]
