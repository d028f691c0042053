"""Complex samples and axes to bytes and back, with a codec number beside each blob."""

from collections.abc import Mapping, Sequence

import blosc2
import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis, TraceArray

COMPLEX64_SHUFFLED_LZ4 = 1
"""Traces in name order, complex64, little endian, shuffled, LZ4 by blosc2, whose own
head tells whether bits were shuffled or bytes."""

FLOAT64_BITSHUFFLE_LZ4 = 2
"""One frequency axis, float64, little endian, bit-shuffled, LZ4 by blosc2."""

CODEC_VERSION = 1
"""Version of the codecs above; rises when their bytes change."""

LONG_BYTES = 128 * 1024
"""From here on samples are shuffled by bytes: that takes half the time, and up to a
tenth more room. Shorter ones take no longer by bits."""

_SINGLE = np.dtype("<c8")

# Small blobs gain nothing from threads, and the workers share two cores.
blosc2.set_nthreads(1)


def encode_traces(traces: Mapping[str, TraceArray]) -> tuple[tuple[str, ...], bytes]:
    """Compress the traces of a sweep as one blob.

    Parameters
    ----------
    traces
        Trace name to samples, each shape (point,); complex128 is rounded to
        complex64, which is exact to 6e-8 relative.

    Returns
    -------
    tuple
        The names in the order of the samples, and the blob.
    """
    names = tuple(sorted(traces))
    samples = _joined([traces[name].astype(_SINGLE, copy=False) for name in names])
    if samples.nbytes >= LONG_BYTES:
        return names, _compress(samples, 4, blosc2.Filter.SHUFFLE)
    return names, _compress(samples, 8, blosc2.Filter.BITSHUFFLE)


def decode_traces(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what :func:`encode_traces` wrote, bit for bit.

    Returns
    -------
    dict
        Trace name to complex64 samples, each shape (point,).

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    raw = decompress(blob, 8 * point_count * len(names))
    table = np.frombuffer(raw, dtype="<c8").reshape(len(names), point_count)
    return {name: table[row] for row, name in enumerate(names)}


def encode_axis(frequency_hz: FrequencyAxis) -> bytes:
    """Compress a frequency axis, shape (point,)."""
    axis = frequency_hz.astype("<f8", copy=False)
    return _compress(axis, 8, blosc2.Filter.BITSHUFFLE)


def decode_axis(blob: bytes, point_count: int) -> FrequencyAxis:
    """Restore what :func:`encode_axis` wrote, shape (point,), bit for bit.

    Raises
    ------
    ValueError
        If the blob does not hold that many points.
    """
    return np.frombuffer(decompress(blob, 8 * point_count), dtype="<f8")


def check_codec(codec: int, version: int, expected: int) -> None:
    """Refuse a blob that this code does not read.

    Raises
    ------
    ValueError
        If the codec or its version is another one.
    """
    if (codec, version) != (expected, CODEC_VERSION):
        raise ValueError(
            f"a blob has codec {codec} version {version}, this edition reads "
            f"{expected} version {CODEC_VERSION}: upgrade halowatch"
        )


def decompress(blob: bytes, expected_bytes: int) -> bytes:
    """Inflate what blosc2 compressed, of a length that is known.

    Raises
    ------
    ValueError
        If the blob declares another length; nothing is inflated then.
    """
    declared, _, _ = blosc2.get_cbuffer_sizes(blob)
    if declared != expected_bytes:
        raise ValueError(
            f"a stored blob holds {declared} bytes where {expected_bytes} are due"
        )
    return bytes(blosc2.decompress(blob))


def _joined(rows: Sequence[TraceArray]) -> npt.NDArray[np.generic]:
    """Return rows behind each other, without a copy where they lie so."""
    whole, size = rows[0].base, rows[0].nbytes
    if not isinstance(whole, np.ndarray) or not whole.flags.c_contiguous:
        return np.concatenate(rows)
    start = _address(whole)
    if whole.nbytes == size * len(rows) and all(
        row.base is whole and row.nbytes == size and _address(row) == start + at * size
        for at, row in enumerate(rows)
    ):
        return whole
    return np.concatenate(rows)


def _address(values: npt.NDArray[np.generic]) -> int:
    address: int = values.__array_interface__["data"][0]
    return address


def _compress(
    values: npt.NDArray[np.generic], item_bytes: int, shuffle: blosc2.Filter
) -> bytes:
    return bytes(
        blosc2.compress(
            values.data,
            typesize=item_bytes,
            clevel=1,
            filter=shuffle,
            codec=blosc2.Codec.LZ4,
        )
    )
