"""Old samples are thinned, then dropped; what is kept, and every record, stays."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from instruments.measurement import Reading, SweepPurpose
from models.diagnosis import (
    NOT_CLASSIFIED,
    NOT_TRAINED,
    Classification,
    Diagnosis,
    EstimateState,
    OutOfDistribution,
)
from service.config import ServiceConfig
from service.errors import SamplesExpiredError
from service.operations.preparing import SweepPreparer
from service.operations.retaining import retain
from service.storage.cavities import put_cavity
from service.storage.diagnoses import get_diagnosis, insert_diagnosis
from service.storage.engine import Database
from service.storage.export_queries import ExportFilter, list_reading_rows
from service.storage.identifiers import TimeOrderedIds
from service.storage.integrity import check_integrity
from service.storage.labels import LabelRecord, put_label
from service.storage.model_records import Role
from service.storage.months import name_month
from service.storage.payloads import describe_payload, packs_of
from service.storage.quantising import QUANTISED_ALONE, QUANTISED_LEANING
from service.storage.readings import insert_readings
from service.storage.retention import set_keep
from service.storage.sweep_queries import (
    SweepFilter,
    get_sweep,
    list_sweeps,
    load_sweep,
)
from service.storage.sweeps import insert_sweeps
from service.storage.trend_writing import TrendPoint, record_trends
from service.storage.trends import read_trend

DAY_S = 86_400.0
POINTS = 401
QUANTISED = {QUANTISED_ALONE, QUANTISED_LEANING}


@pytest.fixture
def store(database: Database, clock, make_sweep):
    """Store a sweep as received now, by the stepping clock."""
    ids = TimeOrderedIds(clock)
    preparer = SweepPreparer(clock, ids)
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, clock.now())

    def put(seed: int, **changes):
        clock.step(60.0)
        sweep = make_sweep(seed, POINTS, measured_at=clock.now(), **changes)
        prepared = preparer.prepare(sweep)
        with database.write() as transaction:
            insert_sweeps(transaction, [prepared])
        return prepared.sweep_id, sweep

    return put


def load(database: Database, sweep_id: str):
    with database.read() as transaction:
        record = get_sweep(transaction, sweep_id)
        return load_sweep(transaction, record)


def policy(config: ServiceConfig, **changes) -> ServiceConfig:
    return replace(config, **changes)


def pack_names(database: Database) -> list[str]:
    return [] if database.packs is None else database.packs.list()


def test_whole_months_are_thinned_and_kept_sweeps_are_not(
    database, config, clock, store
):
    january = [store(seed) for seed in range(3)]
    reference = store(7, is_reference=True)
    kept, labelled = store(8), store(10)
    with database.write() as transaction:
        assert set_keep(transaction, kept[0], keep=True)
        label = LabelRecord(
            sweep_id=labelled[0],
            name="condition",
            value="healthy",
            labelled_at=clock.now(),
            labelled_by="A. Tester",
        )
        assert put_label(transaction, label)
    clock.step(20 * DAY_S)
    february = store(9)
    wanted = policy(config, original_keep_s=10 * DAY_S)
    early = retain(database, wanted, clock.now() - timedelta(days=15))
    assert early.thinned_months == ()
    report = retain(database, wanted, clock.now())
    assert report.thinned_months == (name_month(january[0][1].measured_at),)
    assert report.thinned_bytes > 0
    for sweep_id, sweep in january:
        restored = load(database, sweep_id)
        with database.read() as transaction:
            codec, noise = describe_payload(transaction, sweep_id)
        assert codec in QUANTISED
        for name, trace in sweep.traces.items():
            assert noise[name] == pytest.approx(1e-3, rel=0.3)
            error = restored.traces[name] - trace
            assert np.abs(error.real).max() <= 0.51 * noise[name]
    for sweep_id, sweep in (reference, kept, labelled, february):
        assert load(database, sweep_id).content_hash() == sweep.content_hash()
    assert retain(database, wanted, clock.now()).thinned_months == ()
    if database.packs is not None:
        assert pack_names(database) == ["2026-01.thinned", "2026-02"]
    with database.read() as transaction:
        assert check_integrity(transaction) == []


def test_old_months_are_dropped_and_what_is_kept_moves_aside(
    database, config, clock, store
):
    gone = store(1)
    kept = store(2, is_reference=True)
    clock.step(40 * DAY_S)
    young = store(3)
    wanted = policy(config, sample_keep_s=5 * DAY_S)
    report = retain(database, wanted, clock.now())
    assert report.expired_months == ("2026-01",)
    assert report.expired_sweep_count == 1
    with pytest.raises(SamplesExpiredError, match="dropped by retention"):
        load(database, gone[0])
    for sweep_id, sweep in (kept, young):
        assert load(database, sweep_id).content_hash() == sweep.content_hash()
    if database.packs is not None:
        assert pack_names(database) == ["2026-03", "kept"]
        assert report.freed_bytes > 0
    with database.read() as transaction:
        assert check_integrity(transaction) == []
        assert len(list_sweeps(transaction, SweepFilter(), 10)) == 3
    again = retain(database, wanted, clock.now())
    assert (again.expired_months, again.expired_sweep_count) == ((), 0)


def judged(database, sweep_id: str, label: str, *, is_strange: bool = False) -> None:
    with database.write() as transaction:
        record = get_sweep(transaction, sweep_id)
        state = EstimateState.ESTIMATED
        diagnosis = Diagnosis(
            model_version="m",
            temperature_k=NOT_TRAINED,
            magnetic_field_tesla=NOT_TRAINED,
            condition=Classification(state=state, label=label, probability=0.9),
            component=NOT_CLASSIFIED,
            out_of_distribution=OutOfDistribution(p_value=0.5, flag=is_strange),
        )
        now = record.measured_at
        assert insert_diagnosis(transaction, record, diagnosis, now, role=Role.LIVE)


def test_uneventful_sweeps_are_forgotten_and_all_others_are_not(
    database, config, clock, store
):
    quiet, unjudged, narrow = (
        store(1)[0],
        store(2)[0],
        store(3, purpose=SweepPurpose.TRANSMISSION)[0],
    )
    store(9, purpose=SweepPurpose.TRANSMISSION)
    ill, strange, unknown = (store(seed)[0] for seed in (4, 5, 6))
    kept, reference = store(7)[0], store(8, is_reference=True)[0]
    judged(database, quiet, "healthy")
    judged(database, ill, "loose_connector")
    judged(database, strange, "healthy", is_strange=True)
    judged(database, unknown, "unknown")
    with database.write() as transaction:
        assert set_keep(transaction, kept, keep=True)
    last_of_month = store(10)[0]
    clock.step(40 * DAY_S)
    newest_narrow = store(11, purpose=SweepPurpose.TRANSMISSION)[0]
    wanted = policy(config, sample_keep_s=5 * DAY_S, record_keep_s=5 * DAY_S)
    report = retain(database, wanted, clock.now())
    assert report.forgotten_months == ("2026-01",)
    assert report.forgotten_sweep_count == 4
    with database.read() as transaction:
        left = {one.sweep_id for one in list_sweeps(transaction, SweepFilter(), 20)}
        assert check_integrity(transaction) == []
        assert get_diagnosis(transaction, quiet) is None
        assert get_diagnosis(transaction, ill) is not None
    # The newest wide one is what the cavity's state is read from, however old.
    stay = {ill, strange, unknown, kept, reference, last_of_month, newest_narrow}
    assert left == stay
    assert not {quiet, unjudged, narrow} & left
    again = retain(database, wanted, clock.now())
    assert (again.forgotten_months, again.forgotten_sweep_count) == ((), 0)


def test_records_outlive_their_samples(database, config, clock, store):
    old = store(1)[0]
    store(2)
    clock.step(40 * DAY_S)
    wanted = policy(config, sample_keep_s=5 * DAY_S, record_keep_s=100 * DAY_S)
    assert retain(database, wanted, clock.now()).forgotten_months == ()
    with database.read() as transaction:
        assert get_sweep(transaction, old) is not None
    clock.step(100 * DAY_S)
    assert retain(database, wanted, clock.now()).forgotten_sweep_count == 1
    with database.read() as transaction:
        assert get_sweep(transaction, old) is None


def test_old_readings_go_by_days(database, config, clock):
    start = clock.now()
    readings = [
        Reading(
            name="stage_temperature_k",
            value=float(day),
            measured_at=start + timedelta(days=day),
        )
        for day in range(10)
    ]
    with database.write() as transaction:
        insert_readings(transaction, readings)
    now = start + timedelta(days=10)
    assert retain(database, config, now).reading_count == 0
    report = retain(database, policy(config, reading_keep_s=3 * DAY_S), now)
    assert report.reading_count == 7
    with database.read() as transaction:
        rows = list_reading_rows(transaction, ExportFilter(), 0, 20)
    assert [row["value"] for _, row in rows] == [7.0, 8.0, 9.0]


def test_a_pass_that_is_cut_short_goes_on(database, config, clock, store):
    stored = [store(seed) for seed in range(70)]
    clock.step(40 * DAY_S)
    wanted = policy(config, original_keep_s=DAY_S)
    answers = iter([False, True])
    first = retain(database, wanted, clock.now(), lambda: next(answers, True))
    assert first.thinned_months == ()
    codecs = _codecs(database, stored)
    assert sum(codec in QUANTISED for codec in codecs) == 64
    second = retain(database, wanted, clock.now())
    assert second.thinned_months == ("2026-01",)
    assert set(_codecs(database, stored)) <= QUANTISED
    for sweep_id, _ in stored[::23]:
        assert load(database, sweep_id).point_count == POINTS


def _codecs(database, stored):
    with database.read() as transaction:
        return [describe_payload(transaction, one)[0] for one, _ in stored]


def test_without_a_limit_nothing_goes(database, config, clock, store):
    sweep_id, sweep = store(1)
    clock.step(4000 * DAY_S)
    report = retain(database, config, clock.now())
    assert (report.thinned_months, report.expired_months) == ((), ())
    assert load(database, sweep_id).content_hash() == sweep.content_hash()


def test_blobs_without_a_row_are_harmless(database, clock, store):
    """A crash between the samples and their row leaves bytes, and no sweep."""
    first = store(1)
    with database.read() as transaction:
        if packs_of(transaction) is None:
            pytest.skip("one transaction over PostgreSQL")
    stranger = TimeOrderedIds(clock).next()
    database.packs.append(name_month(clock.now()), [(stranger, b"orphan")])
    second = store(2)
    for sweep_id, sweep in (first, second):
        assert load(database, sweep_id).content_hash() == sweep.content_hash()
    with database.read() as transaction:
        assert check_integrity(transaction) == []


def test_a_pack_that_is_too_short_is_found(database, clock, store):
    store(1)
    if database.packs is None:
        pytest.skip("about pack files")
    path = database.packs.folder / f"{name_month(clock.now())}.pack"
    path.write_bytes(path.read_bytes()[:-1])
    with database.read() as transaction:
        (problem,) = check_integrity(transaction)
    assert "2026-01 holds" in problem


def test_old_trend_points_go_and_their_rollups_stay(database, config, clock):
    start = clock.now()
    for day in range(10):
        with database.write() as transaction:
            point = TrendPoint("temperature_k", float(day), day - 0.5, day + 0.5)
            record_trends(transaction, "cavity-1", start + timedelta(days=day), [point])
    now = start + timedelta(days=10)
    wanted = policy(config, trend_keep_s=2 * DAY_S, trend_minute_keep_s=5 * DAY_S)
    assert retain(database, wanted, now).trend_row_count == 8 + 5
    span = {"measured_from": None, "measured_to": None, "most_rows": 100}
    with database.read() as transaction:
        tier_s, rows = read_trend(transaction, "cavity-1", "temperature_k", **span)
        span["measured_from"] = now - timedelta(days=1.5)
        recent_s, recent = read_trend(transaction, "cavity-1", "temperature_k", **span)
    assert (tier_s, len(rows)) == (3600, 10)
    assert (recent_s, [row.value for row in recent]) == (0, [9.0])
    with database.write() as transaction:
        late = [TrendPoint("temperature_k", 99.0)]
        record_trends(transaction, "cavity-1", start, late)
    with database.read() as transaction:
        span["measured_from"] = None
        _, rows = read_trend(transaction, "cavity-1", "temperature_k", **span)
    assert max(row.maximum for row in rows) == 9.0


def test_purposes_that_no_model_knows_are_thinned_as_well(
    database, config, clock, store
):
    sweep_id, _ = store(1, purpose=SweepPurpose.TRANSMISSION)
    clock.step(40 * DAY_S)
    retain(database, policy(config, original_keep_s=DAY_S), clock.now())
    assert load(database, sweep_id).purpose is SweepPurpose.TRANSMISSION
