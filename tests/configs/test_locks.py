"""One lock: only its module speaks to the operating system about it, and a second holder is told who has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from configs.errors import BusyError
from configs.locks import exclusive

ROOT = Path(__file__).parents[2]
ROOMS = ("configs", "features", "models", "retention", "evaluation", "reporting", "training", "serving", "pipelines")


def test_a_second_holder_fails_at_once_and_hears_who_holds_it(tmp_path: Path) -> None:
    file = tmp_path / ".lock"

    def busy(holder: str) -> BusyError:
        return BusyError("work_folder_in_use", work=tmp_path, holder=holder)

    with exclusive(file, busy), pytest.raises(BusyError, match=str(os.getpid())), exclusive(file, busy):
        pass
    with exclusive(file, busy):
        pass


def test_nobody_else_locks() -> None:
    named = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py")) if "flock(" in p.read_text("utf-8")]
    assert [path.name for path in named] == ["locks.py"]
