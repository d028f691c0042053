"""Fills a migrated database with a year of an array's rows, without their samples."""

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

CAVITIES = 64
PURPOSES = ("wide", "transmission", "reflection")
YEAR_S = 365 * 86_400
END = datetime(2026, 1, 1, tzinfo=UTC)
START_US = int((END - timedelta(seconds=YEAR_S)).timestamp()) * 1_000_000
CHUNK = 500_000
DETAILS = (
    '{"settings":{"if_bandwidth_hz":1000.0,"source_power_dbm":-10.0,'
    '"averaging_count":4},"instrument":{"vendor":"Keysight Technologies",'
    '"model":"P5024A","serial":"MY60000000","firmware":"A.15.20.08"},'
    '"conditions":{"mixing_chamber_temperature_k":0.021}}'
)
RECORD = (
    '{"condition":{"state":"estimated","label":"healthy","probability":0.98,'
    '"set":["healthy"],"top":[["healthy",0.98]]},"component":{"state":"not_trained",'
    '"label":null,"probability":null,"set":[],"top":[]},"temperature_k":{"state":'
    '"estimated","median":4.0,"p05":3.0,"p16":3.5,"p84":4.5,"p95":5.0},'
    '"magnetic_field_tesla":{"state":"not_trained","median":null,"p05":null,'
    '"p16":null,"p84":null,"p95":null},"out_of_distribution":{"p_value":0.5,"flag":'
    'false,"scores":{}},"integrity":[],"resonance":null,"reference_sweep":null}'
)

SWEEPS = """
INSERT INTO sweep (id, key, content_hash, cavity, purpose, measured_at_us,
  received_at_us, is_reference, thermal_cycle, s_parameters, point_count, axis_hash,
  details, run, step, arrival)
SELECT {id}, {key}, content, 'cavity-' || (i % {cavities} + 1),
  CASE (i / {cavities}) % 3 WHEN 0 THEN 'wide' WHEN 1 THEN 'transmission'
    ELSE 'reflection' END,
  at_us, at_us, {is_reference}, '2025-' || (i * 4 / {rows}), 'S11,S21', 1601, 'axis',
  '{details}', 'run-' || (i * 50 / {rows}), NULL, i + 1
FROM (
  SELECT i, {start_us} + i * {step_us} AS at_us, {content} AS content FROM {numbers}
) AS rows
"""
POINTS = """
INSERT INTO trend_point (series_id, at_us, value, low, high)
SELECT {series}, {start_us} + i * {point_us}, 4.0 + (i % 97) * 0.01, 3.0, 5.0
FROM {numbers}
"""
BUCKETS = """
INSERT INTO trend_bucket (series_id, tier_s, start_us, count, total, minimum,
  minimum_at_us, maximum, maximum_at_us, low, high)
SELECT series_id, {tier_s}, at_us / {width_us} * {width_us}, count(value), sum(value),
  min(value), min(at_us), max(value), max(at_us), min(low), max(high)
FROM trend_point WHERE series_id = {series}
GROUP BY series_id, at_us / {width_us}
"""
DIAGNOSES = """
INSERT INTO diagnosis (sweep_id, model_version, cavity, purpose, measured_at_us,
  judged_at_us, condition_state, condition_label, out_of_distribution,
  temperature_state, record)
SELECT id, 'model-1', cavity, purpose, measured_at_us, received_at_us, 'estimated',
  'healthy', {no}, 'estimated', '{record}'
FROM sweep WHERE measured_at_us > {since_us}
"""
QUANTITIES = {"temperature_k": 1, "magnetic_field_tesla": 1, "resonant_frequency_hz": 1}


