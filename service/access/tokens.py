"""Secrets that are made here, shown once, and kept as hashes only."""

import hashlib
import re
import secrets

KEY_PREFIX = "hw_"
"""What every key starts with, so that scanners of repositories recognise one."""

_BYTES = 32
_KEY = re.compile(r"hw_[A-Za-z0-9_-]{43}")


def mint_key() -> str:
    """Return a new API key: the prefix and 32 random bytes as text."""
    return KEY_PREFIX + secrets.token_urlsafe(_BYTES)


def mint_session() -> str:
    """Return a new session token: 32 random bytes as text."""
    return secrets.token_urlsafe(_BYTES)


def mint_key_id() -> str:
    """Return a public name for a key, which tells nothing of its secret."""
    return secrets.token_hex(6)


def is_key(text: str) -> bool:
    """Tell whether a text has the form of a key."""
    return _KEY.fullmatch(text) is not None


def hash_token(token: str) -> str:
    """Return the SHA-256 under which a token is kept.

    A token has 256 random bits, so nothing slower is needed: there is no dictionary
    of them to try.
    """
    return hashlib.sha256(token.encode()).hexdigest()
