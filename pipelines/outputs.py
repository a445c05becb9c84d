"""Files that a person asks for with `--out`: what may be overwritten, and how they are put in place.

Only what holdfast itself wrote is overwritten. A Parquet file of ours says so itself (`configs.sealed`); of every file
the work folder keeps the hash, noted before the file is put in place, so that a file which somebody changed since, or
put there instead, is recognised.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from configs.errors import SettingsError
from configs.files import Content, read_checked, sha256_of, write_checked, write_set
from configs.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

OWN_FOLDERS = (
    "canonical",
    "quarantine",
    "training",
    "candidate",
    "evaluation",
    "runs",
    "stages",
    "outputs",
    "tuning",
    "mlartifacts",
    "recorded",
)
"""Folders of the work folder that a stage alone writes to."""


def scores_files(path: Path) -> list[Path]:
    """Everything that a scoring run writes, the scores themselves first."""
    beside = [path.with_name(f"{path.stem}_{name}") for name in ("report.html", "report.json")]
    beside += [path.with_name(f"{path.stem}_{name}.parquet") for name in ("changes", "moves")]
    return [path, *([path.with_suffix(".csv")] if path.suffix == ".parquet" else []), *beside]


def default_scores(settings: Settings) -> Path:
    """Where scores go unless `--out` names a file."""
    return settings.work / "scores.parquet"


def check_out(settings: Settings, paths: Iterable[Path]) -> None:
    """Refuse files that must not be written, before any work is done.

    Raises
    ------
    SettingsError
        One is an input or would be read as one, lies among our own files, or is there already and is not ours.
    """
    always = {path.resolve() for path in scores_files(default_scores(settings))}
    always.add((settings.work / "tuned.yaml").resolve())
    for path in paths:
        place = path.resolve()
        if (table := _source_at(settings, place)) is not None:
            fields = {"value": str(path), "table": table}
            if place.is_file():
                raise SettingsError("out_is_a_source", code="out_is_input", **fields)
            raise SettingsError("out_would_be_a_source", code="out_is_input", **fields)
        if (folder := _own_folder(settings, place)) is not None:
            raise SettingsError("out_is_our_own", code="out_is_own", value=str(path), folder=folder)
        if not place.exists() or place in always:
            continue
        if not place.is_file():
            raise SettingsError("out_is_no_file", code="out_not_ours", value=str(path))
        if not _is_ours(settings, place):
            raise SettingsError("out_not_ours", code="out_not_ours", value=str(path))


def put(settings: Settings, files: Mapping[Path, Content], *, gone: Iterable[Path] = ()) -> None:
    """Put files together in place, readable by their owner alone, and note that they are ours."""

    def note(hashes: dict[Path, str]) -> None:
        for path, digest in hashes.items():
            place = path.resolve()
            ours = place.is_file() and _is_noted(settings, place)
            _note(settings, place, {digest, sha256_of(place)} if ours else {digest})

    for path, digest in write_set(files, gone=gone, private=True, before=note).items():
        _note(settings, path.resolve(), {digest})


def put_table(settings: Settings, table: pd.DataFrame, path: Path) -> None:
    """Put one table in place, as CSV for people or as Parquet."""
    from configs.spreadsheets import put_table as write

    put(settings, {path: lambda aside: write(table, aside)})


def _source_at(settings: Settings, place: Path) -> str | None:
    """The table that is read from a place, or would be if there were a file."""
    paths = {name: source.path for name, source in settings.data.sources().items()} | {"rates": settings.data.rates}
    for name, path in paths.items():
        if path is None or str(path).startswith("package:"):
            continue
        source = settings.path(path)
        beside_work = not place.is_relative_to(settings.work.resolve())
        inside = source.is_dir() and place.is_relative_to(source.resolve()) and beside_work
        same = place.exists() and source.exists() and place.samefile(source)
        if inside or same or place == source.resolve() or fnmatch.fnmatch(str(place), str(source)):
            return name
    return None


def _own_folder(settings: Settings, place: Path) -> Path | None:
    folders = [settings.work / name for name in OWN_FOLDERS] + [settings.bundle_store]
    return next((folder for folder in folders if place.is_relative_to(folder.resolve())), None)


def _is_ours(settings: Settings, place: Path) -> bool:
    from configs.sealed import seal_of

    if place.suffix == ".parquet" and seal_of(place) is not None:
        return True
    return _is_noted(settings, place)


def _note(settings: Settings, place: Path, hashes: set[str]) -> None:
    noted = {"path": _named(settings, place), "sha256": sorted(hashes)}
    write_checked(_note_of(settings, place), noted, private=True)


def _is_noted(settings: Settings, place: Path) -> bool:
    """Whether what lies at a place is what was noted for it."""
    try:
        noted = read_checked(_note_of(settings, place))
        return bool(noted["path"] == _named(settings, place) and sha256_of(place) in noted["sha256"])
    except (OSError, ValueError, KeyError):
        return False


def _note_of(settings: Settings, place: Path) -> Path:
    name = hashlib.sha256(_named(settings, place).encode()).hexdigest()[:24]
    return settings.work / "outputs" / f"{name}.json"


def _named(settings: Settings, place: Path) -> str:
    """A place as seen from the work folder, so that a project may be moved as a whole."""
    return os.path.relpath(place, settings.work.resolve())
