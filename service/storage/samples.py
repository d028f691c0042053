"""Samples of a sweep to bytes and back, by whichever codec they were stored."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from instruments.measurement import TraceArray
from service.storage.codec import (
    COMPLEX64_SHUFFLED_LZ4,
    check_codec,
    decode_traces,
    encode_traces,
)
from service.storage.former_quantising import (
    QUANTISED_DELTA_ZSTD,
    QUANTISED_FITTED_RICE,
    QUANTISED_INTERPOLATED_ZSTD,
    decode_differences,
    decode_fitted,
    decode_interpolated_steps,
)
from service.storage.interpolating import (
    INTERPOLATED_ZSTD,
    decode_interpolated,
    encode_interpolated,
)
from service.storage.quantising import (
    QUANTISED_ALONE,
    decode_alone,
)

ORIGINALS = frozenset({COMPLEX64_SHUFFLED_LZ4, INTERPOLATED_ZSTD})
"""Codecs that keep every bit."""

_DECODERS = {
    COMPLEX64_SHUFFLED_LZ4: decode_traces,
    INTERPOLATED_ZSTD: decode_interpolated,
    QUANTISED_DELTA_ZSTD: decode_differences,
    QUANTISED_INTERPOLATED_ZSTD: decode_interpolated_steps,
    QUANTISED_FITTED_RICE: decode_fitted,
    QUANTISED_ALONE: decode_alone,
}


def encode_samples(
    traces: Mapping[str, TraceArray], *, is_hurried: bool
) -> tuple[tuple[str, ...], int, bytes]:
    """Compress the traces of a sweep as one blob, bit for bit.

    Parameters
    ----------
    is_hurried
        Whether a fifteenth of the time matters more than two thirds of the bytes.

    Returns
    -------
    tuple
        The names in the order of the samples, the codec, and the blob.
    """
    if is_hurried:
        names, blob = encode_traces(traces)
        return names, COMPLEX64_SHUFFLED_LZ4, blob
    names, blob = encode_interpolated(traces)
    return names, INTERPOLATED_ZSTD, blob


def decode_samples(
    codec: int, version: int, blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore traces of a blob that leans on no other.

    Returns
    -------
    dict
        Trace name to complex64 samples, each shape (point,).

    Raises
    ------
    ValueError
        If the codec is not known, or the blob does not hold that many samples.
    """
    check_codec(codec, version, codec if codec in _DECODERS else max(_DECODERS))
    return _DECODERS[codec](blob, names, point_count)
