import numpy as np
import pytest

from models.coordinates.finding import find_form
from models.emulation import folds_of
from models.preprocessing.view import SweepView
from models.receiver.learning import learn_receiver
from models.receiver.lesson import ReceiverLesson

LABELS = ("healthy", "loose_connector")
TARGETS = ("temperature_k", "magnetic_field_tesla")


def views_of(archive):
    """Return all sweeps of an archive but references, and their numbers."""
    reference = {
        (archive.cavity[row], archive.thermal_cycle[row]): dict(
            zip(archive.s_parameters, archive.s[row], strict=True)
        )
        for row in np.flatnonzero(archive.is_reference)
    }
    rows = np.flatnonzero(~archive.is_reference)
    return [
        SweepView(
            frequency_hz=archive.frequency_hz,
            traces=dict(zip(archive.s_parameters, archive.s[row], strict=True)),
            reference_hz=archive.frequency_hz,
            reference=reference[archive.cavity[row], archive.thermal_cycle[row]],
        )
        for row in rows
    ], rows


def lesson_of(form, archive):
    views, rows = views_of(archive)
    condition = np.array(
        [LABELS.index(name) for name in archive.condition[rows]], dtype=np.intp
    )
    return ReceiverLesson(
        coordinates=form.of_views(views),
        place=np.log10(archive.temperature_k[rows]),
        field_tesla=archive.magnetic_field_tesla[rows],
        condition=condition,
        labels=LABELS,
        healthy_label=0,
        healthy=condition == 0,
        usable=np.ones(rows.size, dtype=bool),
        cycle=archive.thermal_cycle[rows],
        fold=folds_of(archive.thermal_cycle[rows]),
    )


@pytest.fixture(scope="package")
def form(archive_maker):
    archive = archive_maker(cycles=6, sweeps=20)
    views, _ = views_of(archive)
    return find_form((4e9, 8e9), archive.s_parameters, views)


@pytest.fixture(scope="package")
def lesson(form, archive_maker):
    return lesson_of(form, archive_maker(cycles=8, sweeps=24))


@pytest.fixture(scope="package")
def learnt(form, lesson):
    return learn_receiver(form, lesson, TARGETS)


@pytest.fixture(scope="package")
def judge(learnt):
    return learnt[0]


@pytest.fixture(scope="package")
def new(form, archive_maker):
    """Cycles that the judge has not seen."""
    return lesson_of(form, archive_maker(cycles=5, sweeps=24, start_cycle=100))
