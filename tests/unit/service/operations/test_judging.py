"""How a judge is loaded, and asked for several sweeps."""

import torch
from threadpoolctl import threadpool_info, threadpool_limits

from service.operations.judging import judge_all, load_judge


def test_a_judge_computes_on_one_thread():
    threads = torch.get_num_threads()
    with threadpool_limits(2):
        torch.set_num_threads(2)
        load_judge(None)
        pools = {pool["num_threads"] for pool in threadpool_info()}
        found = torch.get_num_threads()
    torch.set_num_threads(threads)
    assert pools == {found} == {1}


class Breaking:
    """Judges numbers; breaks on 0, together with all that are asked beside it."""

    model_version = "breaking"

    def __init__(self):
        self.asked = []

    def diagnose(self, sweep, reference, reference_id):
        self.asked.append(sweep)
        return 1 / sweep

    def diagnose_many(self, asked):
        self.asked.append(tuple(sweep for sweep, *_ in asked))
        return [1 / sweep for sweep, *_ in asked]


def test_sweeps_are_judged_together_and_one_that_breaks_stops_no_other():
    judge = Breaking()
    assert judge_all(judge, [(sweep, None, None) for sweep in (1, 2)]) == [1.0, 0.5]
    assert judge.asked == [(1, 2)]
    said = judge_all(judge, [(sweep, None, None) for sweep in (1, 0, 2)])
    assert (said[0], said[2]) == (1.0, 0.5)
    assert isinstance(said[1], ZeroDivisionError)


def test_a_judge_of_single_sweeps_is_asked_one_by_one():
    class Single:
        model_version = "single"

        def diagnose(self, sweep, reference, reference_id):
            return -sweep

    assert judge_all(Single(), [(1, None, None), (2, None, None)]) == [-1, -2]
    assert judge_all(Single(), []) == []
