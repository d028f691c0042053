"""What can go wrong with an instrument, as one tree of errors."""

from instruments.measurement import TruthFlag


class InstrumentError(Exception):
    """Base of every error that an instrument or its wire can cause."""


class NotConnectedError(InstrumentError):
    """The instrument cannot be reached, or the connection was lost."""


class InstrumentTimeoutError(InstrumentError):
    """The instrument did not answer before the deadline."""


class GarbledReplyError(InstrumentError):
    """The reply does not parse: wrong length, wrong header, not a number."""


class UntrueDataError(GarbledReplyError):
    """Data came whole and in order, and yet cannot be what was measured.

    Parameters
    ----------
    message
        What is wrong.
    flag
        The truth flag that names it.
    """

    def __init__(self, message: str, flag: TruthFlag) -> None:
        super().__init__(message)
        self.flag = flag


class ScpiError(InstrumentError):
    """The instrument's own error queue reports an error."""


class SettingRefusedError(InstrumentError):
    """A setting that was read back differs from the one that was sent."""


class IdentityMismatchError(InstrumentError):
    """The instrument that answered is not the one that the configuration names."""


class ArrayConfigError(ValueError):
    """The array file is wrong; the message names the key and the mend."""


class ForeignFileError(ValueError):
    """A measured file cannot be read; the message names the file and the mend."""
