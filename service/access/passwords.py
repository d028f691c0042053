"""Passwords: argon2id through pwdlib, at the library's parameters."""

from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError

SHORTEST = 12
LONGEST = 256
"""Length of a password in characters."""


class WeakPasswordError(ValueError):
    """A password is too short, too long or the account's own name."""


def hash_password(password: str, account: str) -> str:
    """Return the hash under which a password is kept.

    Raises
    ------
    WeakPasswordError
        If it is none that should protect an array.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPasswordError(
            f"a password has {SHORTEST} to {LONGEST} characters; this one has "
            f"{len(password)}"
        )
    if len(set(password)) < 5 or account.casefold() in password.casefold():
        raise WeakPasswordError(
            "the password is too easy to guess: take several words, and not the "
            "account's name"
        )
    return _hasher().hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Tell whether a password is the kept one, in the same time if there is none."""
    if len(password) > LONGEST:
        return False
    try:
        fits = _hasher().verify(password, kept or _nobody())
    except PwdlibError:
        return False
    return fits and kept is not None


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
