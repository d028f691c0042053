import numpy as np

from models.preprocessing.view import SweepView


def test_a_view_hears_some_traces_and_keeps_its_reference():
    axis_hz = np.linspace(4e9, 8e9, 3)
    traces = {"S11": np.zeros(3), "S21": np.ones(3)}
    view = SweepView(
        frequency_hz=axis_hz, traces=traces, reference_hz=axis_hz, reference=traces
    )
    heard = view.heard(["S21", "S99"])
    assert list(heard.traces) == ["S21"]
    assert heard.reference is traces
    assert list(view.traces) == ["S11", "S21"]
