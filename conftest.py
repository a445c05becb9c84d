"""What the examples in docstrings and the tests of the front door stand on: a small company, trained once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent

collect_ignore = ["serving/service.py"]
"""Importing BentoML's SDK warns of its own doing, and warnings are errors here; the module has no examples."""


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `holdfast.yaml`, trained by the command line; too small for models, so written rules answer."""
    folder = tmp_path_factory.mktemp("company")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"}
    made = "import holdfast; holdfast.simulate('.', customers=40, weeks=30)"
    for command in (["-c", made], ["-m", "pipelines", "train", "--config", "holdfast.yaml"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(autouse=True)
def _in_a_company(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Examples of the front door run beside a trained company's settings, as a reader's would."""
    if isinstance(request.node, pytest.DoctestItem) and request.node.name.startswith("holdfast"):
        monkeypatch.chdir(request.getfixturevalue("small_company"))
    yield
