"""Writing a labelled archive block by block, with the samples never all in memory."""

import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from instruments.files.npz import MAX_DECLARED_BYTES
from instruments.measurement import FrequencyAxis

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LABEL_BYTES_PER_SWEEP = 1024


class ArchiveTooLargeError(ValueError):
    """The archive would be larger than what is read again; the message says how."""


class ArchiveStream:
    """Writes one archive; the samples in blocks, the labels at the end.

    Samples of a noisy receiver do not compress and are stored as they are. The file
    appears whole or not at all. The same content always gives the same bytes.

    Parameters
    ----------
    path
        File to write.
    frequency_hz
        Axis of every sweep in Hz, shape (point,).
    s_parameters
        Trace names.
    sweep_count
        Sweeps that will be written.

    Raises
    ------
    ArchiveTooLargeError
        If nobody could read the archive again.
    """

    def __init__(
        self,
        path: Path,
        *,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        sweep_count: int,
    ) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        self._axis = np.ascontiguousarray(frequency_hz, dtype=np.float64)
        self._names = tuple(s_parameters)
        self._shape = (sweep_count, len(self._names), self._axis.size)
        self._written = 0
        declared = 8 * int(np.prod(self._shape)) + _LABEL_BYTES_PER_SWEEP * sweep_count
        if declared > MAX_DECLARED_BYTES:
            raise ArchiveTooLargeError(
                f"{sweep_count} sweeps of {len(self._names)} x {self._axis.size} points"
                f" take {declared} bytes, an archive holds {MAX_DECLARED_BYTES}:"
                " ask for fewer sweeps, or for several archives"
            )

    def __enter__(self) -> Self:
        self._directory = zipfile.ZipFile(self._partial, "w", allowZip64=True)
        self._samples: IO[bytes] = self._directory.open(
            _member("s", zipfile.ZIP_STORED), "w", force_zip64=True
        )
        header = {"descr": "<c8", "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(self._samples, header)
        return self

    def append(self, samples: npt.NDArray[np.complex64]) -> None:
        """Write the next sweeps.

        Parameters
        ----------
        samples
            Complex64, shape (sweep, trace, point).

        Raises
        ------
        ValueError
            If the block has another shape, or there are more sweeps than promised.
        """
        if samples.shape[1:] != self._shape[1:] or samples.dtype != np.complex64:
            raise ValueError(
                f"a block is {samples.dtype} of shape {samples.shape}, the archive has"
                f" complex64 of {self._shape[1:]} a sweep"
            )
        self._written += samples.shape[0]
        if self._written > self._shape[0]:
            raise ValueError(
                f"more than the {self._shape[0]} promised sweeps are given"
            )
        self._samples.write(np.ascontiguousarray(samples).data)

    def finish(self, labels: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write the labels, each of shape (sweep,) or the unit of one.

        Raises
        ------
        ValueError
            If sweeps are missing.
        """
        if self._written != self._shape[0]:
            raise ValueError(
                f"{self._written} of the {self._shape[0]} promised sweeps are given"
            )
        self._samples.close()
        names = np.array(self._names, dtype=np.str_)
        columns = {"frequency_hz": self._axis, "s_parameters": names, **labels}
        for key, values in columns.items():
            member = _member(key, zipfile.ZIP_DEFLATED)
            with self._directory.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(
                    stream, np.ascontiguousarray(values), allow_pickle=False
                )
        self._directory.close()
        self._partial.replace(self._path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._samples.close()
        self._directory.close()
        self._partial.unlink(missing_ok=True)


def _member(key: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(f"{key}.npy", date_time=_EARLIEST)
    info.compress_type = compression
    info.create_system = 3
    return info
