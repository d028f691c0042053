"""What an answer of the service means: done, never, or later."""

import math

import httpx

from instruments.client.errors import RejectedError, TryAgainError

_REJECTING = frozenset({400, 409, 413, 415, 422})
"""Statuses that say that the call is wrong. All others may pass: a sweep is not
given up because a proxy or a key is misconfigured."""

_LONGEST_RETRY_AFTER_S = 600.0


def check_answer(response: httpx.Response) -> None:
    """Let a success pass; its body must have been read where it is none.

    Raises
    ------
    RejectedError
        If the call is wrong.
    TryAgainError
        If it may succeed later.
    """
    if response.is_success:
        return
    if response.status_code in _REJECTING:
        raise RejectedError(explain(response), response.status_code)
    raise TryAgainError(explain(response), _retry_after_s(response))


def explain(response: httpx.Response) -> str:
    """Say what went wrong, in one sentence."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    known = problem if isinstance(problem, dict) else {}
    detail = known.get("detail") or known.get("title") or response.reason_phrase
    return f"{response.status_code}: {str(detail)[:300]}"


def _retry_after_s(response: httpx.Response) -> float | None:
    try:
        wait_s = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    if not math.isfinite(wait_s) or wait_s < 0.0:
        return None
    return min(wait_s, _LONGEST_RETRY_AFTER_S)
