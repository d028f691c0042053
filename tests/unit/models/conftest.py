import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real measured data, where this machine has it."""
    named = os.environ.get("HALOWATCH_REFERENCE_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not (folder / "npl_mat58").is_dir():
        pytest.skip(f"no reference data at {folder}: set HALOWATCH_REFERENCE_DATA")
    return folder
