import json
from datetime import UTC, datetime

from instruments.simulation.life import (
    Intervention,
    Work,
    truth_records,
    write_truth,
)

DAY_S = 86_400.0


START = datetime(2026, 1, 5, tzinfo=UTC)


def test_truth_says_what_where_from_to_and_how_bad(tmp_path, plan_with, event):
    plan = plan_with(
        events=(event("hemt_bias_lost", recovery_s=60.0),),
        interventions=(
            Intervention(work=Work.HELIUM_FILL, at_s=5.0, cavities=("cavity-1",)),
        ),
    )
    records = list(truth_records(plan, START, "night"))
    write_truth(tmp_path / "truth.jsonl", records)
    lines = (tmp_path / "truth.jsonl").read_text().splitlines()
    fill, failure = (json.loads(line) for line in lines)
    assert fill["kind"] == "intervention"
    assert fill["what"] == "helium_filling"
    assert failure["kind"] == "failure"
    assert failure["scenario"] == "night"
    assert failure["what"] == "hemt_bias_lost"
    assert failure["number"] == 3
    assert failure["where"] == "cavity-1"
    assert failure["severity"] == 0.7
    assert failure["from"] == "2026-01-06T00:00:00+00:00"
    assert failure["to"] == "2026-01-07T00:00:00+00:00"
    assert failure["gone_s"] == 2 * DAY_S + 60.0
    assert [one.name for one in tmp_path.iterdir()] == ["truth.jsonl"]
