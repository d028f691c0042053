"""RF silence: leases end by themselves, and nobody radiates between ask and answer."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.polling.silence import Silence

VNA_OF = {"a": "vna-1", "b": "vna-1", "c": "vna-2"}


@pytest.fixture
def woken():
    return []


@pytest.fixture
def silence(clock, woken):
    return Silence(VNA_OF, clock=clock, wake=woken.append)


def test_lease_silences_the_vna_and_ends_by_itself(silence, clock, woken):
    silence.impose(["a"], holder="daq", lease_s=10.0)
    assert woken == ["vna-1"]
    assert silence.is_imposed("vna-1")
    assert not silence.is_imposed("vna-2")
    assert silence.ends_s("vna-1") == clock.monotonic_s() + 10.0
    clock.step(10.0)
    assert not silence.is_imposed("vna-1")
    assert silence.leases_s() == {}


def test_shared_vna_is_silent_until_the_last_holder_permits(silence):
    silence.impose(["a"], holder="one", lease_s=10.0)
    silence.impose(["b"], holder="two", lease_s=20.0)
    silence.lift(["a", "b"], holder="one")
    assert silence.is_imposed("vna-1")
    assert silence.leases_s() == {("two", "b"): 20.0}
    silence.lift(["b"], holder="two")
    assert not silence.is_imposed("vna-1")


def test_renewal_replaces_the_lease(silence, clock):
    silence.impose(["a"], holder="daq", lease_s=10.0)
    clock.step(5.0)
    silence.impose(["a"], holder="daq", lease_s=2.0)
    assert silence.leases_s() == {("daq", "a"): 2.0}


def test_silent_vna_gets_no_leave_to_radiate(silence):
    silence.note("vna-1", is_quiet=True)
    assert silence.wait(["vna-1"], 0.0) == {"vna-1"}
    assert silence.begin_radiating("vna-1")
    assert silence.wait(["vna-1"], 0.0) == set()
    silence.note("vna-1", is_quiet=True)
    silence.impose(["a"], holder="daq", lease_s=1.0)
    assert not silence.begin_radiating("vna-1")
    assert silence.wait(["vna-1"], 0.0) == {"vna-1"}


def test_waiting_ends_where_there_is_no_use_in_it(silence):
    silence.impose(["a"], holder="daq", lease_s=60.0)
    note = threading.Timer(
        0.05,
        silence.note,
        args=("vna-1",),
        kwargs={"is_quiet": False, "obstacle": "it can only hold"},
    )
    note.start()
    assert silence.wait(["vna-1"], 30.0) == set()
    assert silence.obstacle("vna-1") == "it can only hold"
    assert silence.is_kept("vna-1")
    note.join()


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["impose", "lift", "wait"]),
            st.sampled_from(["one", "two"]),
            st.sampled_from(sorted(VNA_OF)),
            st.floats(min_value=0.1, max_value=50.0),
        ),
        max_size=30,
    )
)
def test_vna_is_silent_exactly_while_a_lease_runs(steps):
    now = {"s": 0.0}

    class Clock:
        def monotonic_s(self):
            return now["s"]

    silence = Silence(VNA_OF, clock=Clock(), wake=lambda vna: None)
    leases = {}
    for verb, holder, cavity, span_s in steps:
        if verb == "impose":
            silence.impose([cavity], holder=holder, lease_s=span_s)
            leases[holder, cavity] = now["s"] + span_s
        elif verb == "lift":
            silence.lift([cavity], holder=holder)
            leases.pop((holder, cavity), None)
        else:
            now["s"] += span_s
        for vna in set(VNA_OF.values()):
            expected = any(
                end_s > now["s"]
                for (_, name), end_s in leases.items()
                if VNA_OF[name] == vna
            )
            assert silence.is_imposed(vna) == expected
