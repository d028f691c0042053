from dataclasses import replace

import pytest
import torch

from models.networks.architecture import Architecture, Fusion
from models.networks.ensemble import Ensemble, stack_members
from models.networks.kernel import KernelHead, student_logits
from models.networks.monitoring import KnownSweeps, monitoring_scores
from models.networks.towers import compand

ARCHITECTURE = Architecture(
    member_count=2,
    trace_count=3,
    ratio_count=40,
    level_count=20,
    ratio_components=4,
    level_components=2,
    coordinate_count=5,
    width=8,
    embedding=6,
    receiver_heads=(("condition", 3), ("temperature_k", 16)),
    component_heads=(("component", 2),),
    kernel_heads=("temperature_k",),
)
VARIANTS = {
    "late": ARCHITECTURE,
    "early": replace(ARCHITECTURE, fusion=Fusion.EARLY),
    "without coordinates": replace(ARCHITECTURE, coordinate_count=0),
}


def made(architecture):
    ensemble = Ensemble(architecture, seed=1)
    generator = torch.Generator().manual_seed(2)
    for part in (ensemble.ratio, ensemble.level):
        part.basis.copy_(torch.randn(part.basis.shape, generator=generator).half())
    return ensemble.eval()


@pytest.fixture(params=VARIANTS)
def ensemble(request):
    return made(VARIANTS[request.param])


def features(ensemble, sweeps=5):
    generator = torch.Generator().manual_seed(3)
    sizes = {
        "ratio": 40,
        "level": 20,
        "reference_level": 20,
        "coordinates": ensemble.architecture.coordinate_count,
    }
    found = {
        name: torch.randn((sweeps, 3, size), generator=generator)
        for name, size in sizes.items()
    }
    return found | {
        "compared": torch.ones((sweeps, 3)),
        "present": torch.ones((sweeps, 3)),
    }


def test_record_returns(ensemble):
    record = ensemble.architecture.to_record()
    assert Architecture.from_record(record) == ensemble.architecture


def test_shapes(ensemble):
    logits = ensemble.judge(ensemble.inputs(**features(ensemble)))
    assert logits["condition"].shape == (2, 5, 3)
    assert logits["temperature_k"].shape == (2, 5, 16)
    assert logits["component"].shape == (2, 5, 2)


def test_missing_trace_has_no_say(ensemble):
    seen = features(ensemble)
    seen["compared"][:, 1] = 0.0
    seen["present"][:, 1] = 0.0
    spoiled = {name: values.clone() for name, values in seen.items()}
    for name in ("ratio", "level", "reference_level", "coordinates"):
        spoiled[name][:, 1] = 1e6
    bank = torch.zeros((2, 7, 3, 4))
    fixed = ensemble.projections().ratio
    logits, scores = [], []
    for each in (seen, spoiled):
        inputs = ensemble.inputs(**each)
        logits.append(ensemble.judge(inputs))
        scores.append(
            monitoring_scores(
                fixed.parted(each["ratio"], inputs.ratio),
                KnownSweeps.of(bank),
                each["compared"],
            )
        )
    for name, values in logits[0].items():
        assert torch.equal(values, logits[1][name])
    assert torch.allclose(*scores)


def test_late_fusion_weighs_traces_that_are_heard_alike():
    ensemble = made(ARCHITECTURE)
    seen = features(ensemble)
    inputs = ensemble.inputs(**seen)
    encoder = ensemble.receiver.encoder
    values = torch.randn((2, 5, 3, ARCHITECTURE.receiver_inputs))
    alone = [encoder(values, torch.eye(3)[trace].expand(2, 5, 3)) for trace in range(3)]
    assert torch.allclose(encoder(values, inputs.compared), sum(alone) / 3, atol=1e-5)


def test_members_differ_and_stack(ensemble):
    inputs = ensemble.inputs(**features(ensemble))
    logits = ensemble.judge(inputs)
    assert not torch.allclose(logits["condition"][0], logits["condition"][1])
    state = ensemble.state_dict()
    members = []
    for number in range(2):
        one = Ensemble(replace(ensemble.architecture, member_count=1))
        one.load_state_dict(
            {name: value[number : number + 1] for name, value in state.items()}
        )
        members.append(one)
    whole = stack_members(members).eval()
    for name, values in whole.judge(whole.inputs(**features(whole))).items():
        assert torch.allclose(values, logits[name], atol=1e-6)


def test_kernel_head_answers_in_place_of_its_layer():
    ensemble = made(ARCHITECTURE)
    head = ensemble.kernels["temperature_k"]
    assert isinstance(head, KernelHead)
    head.bias.fill_(0.5)
    head.spread.fill_(0.01)
    logits = ensemble.judge(ensemble.inputs(**features(ensemble)))["temperature_k"]
    assert set(logits.argmax(dim=-1).flatten().tolist()) <= {7, 8}


def test_density_of_a_kernel_is_a_student_t():
    place, spread = torch.tensor([[0.5]]), torch.tensor([[0.02]])
    density = torch.softmax(student_logits(place, spread, 4000), dim=-1)[0]
    at = (torch.arange(4000) + 0.5) / 4000
    inside = density[(at - 0.5).abs() < 2.132 * 0.02].sum()
    assert float(inside) == pytest.approx(0.9, abs=5e-3)


def test_companding_is_odd_and_rises():
    values = torch.linspace(-30, 30, 601)
    pressed = compand(values)
    assert torch.allclose(pressed, -pressed.flip(0), atol=1e-4)
    assert (pressed.diff() > 0).all()
