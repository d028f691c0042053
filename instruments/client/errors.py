"""What can happen between an instrument machine and the service."""


class ServiceError(Exception):
    """Base of every error of a call to the service."""


class TryAgainError(ServiceError):
    """The service cannot take it now, or is not there; nothing is wrong with it.

    Attributes
    ----------
    retry_after_s
        The wait that the service asked for, None where it said nothing.
    """

    def __init__(self, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class RejectedError(ServiceError):
    """The service will never take it as it is.

    Attributes
    ----------
    status
        HTTP status of the answer.
    """

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class SpoolError(Exception):
    """The spool cannot be used; the message names the file and the mend."""


class SpoolFullError(SpoolError):
    """The newest sweep was refused: the spool holds as many bytes as it may."""
