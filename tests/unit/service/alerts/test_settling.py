"""What is held back, and when one alert speaks for all."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.alerts.rules import NO_DATA
from service.alerts.settling import ARRAY, Standing, settle
from service.alerts.transition import Action

NOW = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
PERIODS = {f"cavity-{number}": 60.0 for number in range(1, 7)}


def standing(*, fulfilled=True, alerting=False, age_s=0.0) -> Standing:
    return Standing(
        is_fulfilled=fulfilled,
        since=NOW - timedelta(seconds=age_s),
        is_alerting=alerting,
    )


def outcome(standings, periods=PERIODS):
    decisions = settle(standings, periods, NOW)
    return {(d.action, d.rule, d.subject) for d in decisions}


def warm(count: int, age_s: float = 0.0) -> dict[tuple[str, str], Standing]:
    return {
        ("warming", f"cavity-{number}"): standing(age_s=age_s)
        for number in range(1, count + 1)
    }


def test_a_fulfilled_rule_raises_and_an_over_one_clears():
    standings = {
        ("receiver_condition", "cavity-1"): standing(),
        ("resonance_lost", "cavity-2"): standing(fulfilled=False, alerting=True),
        (NO_DATA, "cavity-3"): standing(alerting=True),
    }
    assert outcome(standings) == {
        (Action.RAISE, "receiver_condition", "cavity-1"),
        (Action.CLEAR, "resonance_lost", "cavity-2"),
    }


def test_unknown_change_is_held_back_by_a_known_fault():
    standings = {("unknown_change", "cavity-1"): standing()}
    assert outcome(standings) == {(Action.RAISE, "unknown_change", "cavity-1")}
    for known in ("receiver_condition", "warming"):
        held = standings | {(known, "cavity-1"): standing(alerting=True)}
        assert (Action.RAISE, "unknown_change", "cavity-1") not in outcome(held)
        elsewhere = standings | {(known, "cavity-2"): standing(alerting=True)}
        assert (Action.RAISE, "unknown_change", "cavity-1") in outcome(elsewhere)


def test_one_warm_cavity_waits_one_period():
    assert outcome(warm(1, age_s=59.0)) == set()
    assert outcome(warm(1, age_s=60.0)) == {(Action.RAISE, "warming", "cavity-1")}


def test_half_of_the_cavities_make_one_alert_for_the_array():
    decisions = settle(warm(3), PERIODS, NOW)
    assert [(d.action, d.subject) for d in decisions] == [(Action.RAISE, ARRAY)]
    assert decisions[0].cavities == ("cavity-1", "cavity-2", "cavity-3")


def test_one_of_one_cavity_is_no_common_cause():
    alone = {"cavity-1": 60.0}
    raised = outcome(warm(1, age_s=60.0), alone)
    assert raised == {(Action.RAISE, "warming", "cavity-1")}


def test_the_array_alert_covers_the_single_one():
    standings = warm(3)
    standings["warming", "cavity-1"] = standing(alerting=True, age_s=60.0)
    assert outcome(standings) == {
        (Action.CLEAR, "warming", "cavity-1"),
        (Action.RAISE, "warming", ARRAY),
    }


def test_the_array_alert_stays_until_no_cavity_is_warm():
    active = {("warming", ARRAY): standing(alerting=True)}
    assert outcome(active | warm(1, age_s=600.0)) == set()
    assert outcome(active) == {(Action.CLEAR, "warming", ARRAY)}


def test_alerts_of_a_disabled_cavity_are_cleared():
    standings = {(NO_DATA, "cavity-9"): standing(alerting=True)}
    assert outcome(standings) == {(Action.CLEAR, NO_DATA, "cavity-9")}


names = st.sampled_from(
    ["receiver_condition", "unknown_change", "warming", "resonance_lost", NO_DATA]
)
subjects = st.sampled_from(sorted(PERIODS))
standings_of = st.dictionaries(
    st.tuples(names, subjects),
    st.builds(
        standing,
        fulfilled=st.booleans(),
        alerting=st.booleans(),
        age_s=st.floats(0.0, 200.0),
    ),
)


def applied(standings, decisions):
    after = dict(standings)
    for decision in decisions:
        key = (decision.rule, decision.subject)
        before = after.get(key, standing(fulfilled=True))
        after[key] = Standing(
            is_fulfilled=before.is_fulfilled,
            since=before.since,
            is_alerting=decision.action is Action.RAISE,
        )
    return after


@given(standings_of)
def test_settling_twice_changes_nothing(standings):
    after = applied(standings, settle(standings, PERIODS, NOW))
    assert settle(after, PERIODS, NOW) == []


@given(standings_of)
def test_single_and_array_warming_never_stand_together(standings):
    after = applied(standings, settle(standings, PERIODS, NOW))
    alerting = {key for key, value in after.items() if value.is_alerting}
    single = {subject for rule, subject in alerting if rule == "warming"}
    assert ARRAY not in single or single == {ARRAY}


@given(standings_of)
def test_nothing_alerts_that_is_not_fulfilled(standings):
    after = applied(standings, settle(standings, PERIODS, NOW))
    for (_, subject), value in after.items():
        if value.is_alerting and subject != ARRAY:
            assert value.is_fulfilled
