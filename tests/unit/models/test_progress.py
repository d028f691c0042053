from enum import StrEnum

import pytest

from models.evaluation.stages import SHARES as OF_AN_EVALUATION
from models.progress import Progress
from models.training.progress import SHARES as OF_TRAINING
from models.twin.fit_progress import SHARES as OF_THE_FIT


class Stage(StrEnum):
    FIRST = "first"
    LAST = "last"


def test_what_is_done_is_told_as_a_share_of_the_whole():
    heard = []
    say = Progress(
        lambda *told: heard.append(told), {Stage.FIRST: 0.3, Stage.LAST: 0.7}
    )
    say.within(Stage.FIRST)(0.5)
    say.done(Stage.FIRST)
    say.done(Stage.LAST)
    assert [name for name, _ in heard] == ["first", "first", "last"]
    assert [share for _, share in heard] == pytest.approx([0.15, 0.3, 1.0])
    Progress(None, {Stage.FIRST: 1.0}).done(Stage.FIRST)


@pytest.mark.parametrize("shares", [OF_TRAINING, OF_THE_FIT, OF_AN_EVALUATION])
def test_stages_make_a_whole(shares):
    assert sum(shares.values()) == pytest.approx(1.0)
