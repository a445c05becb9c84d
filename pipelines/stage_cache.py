"""A stage is done when its record matches its inputs, its settings, the code and its outputs; then it is not run again.

The record is written last, so a stage that was interrupted has none and runs again. One process at a time works in a
work folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from configs.errors import BusyError
from configs.files import read_checked, remove_leftovers, sha256_of, write_checked
from configs.locks import exclusive

ROOMS = ("configs", "features", "models", "retention", "evaluation", "reporting", "training", "pipelines")


@cache
def code_fingerprint() -> str:
    """SHA-256 over the source of every room that can change a result."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for room in ROOMS:
        for file in sorted((root / room).rglob("*")):
            if file.suffix in {".py", ".yaml", ".html", ".css", ".j2"}:
                digest.update(str(file.relative_to(root)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def run_stage(
    work: Path, name: str, inputs: dict[str, Any], outputs: list[Path], run: Callable[[], None], *, force: bool = False
) -> bool:
    """Run a stage unless its record says that it is done.

    Parameters
    ----------
    work : Path
        Work folder; records live in `<work>/stages`.
    name : str
        Name of the stage.
    inputs : dict
        Everything the result depends on, as JSON values; the code is added here.
    outputs : list of Path
        Files that the stage writes.
    run : callable
        Does the work.
    force : bool
        Run even if nothing changed.

    Returns
    -------
    bool
        True if the stage ran, False if its outputs were reused.
    """
    record_path = _record(work, name)
    key = hashlib.sha256(json.dumps([inputs, code_fingerprint()], sort_keys=True, default=str).encode()).hexdigest()
    if not force and _matches(work, record_path, key, outputs):
        return False
    record_path.unlink(missing_ok=True)
    run()
    write_checked(record_path, {"key": key, "outputs": {_named(work, path): sha256_of(path) for path in outputs}})
    return True


def is_recorded(work: Path, name: str) -> bool:
    """Whether a stage says that it has written something."""
    return _record(work, name).is_file()


def forget(work: Path, name: str) -> None:
    """Take a stage's record away: what it wrote is no longer believed."""
    _record(work, name).unlink(missing_ok=True)


def _record(work: Path, name: str) -> Path:
    return work / "stages" / f"{name}.json"


def _named(work: Path, path: Path) -> str:
    """A file in the record: relative to the work folder, so that the folder may be moved as a whole."""
    return path.relative_to(work).as_posix() if path.is_relative_to(work) else str(path)


def _matches(work: Path, record_path: Path, key: str, outputs: list[Path]) -> bool:
    try:
        record = read_checked(record_path)
        recorded = record["outputs"]
        return bool(
            record["key"] == key
            and set(recorded) == {_named(work, path) for path in outputs}
            and all(path.is_file() and sha256_of(path) == recorded[_named(work, path)] for path in outputs)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def lock_folder(work: Path) -> Iterator[None]:
    """Hold a work folder for this process; a second process fails at once and hears who holds it."""
    work.mkdir(parents=True, exist_ok=True)

    def busy(holder: str) -> BusyError:
        return BusyError("work_folder_in_use", holder=holder, work=work)

    with exclusive(work / ".lock", busy):
        for folder in (work, work / "stages"):
            remove_leftovers(folder)
        yield
