"""The twin's figures beside measured ones, written as a page of the reference."""

from pathlib import Path

import numpy as np
import pytest

from instruments.simulation.physics.chain import draw_unit, plates_at, usual_receiver
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.coax import CoaxSection, coax_transmission
from instruments.simulation.physics.chain.cryostats import (
    cable_reflection,
    coupled_chain,
    coupled_plates,
    coupled_response,
    switch_cable,
)
from instruments.simulation.physics.chain.drawing import (
    RECABLED,
    THERMAL_CYCLE,
    mate_record,
)
from instruments.simulation.physics.chain.junction import eigenvalue_junction
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.matter import (
    BERYLLIUM_COPPER,
    COPPER,
    CUPRONICKEL,
    NIOBIUM_TITANIUM,
    STAINLESS_STEEL,
    resistivity_ohm_m,
    surface_resistance_ohm,
)
from instruments.simulation.physics.chain.network import chain_response
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.plates import Plate, PlateTemperatures
from instruments.simulation.physics.circulator import magnetisation

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "twin-against-measurement.md"
LABELS_K = (295.0, 3.0, 1.0, 0.1, 0.025)
LEVEL_HZ = (1e9, 4e9, 6e9, 8e9, 12e9)
MEASURED_LEVELS_DB = {
    1e9: (-14.4, -7.2, -5.5, -4.4, -4.4),
    4e9: (-28.0, -16.2, -13.0, -10.6, -10.7),
    6e9: (-35.4, -21.2, -17.5, -14.5, -14.5),
    8e9: (-41.6, -25.8, -21.3, -17.8, -17.8),
    12e9: (-52.3, -33.1, -27.7, -22.9, -22.9),
}


def db(trace):
    return 20 * np.log10(np.abs(trace))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def smooth_fit(frequency_hz, level_db):
    x = frequency_hz / 1e9
    basis = np.stack([np.ones_like(x), np.sqrt(x), x], axis=1)
    found = np.linalg.lstsq(basis, level_db, rcond=None)[0]
    return found, level_db - basis @ found


def residual_db(reference, other, frequency_hz=None):
    """Return the complex residual over the signal, aligned where an axis is given."""
    delays_s = [0.0] if frequency_hz is None else np.arange(-0.4e-9, 0.4e-9, 2e-12)
    best = np.inf
    for delay_s in delays_s:
        turned = other
        if frequency_hz is not None:
            turned = other * np.exp(2j * np.pi * frequency_hz * delay_s)
            gain = (reference * turned.conj()).sum() / (np.abs(turned) ** 2).sum()
            turned = gain * turned
        power = (np.abs(reference - turned) ** 2).sum() / (np.abs(reference) ** 2).sum()
        best = min(best, power)
    return 10 * np.log10(best)


def fridge_data(folder):
    archive = np.load(folder / "fridge_chain.npz", allow_pickle=False)
    short = archive["component"] == "ecal_short"
    rows = {
        label_k: archive["s"][short & np.isclose(archive["temperature_k"], label_k)]
        for label_k in LABELS_K
    }
    return archive["frequency_hz"], {key: value[:, 0] for key, value in rows.items()}


def levels(folder):
    axis_hz = np.linspace(0.3e9, 15e9, 3201)
    chain = coupled_chain()
    rows, worst_db, ripples = [], 0.0, []
    measured_hz, measured_traces = fridge_data(folder)
    for label_k in LABELS_K:
        level = db(coupled_response(chain, axis_hz, coupled_plates(label_k)))
        inside = (axis_hz > 4e9) & (axis_hz < 8e9)
        ours = smooth_fit(axis_hz[inside], level[inside])[1].std()
        band = (measured_hz > 4e9) & (measured_hz < 8e9)
        measured = db(measured_traces[label_k][0][band])
        theirs = smooth_fit(measured_hz[band], measured)[1].std()
        ripples.append((f"{label_k:g} K", f"{theirs:.2f}", f"{ours:.2f}"))
        at = LABELS_K.index(label_k)
        for centre_hz in LEVEL_HZ:
            near = np.abs(axis_hz - centre_hz) < 0.3e9
            twin_db = level[near].mean()
            measured_db = MEASURED_LEVELS_DB[centre_hz][at]
            worst_db = max(worst_db, abs(twin_db - measured_db))
            rows.append((label_k, centre_hz, measured_db, twin_db))
    body = [
        (
            f"{centre_hz / 1e9:g} GHz",
            *(
                f"{measured:.1f} / {twin:.1f}"
                for label_k in LABELS_K
                for row_k, row_hz, measured, twin in rows
                if (row_k, row_hz) == (label_k, centre_hz)
            ),
        )
        for centre_hz in LEVEL_HZ
    ]
    return body, worst_db, ripples


