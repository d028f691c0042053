"""Several packed sweep messages as one body, without unpacking them."""

from collections.abc import Sequence

import msgpack


def join_messages(messages: Sequence[bytes]) -> bytes:
    """Put packed messages into one msgpack array; one alone stays as it is."""
    if len(messages) == 1:
        return messages[0]
    header = msgpack.Packer().pack_array_header(len(messages))
    return bytes(header) + b"".join(messages)
