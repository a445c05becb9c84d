"""Stages run once, again when anything they depend on changes, and alone in their folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configs.errors import BusyError
from pipelines.stage_cache import lock_folder, run_stage


def stage(work: Path, inputs: dict[str, object], calls: list[int], text: str = "x") -> bool:
    output = work / "out.txt"

    def run() -> None:
        calls.append(1)
        output.write_text(text)

    return run_stage(work, "demo", inputs, [output], run)


def test_the_second_run_reuses_the_first(tmp_path: Path) -> None:
    calls: list[int] = []
    assert stage(tmp_path, {"a": 1}, calls)
    assert not stage(tmp_path, {"a": 1}, calls)
    assert len(calls) == 1


@pytest.mark.parametrize("change", ["inputs", "output", "missing", "record"])
def test_a_change_runs_it_again(tmp_path: Path, change: str) -> None:
    calls: list[int] = []
    stage(tmp_path, {"a": 1}, calls)
    if change == "output":
        (tmp_path / "out.txt").write_text("altered")
    if change == "missing":
        (tmp_path / "out.txt").unlink()
    if change == "record":
        (tmp_path / "stages" / "demo.json").write_text("{")
    assert stage(tmp_path, {"a": 2 if change == "inputs" else 1}, calls)


def test_an_interrupted_stage_has_no_record(tmp_path: Path) -> None:
    def interrupted() -> None:
        (tmp_path / "out.txt").write_text("half")
        raise KeyboardInterrupt

    calls: list[int] = []
    stage(tmp_path, {"a": 1}, calls)
    with pytest.raises(KeyboardInterrupt):
        run_stage(tmp_path, "demo", {"a": 2}, [tmp_path / "out.txt"], interrupted)
    assert stage(tmp_path, {"a": 1}, calls)


def test_a_second_process_hears_who_holds_the_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipelines.stage_cache import lock_folder\n"
        "with lock_folder(Path(sys.argv[1])): pass"
    )
    with lock_folder(tmp_path):
        holder = f"in use by process {os.getpid()}; wait until it has finished"
        with pytest.raises(BusyError, match=holder), lock_folder(tmp_path):
            pass
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "BusyError" in done.stderr
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
