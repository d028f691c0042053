import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.training.guard import judge_head
from models.training.labels import HeadLabels

CYCLES = np.repeat(["a", "b", "c", "d"], 5)
TRUTH = np.arange(20) % 3


def labels(weight=None):
    soft = torch.eye(3)[torch.from_numpy(TRUTH)]
    return HeadLabels(soft, torch.ones(20) if weight is None else weight)


def logits(strength):
    """Say the truth as loud as is asked for, with chance in it."""
    noise = np.random.default_rng(1).normal(size=(20, 3))
    return np.asarray(strength)[:, None] * np.eye(3)[TRUTH] + noise


def judged(plain, pretrained, **options):
    return judge_head(logits(plain), logits(pretrained), labels(**options), CYCLES)


def test_what_reads_every_cycle_better_is_kept_and_the_reverse_is_not():
    weak, strong = np.full(20, 0.5), np.full(20, 4.0)
    better = judged(weak, strong)
    assert better.is_kept
    assert better.better_cycle_count == better.cycle_count == 4
    assert better.gain_nats == pytest.approx(
        better.plain_loss - better.pretrained_loss, rel=1e-6
    )
    assert not judged(strong, weak).is_kept
    assert not judged(weak, weak).is_kept


def test_one_lucky_cycle_is_not_enough():
    plain = np.full(20, 1.0)
    lucky = np.where(CYCLES == "a", 30.0, 0.9)
    found = judged(plain, lucky)
    assert found.pretrained_loss < found.plain_loss
    assert found.gain_error_nats > found.gain_nats > 0.0
    assert not found.is_kept


def test_one_cycle_alone_and_sweeps_without_a_label_judge_nothing():
    first = torch.from_numpy((CYCLES == "a").astype(np.float32))
    found = judged(np.full(20, 0.5), np.full(20, 4.0), weight=first)
    assert found.cycle_count == 1
    assert not found.is_kept


@given(st.integers(0, 1000))
def test_exchanging_the_two_turns_the_gain_round(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 20, 3))
    there = judge_head(first, second, labels(), CYCLES)
    back = judge_head(second, first, labels(), CYCLES)
    assert there.gain_nats == pytest.approx(-back.gain_nats)
    assert there.gain_error_nats == pytest.approx(back.gain_error_nats)
    assert not (there.is_kept and back.is_kept)
