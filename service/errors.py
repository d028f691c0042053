"""Every error that a client may see: a stable code and its HTTP status."""

from collections.abc import Mapping
from typing import Any, ClassVar


class ServiceError(Exception):
    """Base of the errors that become ``application/problem+json``.

    Attributes
    ----------
    code
        Stable name of the problem; clients may branch on it.
    status
        HTTP status of the answer.
    members
        Further members of the problem document.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.members = dict(members or {})


class InvalidRequestError(ServiceError):
    """A parameter or body is not what the call takes."""

    code = "invalid_request"
    status = 422


class CrossSiteError(ServiceError):
    """A page of another site made a browser send an unsafe call."""

    code = "cross_site"
    status = 403


class UnauthenticatedError(ServiceError):
    """The call needs a key or a log-in, and has none that is valid."""

    code = "unauthenticated"
    status = 401


class ForbiddenError(ServiceError):
    """The caller is known, and may not do this."""

    code = "forbidden"
    status = 403


class WrongHostError(ServiceError):
    """An open service was called by a name that is not this machine's."""

    code = "wrong_host"
    status = 421


class SlowBodyError(ServiceError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    status = 408


class TooManyRequestsError(ServiceError):
    """The caller calls too often.

    Attributes
    ----------
    retry_after_s
        When to try again, in seconds.
    """

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyBytesError(TooManyRequestsError):
    """More bodies of one caller are in hand than one may have."""

    code = "too_many_bytes"


class NotFoundError(ServiceError):
    """The named thing does not exist."""

    code = "not_found"
    status = 404


class SamplesExpiredError(ServiceError):
    """The sweep is known, but retention has dropped its samples."""

    code = "samples_expired"
    status = 410


class ConflictError(ServiceError):
    """The call does not fit the state of the thing."""

    code = "conflict"
    status = 409


class PromotionRefusedError(ServiceError):
    """A model fails a gate of its promotion; ``gates`` says which and by how much."""

    code = "promotion_refused"
    status = 409


class ReferenceRefusedError(ServiceError):
    """A check speaks against a sweep as reference; ``checks`` says which."""

    code = "reference_refused"
    status = 409


class KeyConflictError(ServiceError):
    """An idempotency key came again with other content."""

    code = "idempotency_key_conflict"
    status = 409


class SweepsRejectedError(ServiceError):
    """Every sweep of a body was rejected; ``results`` says why."""

    code = "sweeps_rejected"
    status = 422


class BodyTooLargeError(ServiceError):
    """The body is longer than the route takes."""

    code = "body_too_large"
    status = 413


class UnsupportedMediaTypeError(ServiceError):
    """The content type is none of those that the route reads."""

    code = "unsupported_media_type"
    status = 415


class UnavailableError(ServiceError):
    """A dependency is missing for now; the same call may succeed later.

    Attributes
    ----------
    retry_after_s
        When to try again, in seconds.
    """

    code = "unavailable"
    status = 503

    def __init__(
        self,
        message: str,
        members: Mapping[str, Any] | None = None,
        *,
        retry_after_s: int = 1,
    ) -> None:
        super().__init__(message, members)
        self.retry_after_s = retry_after_s


class StorageUnavailableError(UnavailableError):
    """The database cannot be read or cannot commit."""

    code = "storage_unavailable"


class StorageConflictError(StorageUnavailableError):
    """Another transaction stood in the way and this one was undone; try it again."""


class QueueFullError(UnavailableError):
    """More bytes wait for a commit than the queue may hold."""

    code = "queue_full"


class DiskFullError(UnavailableError):
    """The disk has less room than the watermark leaves."""

    code = "disk_full"


class ModelUnavailableError(UnavailableError):
    """The model folder that the configuration names cannot be used."""

    code = "model_unavailable"


class ProviderUnavailableError(UnavailableError):
    """The identity provider does not answer as it should."""

    code = "identity_provider_unavailable"


class BackupError(ServiceError):
    """A backup cannot be made or restored; the sentence names the mend."""

    code = "backup"
    status = 500
