"""From a body to encoded sweeps that wait for nothing but their commit."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from instruments.clock import Clock
from instruments.errors import ForeignFileError
from instruments.files import MeasuredFile, open_measured_bytes
from instruments.measurement import (
    FrequencyAxis,
    MeasurementError,
    Sweep,
    SweepPurpose,
)
from instruments.measurement.bodies import unpack_body, unpack_json_body
from instruments.measurement.known_axes import MOST_AXES
from instruments.measurement.limits import MAX_SWEEPS_PER_BODY
from instruments.measurement.long_bodies import Body
from instruments.measurement.message import decode_sweep
from instruments.measurement.times import parse_time
from service.storage.identifiers import TimeOrderedIds
from service.storage.records import NewSweep, RefusalCode
from service.storage.samples import encode_samples
from service.storage.sweep_keys import sweep_key
from service.storage.sweeps import details_of
from service.storage.times import to_us

FORM_FIELDS = (
    "cavity",
    "measured_at",
    "purpose",
    "is_reference",
    "thermal_cycle",
    "run",
    "step",
    "route",
    "idempotency_key",
)
"""Metadata that the multipart form takes beside the file."""

CLOCK_TOLERANCE_S = 300.0
"""How far in the future, in seconds, a measurement may be dated: clocks differ."""

CLOCK_MISTAKE_S = 86_400.0
"""How far ahead, in seconds, a measurement may be dated and still be worth sending
again: one of the two clocks is wrong and will be set."""

_BOOLS = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sweep that cannot be stored, and why in one sentence.

    Attributes
    ----------
    code
        Stable name of the reason; clients may branch on it.
    """

    error: str
    code: RefusalCode = RefusalCode.INVALID


Prepared = NewSweep | Refusal
"""One item of a post: ready, or refused."""


class _AheadError(MeasurementError):
    """The sweep is dated in the future, by no more than a clock may be wrong."""


