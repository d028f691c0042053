"""From the schedule of an array file to the rhythm of each cavity's sweeps."""

from collections import defaultdict
from dataclasses import replace

from instruments.array import ArrayConfig
from instruments.polling.sweeping.schedule import Rhythm


def rhythms_of(config: ArrayConfig) -> dict[str, dict[tuple[str, str], Rhythm]]:
    """Give every enabled cavity its times, spread so that no two start together.

    The cavities' starts are spread evenly over the shortest period, those of one VNA
    as far apart as they can be: N VNAs that trigger at once would draw their power,
    load the network and fill the spool at once.

    Returns
    -------
    dict
        VNA to (cavity, sweep name) to rhythm; VNAs that have nothing to do are in it
        too.
    """
    base = {
        name: Rhythm(
            period_s=section.period_s,
            phase_s=section.phase_s,
            offsets_s=section.offsets_s,
            priority=section.priority,
            late_after_s=section.late_after_s,
        )
        for name, section in config.schedule.items()
    }
    shifts_s = _shifts_s(config)
    rhythms: dict[str, dict[tuple[str, str], Rhythm]] = {
        vna: {} for vna in config.instruments.vna
    }
    for cavity, shift_s in shifts_s.items():
        for name, rhythm in base.items():
            shifted = replace(rhythm, phase_s=rhythm.phase_s + shift_s)
            rhythms[config.cavities[cavity].vna][cavity, name] = shifted
    return rhythms


def _shifts_s(config: ArrayConfig) -> dict[str, float]:
    by_vna: dict[str, list[str]] = defaultdict(list)
    for cavity, section in config.cavities.items():
        if section.enabled:
            by_vna[section.vna].append(cavity)
    # First cavity of each VNA, then the second of each, and so on.
    rounds = max(map(len, by_vna.values()), default=0)
    order = [
        cavities[number]
        for number in range(rounds)
        for cavities in by_vna.values()
        if number < len(cavities)
    ]
    shortest_s = min((one.period_s for one in config.schedule.values()), default=0.0)
    return {cavity: shortest_s * rank / len(order) for rank, cavity in enumerate(order)}