def ladder():
    axis_hz = np.linspace(4e9, 8e9, 501)
    line = switch_cable()
    rng = np.random.default_rng(36)

    def seen(part, temperature_k, room_k=296.0):
        return cable_reflection(part, axis_hz, temperature_k, room_k)

    def median(spread):
        found = [
            residual_db(
                seen(mate_record(line, spread, rng), 3.0),
                seen(mate_record(line, spread, rng), 3.0),
                axis_hz,
            )
            for _ in range(40)
        ]
        return np.percentile(found, [50, 10, 90])

    cycle, recabled = median(THERMAL_CYCLE), median(RECABLED)
    return [
        (
            "the same cool-down, 3 K, room 0.13 K apart",
            -53.0,
            residual_db(seen(line, 3.0), seen(line, 3.0, 296.13)),
            "",
        ),
        (
            "the same at 295 K, room 0.2 K apart",
            -49.0,
            residual_db(seen(line, 295.0), seen(line, 295.0, 296.2)),
            "",
        ),
        ("another cool-down, nothing touched", -46.5, cycle[0], spread_text(cycle)),
        ("weeks later, cables laid anew", -20.0, recabled[0], spread_text(recabled)),
        (
            "295 K against 3 K",
            -16.0,
            residual_db(seen(line, 295.0), seen(line, 3.0), axis_hz),
            "",
        ),
    ]


def spread_text(percentiles):
    return f"{percentiles[1]:.0f} to {percentiles[2]:.0f}"


def measured_warm_against_cold(folder):
    archive = np.load(folder / "switch_fingerprint_campaign1.npz", allow_pickle=False)
    axis_hz = archive["frequency_hz"]
    inside = (axis_hz > 4e9) & (axis_hz < 8e9)
    chosen = archive["component"] == "short"
    warm, cold = (
        archive["s"][chosen & np.isclose(archive["temperature_k"], at_k)][0, 0, inside]
        for at_k in (295.0, 3.0)
    )
    return residual_db(warm, cold, axis_hz[inside])


def junction_rows():
    measured = {
        ("splitting x 1.05", 1.05, 1.0): 32,
        ("splitting x 1.1", 1.1, 1.0): 26,
        ("splitting x 1.2", 1.2, 1.0): 21,
        ("splitting x 1.38", 1.38, 1.0): 16,
        ("splitting x 0.8", 0.8, 1.0): 19,
        ("centre + 2 %", 1.0, 1.02): 31,
        ("centre + 5 %", 1.0, 1.05): 23,
        ("centre + 10 %", 1.0, 1.10): 18,
    }
    rows, worst_db = [], 0.0
    for (name, splitting, centre), isolation_db in measured.items():
        junction = eigenvalue_junction(
            np.asarray([5e9]), 5e9 * centre, 0.4 * splitting, 0.577 / 0.4, 0.0
        )
        twin_db = -db(junction.leak)[0]
        worst_db = max(worst_db, abs(twin_db - isolation_db))
        rows.append((name, f"{isolation_db}", f"{twin_db:.1f}"))
    return rows, worst_db


def magnetisation_rows():
    known = {295.0: 1780, 77.0: 2375, 4.0: 2459}
    return [
        (
            f"{at_k:g} K",
            f"{gauss}",
            f"{2460 * magnetisation(np.asarray([at_k]))[0]:.0f}",
        )
        for at_k, gauss in known.items()
    ]