class _AxisNames:
    """Hashes axes, and the same read-only array once."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[FrequencyAxis, str]] = {}

    def name(self, axis: FrequencyAxis) -> str:
        known = self._names.get(id(axis))
        if known is not None and known[0] is axis:
            return known[1]
        name = hashlib.sha256(axis.data).hexdigest()
        if axis.flags.owndata and not axis.flags.writeable:
            if len(self._names) >= MOST_AXES:
                self._names = {}
            self._names[id(axis)] = axis, name
        return name


class SweepPreparer:
    """Decodes, checks, hashes and encodes the sweeps of a body.

    Every method is pure but for the id and the time of receipt, and may run in any
    thread.
    """

    def __init__(self, clock: Clock, ids: TimeOrderedIds) -> None:
        self._clock = clock
        self._ids = ids
        self._axes = _AxisNames()

    def from_msgpack(self, body: Body, *, is_hurried: bool = False) -> list[Prepared]:
        """Prepare a body of the fast path.

        Parameters
        ----------
        is_hurried
            Whether time matters more than bytes.

        Raises
        ------
        MeasurementError
            If the body is not msgpack, or holds no or too many sweeps.
        """
        return self._each(unpack_body(body), decode_sweep, is_hurried=is_hurried)

    def from_json(self, body: bytes) -> list[Prepared]:
        """Prepare a JSON body.

        Raises
        ------
        MeasurementError
            If the body is not JSON, or holds no or too many sweeps.
        """
        return self._each(unpack_json_body(body), decode_sweep)

    def from_file(
        self, content: bytes, name: str, form: Mapping[str, str]
    ) -> list[Prepared]:
        """Prepare every sweep of an uploaded file.

        Parameters
        ----------
        content, name
            The file and its name; the suffix tells Touchstone's ports.
        form
            Metadata by name, any of :data:`FORM_FIELDS`.

        Raises
        ------
        MeasurementError
            If the form or the file is wrong as a whole.
        """
        file = _open_upload(content, name, form, MAX_SWEEPS_PER_BODY)
        return self._each(
            range(file.sweep_count), lambda index: _sweep_of(file, index, form)
        )

    def prepare(self, sweep: Sweep, *, is_hurried: bool = False) -> NewSweep:
        """Hash and encode one checked sweep.

        Parameters
        ----------
        is_hurried
            Whether time matters more than bytes.

        Raises
        ------
        MeasurementError
            If a text or number of it cannot be stored, or it is dated in the future.
        """
        now = self._clock.now()
        _check_age(sweep, now)
        content_hash = sweep.content_hash()
        measured_at_us = to_us(sweep.measured_at)
        try:
            details = details_of(sweep)
        except ValueError as error:
            raise MeasurementError("sweep", str(error)) from None
        names, codec, payload = encode_samples(sweep.traces, is_hurried=is_hurried)
        return NewSweep(
            sweep_id=self._ids.next(),
            key=sweep_key(sweep.idempotency_key, content_hash, measured_at_us),
            content_hash=content_hash,
            cavity=sweep.cavity,
            purpose=sweep.purpose,
            measured_at_us=measured_at_us,
            received_at_us=to_us(now),
            is_reference=sweep.is_reference,
            thermal_cycle=sweep.thermal_cycle,
            s_parameters=names,
            frequency_hz=sweep.frequency_hz,
            axis_hash=self._axes.name(sweep.frequency_hz),
            details=details,
            flags=sweep.flags,
            run=sweep.run,
            step=sweep.step,
            codec=codec,
            payload=payload,
        )

    def _each(
        self, items: Any, read: Callable[[Any], Sweep], *, is_hurried: bool = False
    ) -> list[Prepared]:
        prepared: list[Prepared] = []
        for item in items:
            try:
                prepared.append(self.prepare(read(item), is_hurried=is_hurried))
            except _AheadError as error:
                prepared.append(Refusal(str(error), RefusalCode.MEASURED_AHEAD))
            except (MeasurementError, ForeignFileError) as error:
                prepared.append(Refusal(str(error)))
        return prepared


def _check_age(sweep: Sweep, now: datetime) -> None:
    ahead_s = (sweep.measured_at - now).total_seconds()
    if ahead_s > CLOCK_TOLERANCE_S:
        kind = _AheadError if ahead_s <= CLOCK_MISTAKE_S else MeasurementError
        raise kind(
            "measured_at",
            f"is {ahead_s:.0f} s in the future, at most {CLOCK_TOLERANCE_S:.0f} s are "
            "taken; set the clock of the machine that measures",
        )


def sweeps_of_file(
    content: bytes, name: str, form: Mapping[str, str], limit: int
) -> list[Sweep]:
    """Return every sweep of an uploaded file, at most ``limit``.

    Raises
    ------
    MeasurementError
        If the form or the file is wrong, or any of its sweeps is.
    """
    file = _open_upload(content, name, form, limit)
    try:
        return [_sweep_of(file, index, form) for index in range(file.sweep_count)]
    except ForeignFileError as error:
        raise MeasurementError("file", str(error)) from None


def _open_upload(
    content: bytes, name: str, form: Mapping[str, str], limit: int
) -> MeasuredFile:
    unknown = sorted(set(form) - set(FORM_FIELDS))
    if unknown:
        raise MeasurementError(unknown[0], "is no field of the form")
    try:
        file = open_measured_bytes(content, name)
    except ForeignFileError as error:
        raise MeasurementError("file", str(error)) from None
    if file.sweep_count > limit:
        raise MeasurementError(
            "file", f"holds {file.sweep_count} sweeps, at most {limit} are taken"
        )
    return file


def _sweep_of(file: MeasuredFile, index: int, form: Mapping[str, str]) -> Sweep:
    if file.archive is None and not form.get("measured_at"):
        raise MeasurementError("measured_at", "is missing; the file does not tell it")
    stamp = form.get("measured_at") or "1970-01-01T00:00:00Z"
    sweep = file.sweep(
        index,
        measured_at=parse_time("measured_at", stamp),
        cavity=form.get("cavity"),
        purpose=_purpose(form.get("purpose")),
    )
    changes: dict[str, Any] = {
        name: form[name]
        for name in ("thermal_cycle", "run", "step", "route", "idempotency_key")
        if form.get(name)
    }
    if "is_reference" in form:
        changes["is_reference"] = _bool(form["is_reference"])
    if file.sweep_count > 1 and "idempotency_key" in changes:
        changes["idempotency_key"] += f"/{index}"
    return replace(sweep, **changes) if changes else sweep


def _purpose(text: str | None) -> SweepPurpose | None:
    if not text:
        return None
    try:
        return SweepPurpose(text)
    except ValueError:
        known = ", ".join(purpose.value for purpose in SweepPurpose)
        raise MeasurementError(
            "purpose", f"{text[:40]!r} must be one of {known}"
        ) from None


def _bool(text: str) -> bool:
    try:
        return _BOOLS[text.strip().lower()]
    except KeyError:
        raise MeasurementError("is_reference", "must be true or false") from None