def statements(rows: int, *, is_sqlite: bool):
    """Yield what fills the tables, in order."""
    yield (
        "INSERT INTO axis (hash, point_count, start_frequency_hz, stop_frequency_hz, "
        "codec, codec_version, payload) VALUES ('axis', 1601, 4e9, 8e9, 2, 1, "
        + ("x'00')" if is_sqlite else "'\\x00')")
    )
    for number in range(1, CAVITIES + 1):
        yield (
            "INSERT INTO cavity (id, enabled, registered_at_us) "
            f"VALUES ('cavity-{number}', {'1' if is_sqlite else 'true'}, {START_US})"
        )
    step_us = YEAR_S * 1_000_000 // rows
    hexed = (
        "printf('%012x', at_us / 1000)"
        if is_sqlite
        else ("lpad(to_hex(at_us / 1000), 12, '0')")
    )
    text = "substr({0}, 1, 8) || '-' || substr({0}, 9) || '-7000-8000-' || {1}"
    tail = "printf('%012x', i)" if is_sqlite else "lpad(to_hex(i), 12, '0')"
    # Of the content, as it is stored where a client sends no key of its own.
    content = (
        "lower(hex(randomblob(32)))"
        if is_sqlite
        else "md5(i::text) || md5((i + 7)::text)"
    )
    moment = "printf('%016x', at_us)" if is_sqlite else "lpad(to_hex(at_us), 16, '0')"
    for first in range(0, rows, CHUNK):
        yield SWEEPS.format(
            id=text.format(hexed, tail),
            key=f"{moment} || '-' || content",
            content=content,
            cavities=CAVITIES,
            rows=rows,
            is_reference="i % 20000 < 64",
            details=DETAILS,
            start_us=START_US,
            step_us=step_us,
            numbers=_numbers(first, min(first + CHUNK, rows), is_sqlite=is_sqlite),
        )
    if not is_sqlite:
        yield f"SELECT setval('sweep_arrival', {rows})"
    yield from _trends(rows, is_sqlite=is_sqlite)
    yield DIAGNOSES.format(
        no="0" if is_sqlite else "false",
        record=RECORD,
        since_us=START_US + (YEAR_S * 1_000_000) * 99 // 100,
    )
    # The samples of that year are gone.
    for month in range(1, 13):
        yield (
            "INSERT INTO payload_month (month, expired_at_us) "
            f"VALUES ('2025-{month:02d}', {START_US})"
        )


def _trends(rows: int, *, is_sqlite: bool):
    per_series = max(rows // (CAVITIES * len(PURPOSES)), 1)
    point_us = YEAR_S * 1_000_000 // per_series
    series = 0
    for number in range(1, CAVITIES + 1):
        for quantity in QUANTITIES:
            series += 1
            yield (
                "INSERT INTO trend_series (id, cavity, quantity) "
                f"VALUES ({series}, 'cavity-{number}', '{quantity}')"
            )
            yield POINTS.format(
                series=series,
                start_us=START_US,
                point_us=point_us,
                numbers=_numbers(0, per_series, is_sqlite=is_sqlite),
            )
            for tier_s in (60, 3600, 86_400):
                width_us = tier_s * 1_000_000
                yield BUCKETS.format(series=series, tier_s=tier_s, width_us=width_us)
    if not is_sqlite:
        yield f"ALTER SEQUENCE trend_series_id_seq RESTART WITH {series + 1}"


def _numbers(first: int, end: int, *, is_sqlite: bool) -> str:
    if not is_sqlite:
        return f"generate_series({first}::bigint, {end - 1}::bigint) AS numbers(i)"
    return (
        f"(WITH RECURSIVE numbers(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM "
        f"numbers WHERE i < {end - 1}) SELECT i FROM numbers)"
    )


def fill_sqlite(path: Path, rows: int) -> None:
    """Fill a SQLite file, fast: a power cut would spoil it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1500000")
        connection.execute("PRAGMA wal_autocheckpoint = 100000")
        for statement in statements(rows, is_sqlite=True):
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgresql(url: str, rows: int) -> None:
    """Fill a PostgreSQL database, and let it learn its statistics."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements(rows, is_sqlite=False):
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
