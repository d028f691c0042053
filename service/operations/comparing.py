"""Two model versions side by side, on the sweeps that both have judged."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from statistics import median
from typing import Any

from instruments.measurement.times import format_time
from service.alerts.replaying import Episode, alone, replay
from service.errors import NotFoundError
from service.operations.observing import limit_k_of
from service.storage.cavities import list_cavities
from service.storage.comparisons import Pair, paired_opinions
from service.storage.engine import Database
from service.storage.models import get_model

MAX_COMPARED = 100_000
"""Most sweeps that one comparison looks at."""

_LISTED_EPISODES = 200
_FAR_WIDTHS = 1.0
_SIGMAS_PER_90 = 2 * 1.6449


def compare_models(
    database: Database, first: str, second: str, *, since: datetime | None
) -> dict[str, Any]:
    """Compare what two versions said: agreement, estimates, alerts.

    Raises
    ------
    NotFoundError
        If a version is not registered.
    """
    with database.read() as transaction:
        for version in (first, second):
            if get_model(transaction, version) is None:
                raise NotFoundError(
                    f"no model {version[:64]!r}; halowatch models list names those "
                    "that are registered"
                )
        limits_k = {one.cavity: limit_k_of(one) for one in list_cavities(transaction)}
        pairs = list(
            paired_opinions(
                transaction, (first, second), since=since, limit=MAX_COMPARED
            )
        )
    return {
        "first": first,
        "second": second,
        "since": None if since is None else format_time(since),
        "sweeps": len(pairs),
        "is_cut": len(pairs) == MAX_COMPARED,
        "condition": _condition(pairs),
        "out_of_distribution": _novelty(pairs),
        "estimates": {
            name: _estimates(pairs, name)
            for name in ("temperature_k", "magnetic_field_tesla")
        },
        "alerts": _alerts(pairs, limits_k),
    }


def _condition(pairs: Sequence[Pair]) -> dict[str, Any]:
    both = [
        (
            pair.first.observation.condition_label,
            pair.second.observation.condition_label,
        )
        for pair in pairs
        if pair.first.observation.condition_state
        == pair.second.observation.condition_state
        == "estimated"
    ]
    counts = Counter(both)
    same = sum(count for (mine, other), count in counts.items() if mine == other)
    return {
        "judged_by_both": len(both),
        "agreement": None if not both else same / len(both),
        "differing": [
            {"first": mine, "second": other, "sweeps": count}
            for (mine, other), count in counts.most_common()
            if mine != other
        ],
    }


def _novelty(pairs: Sequence[Pair]) -> dict[str, int]:
    flags = [
        (
            pair.first.observation.is_out_of_distribution,
            pair.second.observation.is_out_of_distribution,
        )
        for pair in pairs
    ]
    return {
        "both": flags.count((True, True)),
        "first_only": flags.count((True, False)),
        "second_only": flags.count((False, True)),
    }


def _estimates(pairs: Sequence[Pair], name: str) -> dict[str, Any]:
    """Compare the medians, in the unit and in widths of both intervals together.

    A width is the standard deviation of the difference that both 90 % intervals
    promise.
    """
    found = [
        (pair.first.estimates[name], pair.second.estimates[name]) for pair in pairs
    ]
    both = [(mine, other) for mine, other in found if mine and other]
    differences = [other[0] - mine[0] for mine, other in both]
    widths = [
        math.hypot(mine[2] - mine[1], other[2] - other[1]) / _SIGMAS_PER_90
        for mine, other in both
    ]
    in_widths = [
        abs(difference) / width
        for difference, width in zip(differences, widths, strict=True)
        if width > 0.0
    ]
    return {
        "by_both": len(both),
        "first_only": sum(mine is not None and other is None for mine, other in found),
        "second_only": sum(mine is None and other is not None for mine, other in found),
        "median_difference": median(differences) if differences else None,
        "median_widths": median(in_widths) if in_widths else None,
        "beyond_one_width": sum(each > _FAR_WIDTHS for each in in_widths),
    }


def _alerts(pairs: Sequence[Pair], limits_k: dict[str, float]) -> dict[str, Any]:
    first: list[Episode] = []
    second: list[Episode] = []
    for (cavity, purpose), group in groupby(pairs, lambda p: (p.cavity, p.purpose)):
        members, limit_k = list(group), limits_k[cavity]
        first += replay(
            cavity, purpose, (pair.first.observation for pair in members), limit_k
        )
        second += replay(
            cavity, purpose, (pair.second.observation for pair in members), limit_k
        )
    first_only, second_only = alone(first, second), alone(second, first)
    return {
        "first": _by_rule(first),
        "second": _by_rule(second),
        "first_only": [_episode(each) for each in first_only[:_LISTED_EPISODES]],
        "second_only": [_episode(each) for each in second_only[:_LISTED_EPISODES]],
        "first_only_count": len(first_only),
        "second_only_count": len(second_only),
    }


def _by_rule(episodes: Iterable[Episode]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for episode in episodes:
        counts[episode.rule] += 1
    return dict(sorted(counts.items()))


def _episode(episode: Episode) -> dict[str, Any]:
    ended_at = episode.ended_at
    return {
        "rule": episode.rule,
        "cavity": episode.cavity,
        "began_at": format_time(episode.began_at),
        "ended_at": None if ended_at is None else format_time(ended_at),
    }
