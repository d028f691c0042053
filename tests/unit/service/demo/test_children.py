"""The demo's processes start, end in order, and end with their parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from instruments.clock import SystemClock
from service.demo.children import ChildFailedError, start_child, stop_child

CLOCK = SystemClock()

PARENT = """
import os, sys, time
from pathlib import Path
from service.demo.children import start_child
child = start_child("simulate", [sys.argv[1]], Path(sys.argv[2]), os.environ)
print(child.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def array_file(root: Path) -> str:
    return str(root / "service" / "demo" / "array.yaml")


def test_a_child_ends_when_it_is_told(array_file: str, tmp_path: Path) -> None:
    child = start_child("simulate", [array_file], tmp_path, os.environ)
    while not child.log.read_text():
        child.check()
        CLOCK.sleep(0.05)
    assert stop_child(child, CLOCK) == 0
    with pytest.raises(ChildFailedError, match="ended with status 0"):
        child.check()


def test_a_child_that_fails_says_its_last_words(tmp_path: Path) -> None:
    child = start_child("simulate", ["nowhere.yaml"], tmp_path, os.environ)
    assert child.process.wait(timeout=30) == 2
    with pytest.raises(ChildFailedError, match=r"nowhere\.yaml"):
        child.check()


@pytest.mark.skipif(
    sys.platform != "linux", reason="the parent's death is told by Linux"
)
def test_a_child_does_not_outlive_a_killed_parent(
    array_file: str, tmp_path: Path
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, array_file, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait(timeout=30)
    parent.stdout.close()
    child.wait(timeout=20)
    assert not child.is_running()
