"""How a judge is loaded."""

import torch
from threadpoolctl import threadpool_info, threadpool_limits

from service.operations.judging import load_judge


def test_a_judge_computes_on_one_thread():
    threads = torch.get_num_threads()
    with threadpool_limits(2):
        torch.set_num_threads(2)
        load_judge(None)
        pools = {pool["num_threads"] for pool in threadpool_info()}
        found = torch.get_num_threads()
    torch.set_num_threads(threads)
    assert pools == {found} == {1}
