"""The last two scoring runs of a work folder, kept so that the next one can say what changed.

`<workdir>/runs` holds the scores tables of the last run and of the one before it, wherever their users put or moved
their own copies; `runs.json` says which is which, and is replaced in one step. A repetition of the last run (same
moment, model and data) is compared with what the last run was compared with, so running a command twice gives the same
answer twice.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from configs.errors import DataError
from configs.files import Content, atomic_path, json_bytes, read_checked, remove_leftovers, sha256_of, write_checked
from configs.progress import Progress
from configs.settings import Settings
from features.manifest import data_hash
from retention.scoring.scores_table import RunStamp, read_scores, write_scores

if TYPE_CHECKING:
    from features.engine import Tables
    from retention.scoring.changes import Changes
    from retention.scoring.scorer import Scorer

INDEX = "runs.json"
Which = Literal["last", "before"]


def runs_folder(settings: Settings) -> Path:
    """Where the last two runs are kept."""
    return settings.work / "runs"


def data_of(settings: Settings) -> str:
    """What the canonical tables hold and mean: changes with every row of them."""
    return data_hash(settings.canonical)


def kept_run(settings: Settings, which: Which) -> tuple[Path, RunStamp] | None:
    """The scores table of a kept run and what it was made of; None where no such run is kept.

    Raises
    ------
    DataError
        What is kept is not what was written.
    """
    folder = runs_folder(settings)
    try:
        entry = read_checked(folder / INDEX)[which]
        if entry is None:
            return None
        path = folder / entry["file"]
        if sha256_of(path) != entry["sha256"]:
            raise ValueError
        return path, RunStamp(**entry["stamp"])
    except FileNotFoundError as error:
        if Path(error.filename).name == INDEX:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise DataError("kept_run_changed", code="runs_changed", file=str(folder))


def earlier_run(settings: Settings, stamp: RunStamp) -> Path | None:
    """The scores table that a run with this stamp is compared with, None where there is none before it.

    Raises
    ------
    DataError
        As for `kept_run`.
    """
    last = kept_run(settings, "last")
    if last is not None and last[1] == stamp:
        last = kept_run(settings, "before")
    return None if last is None else last[0]


def keep_run(settings: Settings, scores: pd.DataFrame, path: Path, stamp: RunStamp) -> None:
    """Keep this run as the last one; what was the last one is the one before, unless this repeats it."""
    folder = runs_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    try:
        index = read_checked(folder / INDEX)
        repeated = index["last"] is not None and index["last"]["stamp"] == asdict(stamp)
        before = index["before"] if repeated else index["last"]
    except (OSError, ValueError, KeyError, TypeError):
        before = None
    name = f"{hashlib.sha256(json_bytes(asdict(stamp))).hexdigest()[:24]}.parquet"
    if path.suffix == ".parquet":
        with atomic_path(folder / name, private=True) as aside:
            shutil.copyfile(path, aside)
    else:
        write_scores(scores, folder / name, stamp=stamp)
    entry = {"file": name, "sha256": sha256_of(folder / name), "stamp": asdict(stamp)}
    write_checked(folder / INDEX, {"last": entry, "before": before})
    kept = {name, before["file"] if before is not None else name}
    for old in folder.glob("*.parquet"):
        if old.name not in kept:
            old.unlink()


def since_earlier(
    settings: Settings,
    scorer: Scorer,
    tables: Tables,
    scores: pd.DataFrame,
    earlier: Path | None,
    progress: Progress,
) -> tuple[pd.DataFrame, Changes | None]:
    """The scores with what changed since an earlier run, and all of that as tables; None without an earlier run."""
    from retention.scoring.change_split import split_since
    from retention.scoring.changes import changes_since
    from retention.scoring.scorer import load_scorer

    if earlier is None:
        return scores, None
    few = scores["customer_id"].tolist() if len(scores) == 1 else None
    previous = read_scores(earlier, customers=few, lists=False)
    split = split_since(
        previous,
        scores,
        scorer,
        tables,
        lambda version: load_scorer(settings, bundle_id=version, examine=few is None),
        progress=progress,
    )
    currency, asked = settings.data.currency, scorer.segments.fields
    changes = changes_since(previous, scores, split, currency=currency, asked=asked)
    lists = pd.Series(changes.lists, index=scores.index, dtype=object)
    return scores.assign(changes=lists), changes


def changes_files(changes: Changes | None, scores: Path) -> dict[Path, Content]:
    """`<scores>_changes.parquet` and `<scores>_moves.parquet` beside the scores; none where there is no earlier run."""
    from configs.spreadsheets import put_table

    if changes is None:
        return {}
    tables = {"changes": changes.differences, "moves": changes.comparison.movers}
    return {
        scores.with_name(f"{scores.stem}_{name}.parquet"): partial(put_table, table) for name, table in tables.items()
    }