def cable_figures():
    axis_hz = np.linspace(0.3e9, 15e9, 401)
    band = make_band(axis_hz)
    sections = switch_cable().parts[1:]
    found = {}
    for at_k in (295.0, 3.0):
        plates = lifted(PlateTemperatures(four_kelvin_k=at_k), axis_hz)
        passed = np.ones(401, dtype=complex)
        for section in sections:
            part = coax_transmission(
                lifted(section, axis_hz), band, plates, np.zeros(1)
            )
            passed = passed * part * part
        slope = np.polyfit(axis_hz, np.unwrap(np.angle(passed)), 1)[0]
        fit, _ = smooth_fit(axis_hz, db(passed))
        found[at_k] = (fit[1], fit[2], -slope / 2 / np.pi)
    return found


def coax_rows():
    axis_hz = np.asarray([1e9, 5e9, 10e9])
    anchors = (
        ("Cu, 300 K", COPPER, 300.0, (0.61, 1.43, 2.10)),
        ("BeCu, 300 K", BERYLLIUM_COPPER, 300.0, (1.28, 2.94, 4.24)),
        ("BeCu, 4 K", BERYLLIUM_COPPER, 4.0, (1.04, 2.33, 3.30)),
        ("CuNi, 300 K", CUPRONICKEL, 300.0, (2.8, 6.3, 8.9)),
        ("CuNi, 4 K", CUPRONICKEL, 4.0, (2.7, 6.0, 8.4)),
        ("SS304, 300 K", STAINLESS_STEEL, 300.0, (3.8, 8.6, 12.2)),
        ("SS304, 4 K", STAINLESS_STEEL, 4.0, (3.1, 7.0, 10.0)),
        ("NbTi, 10 K, normal", NIOBIUM_TITANIUM, 10.0, (3.4, 7.7, 10.9)),
    )
    rows = []
    for name, metal, at_k, known in anchors:
        section = CoaxSection(
            warm_end=Plate.STILL,
            cold_end=Plate.STILL,
            inner=metal,
            outer=metal,
            length_m=1.0,
        )
        plates = lifted(PlateTemperatures(still_k=at_k), axis_hz)
        passed = coax_transmission(
            lifted(section, axis_hz), make_band(axis_hz), plates, np.zeros(1)
        )
        pairs = zip(known, -db(passed), strict=True)
        rows.append((name, *(f"{a:.2f} / {b:.2f}" for a, b in pairs)))
    return rows


def receiver_ripple():
    axis_hz = np.linspace(4e9, 8e9, 1601)
    found = []
    for seed in range(24):
        unit = draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(seed))
        for at_k in (0.02, 295.0):
            point = OperatingPoint(
                plates=plates_at(at_k),
                cavity_temperature_k=at_k,
                rod_temperature_k=at_k,
            )
            level = db(chain_response(axis_hz, unit, point, ("S23",))["S23"])
            found.append((at_k, smooth_fit(axis_hz, level)[1].std()))
    return {
        at_k: np.percentile([r for k, r in found if k == at_k], [50, 10, 90])
        for at_k in (0.02, 295.0)
    }


def wall_rows():
    known = {4e9: 5.1, 7e9: 4.7}
    rows = []
    for at_hz, ratio in known.items():
        warm, cold = (
            surface_resistance_ohm(
                resistivity_ohm_m(COPPER, np.asarray([at_k])), np.asarray([at_hz])
            )[0]
            for at_k in (300.0, 4.0)
        )
        rows.append((f"{at_hz / 1e9:g} GHz", f"{ratio}", f"{warm / cold:.2f}"))
    return rows


