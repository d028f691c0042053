import pytest
import torch

from models.networks.ensemble import Architecture, Ensemble, compand
from models.networks.monitoring import monitoring_scores


@pytest.fixture
def ensemble():
    architecture = Architecture(
        member_count=2,
        trace_count=3,
        ratio_count=40,
        level_count=20,
        ratio_components=4,
        level_components=2,
        width=8,
        receiver_heads=(("condition", 3), ("temperature_k", 16)),
        component_heads=(("component", 2),),
    )
    made = Ensemble(architecture, seed=1)
    generator = torch.Generator().manual_seed(2)
    for part in (made.ratio, made.level):
        part.basis.copy_(torch.randn(part.basis.shape, generator=generator).half())
    return made.eval()


def _inputs(ensemble, sweeps=5):
    generator = torch.Generator().manual_seed(3)
    ratio = torch.randn((sweeps, 3, 40), generator=generator)
    level = torch.randn((sweeps, 3, 20), generator=generator)
    return ratio, level


def test_record_returns(ensemble):
    record = ensemble.architecture.to_record()
    assert Architecture.from_record(record) == ensemble.architecture


def test_shapes(ensemble):
    ratio, level = ensemble.project(*_inputs(ensemble))
    there = torch.ones((2, 5, 3))
    logits = ensemble.judge_receiver(ratio, level, there)
    assert logits["condition"].shape == (2, 5, 3)
    assert logits["temperature_k"].shape == (2, 5, 16)
    logits = ensemble.judge_component(ratio, level, there, there)
    assert logits["component"].shape == (2, 5, 2)


def test_missing_trace_has_no_say(ensemble):
    ratio, level = _inputs(ensemble)
    mask = torch.ones((2, 5, 3))
    mask[:, :, 1] = 0.0
    spoiled = ratio.clone()
    spoiled[:, 1] = 1e6
    bank = torch.zeros((2, 7, 3, 4))
    for values in (ratio, spoiled):
        projected = ensemble.project(values, level)
        logits = ensemble.judge_receiver(*projected, mask)
        scores = monitoring_scores(ensemble.ratio, values, projected[0], bank, mask[0])
        if values is ratio:
            expected, expected_scores = logits["condition"], scores
    assert torch.equal(logits["condition"], expected)
    assert torch.allclose(scores, expected_scores)


def test_members_differ(ensemble):
    ratio, level = ensemble.project(*_inputs(ensemble))
    logits = ensemble.judge_receiver(ratio, level, torch.ones((2, 5, 3)))
    assert not torch.allclose(logits["condition"][0], logits["condition"][1])


def test_companding_is_odd_and_rises():
    values = torch.linspace(-30, 30, 601)
    pressed = compand(values)
    assert torch.allclose(pressed, -pressed.flip(0), atol=1e-4)
    assert (pressed.diff() > 0).all()
