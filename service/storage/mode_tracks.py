"""Where the followed mode of every cavity is."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from models.diagnosis import TrackState
from models.fitting.tracking import ModeTrack, TrackedMode
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_M = tables.mode_track.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A clean fit of the followed mode."""

    measured_at: datetime
    axis: str
    position: float
    resonant_frequency_hz: float
    sigma_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTrack:
    """The track of a cavity's mode as it is kept between two sweeps.

    Attributes
    ----------
    number
        Counts the modes that were followed in this cavity.
    axis
        What the positions of the track are.
    clean_count
        Clean fits in a row since the mode was lost.
    sightings
        The last clean fits, oldest first.
    """

    number: int
    axis: str
    track: ModeTrack
    measured_at: datetime
    clean_count: int
    sightings: tuple[Sighting, ...]


def put_mode_track(transaction: Transaction, cavity: str, kept: KeptTrack) -> None:
    """Remember the track of a cavity."""
    record = asdict(kept)
    del record["measured_at"]
    for sighting in record["sightings"]:
        sighting["measured_at"] = to_us(sighting["measured_at"])
    values = {
        "measured_at_us": to_us(kept.measured_at),
        "record": orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
    }
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    transaction.execute(
        dialect.insert(tables.mode_track)
        .values(cavity=cavity, **values)
        .on_conflict_do_update(index_elements=[_M.cavity], set_=values)
    )


def get_mode_track(transaction: Transaction, cavity: str) -> KeptTrack | None:
    """Return the track of a cavity."""
    query = select(tables.mode_track).where(_M.cavity == cavity)
    row = transaction.execute(query).one_or_none()
    if row is None:
        return None
    record = orjson.loads(row.record)
    return KeptTrack(
        number=record["number"],
        axis=record["axis"],
        track=_track(record["track"]),
        measured_at=from_us(row.measured_at_us),
        clean_count=record["clean_count"],
        sightings=tuple(
            Sighting(**{**one, "measured_at": from_us(one["measured_at"])})
            for one in record["sightings"]
        ),
    )


def _track(record: dict[str, Any]) -> ModeTrack:
    changes = {
        "state": TrackState(record["state"]),
        "mode": TrackedMode(**record["mode"]),
        "history": tuple(TrackedMode(**mode) for mode in record["history"]),
    }
    return ModeTrack(**{**record, **changes})