@pytest.mark.benchmark
def test_the_twin_beside_the_measurement(reference_data):
    level_rows, worst_level_db, ripples = levels(reference_data)
    steps = ladder()
    junctions, worst_junction_db = junction_rows()
    cable = cable_figures()
    ripple = receiver_ripple()
    warm_cold_db = measured_warm_against_cold(reference_data)
    real = (
        "The part of the data at hand, one internal short, gives"
        f" {warm_cold_db:.1f} dB for the last step.\n"
    )
    warm, cold = cable[295.0], cable[3.0]
    page = f"""# The twin against measurement

Written by `make bench`. Measured figures are of the public cryogenic switch data (CC0)
and of the literature; where a figure was used to set a constant, it says so.

## Level of a cold chain

Dilution refrigerator with coupler and HEMT, internal short, dB, measured / twin. This
is a fit, not a prediction: three lengths, five constants of the HEMT and the three
plate temperatures that the data do not label were set by this table, all at once;
connectors and directivity were added for the ripple. Materials were not set. Largest
difference {worst_level_db:.1f} dB (aim: 2 dB).

{table(("", *(f"{label_k:g} K" for label_k in LABELS_K)), level_rows)}
The twin follows only with the warm end of its NbTi at 13.6 K where the label says 3 K,
and at 11.4 K where it says 1 K: what changes is the cool-down of all stages, not the
labelled plate.

## Ripple of that chain

4 to 8 GHz, dB rms about a0 + a1 sqrt(f) + a2 f. One connector pattern and one
directivity, chosen for the size; that it hardly changes with temperature is the twin's.

{table(("", "measured", "twin"), ripples)}
Receivers drawn from the catalogue, reflection path, 24 units: median
{ripple[0.02][0]:.2f} dB cold ({ripple[0.02][1]:.2f} to {ripple[0.02][2]:.2f} for 80 %)
and {ripple[295.0][0]:.2f} dB warm ({ripple[295.0][1]:.2f} to {ripple[295.0][2]:.2f});
measured chains lie between 0.8 and 1.7 dB.

## Repeatability

Complex residual over signal, 4 to 8 GHz, dB; the last three after gain and delay were
aligned. The spreads of a thermal cycle and of new cabling were set by their rows, and
the change of the room's temperature by the first two; the last follows from the
materials.

{
        table(
            ("", "measured", "twin, median", "80 % of draws"),
            [
                (name, f"{known:g}", f"{twin:.1f}", spread)
                for name, known, twin, spread in steps
            ],
        )
    }
{real}
## A cable on cooling

Round trip, 1.24 m of beryllium-copper coax; radius and loss tangent set by the warm
column, residual resistivity by the material.

{
        table(
            ("", "measured", "twin"),
            [
                (
                    "conductor term at 295 K, dB per root GHz",
                    "-2.24 to -2.37",
                    f"{warm[0]:.2f}",
                ),
                ("the same at 3 K", "-1.80 to -1.84", f"{cold[0]:.2f}"),
                (
                    "linear term at 295 K, dB per GHz",
                    "-0.13 to -0.17",
                    f"{warm[1]:.3f}",
                ),
                ("the same at 3 K", "-0.05 to -0.11", f"{cold[1]:.3f}"),
                ("delay at 295 K, ns", "11.787", f"{1e9 * warm[2]:.3f}"),
                (
                    "change of the delay at 3 K, ps",
                    "+24",
                    f"{1e12 * (cold[2] - warm[2]):+.0f}",
                ),
            ],
        )
    }
## Loss of 0.086 inch coax

dB per m, reference / twin.

{table(("", "1 GHz", "5 GHz", "10 GHz"), coax_rows())}
## Circulator

Isolation in dB of the eigenvalue model at 5 GHz for a splitting of 0.4; largest
difference {worst_junction_db:.1f} dB.

{table(("", "reference", "twin"), junctions)}
Magnetisation of YIG, 4 pi Ms in gauss:

{table(("", "reference", "twin"), magnetisation_rows())}
## Wall of a copper cavity

Q at 4 K over Q at 300 K, RRR 100, anomalous skin effect:

{table(("", "reference", "twin"), wall_rows())}"""
    PAGE.write_text(page)
    print(page)
    assert worst_level_db < 2.0
    assert worst_junction_db < 1.0
    for name, known, twin, _ in steps:
        assert abs(twin - known) < 4.0, name
    assert 0.8 <= ripple[0.02][0] <= 1.7
    assert all(0.8 <= float(row[2]) <= 1.7 for row in ripples)
