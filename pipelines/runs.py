"""The last two scoring runs of a work folder, kept so that the next one can say what changed.

`<workdir>/runs/last.parquet` is the scores table of the last run and `before.parquet` that of the one before it,
wherever their users put or moved their own copies. A repetition of the last run (same moment, model and data) is
compared with what the last run was compared with, so running a command twice gives the same answer twice.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from configs.files import atomic_path
from configs.progress import Progress
from configs.settings import Settings
from pipelines.stage_cache import sha256_of
from retention.scores_table import RunStamp, read_scores, read_stamp, write_scores

if TYPE_CHECKING:
    from features.engine import Tables
    from retention.changes import Changes
    from retention.scorer import Scorer

LAST, BEFORE = "last.parquet", "before.parquet"


def runs_folder(settings: Settings) -> Path:
    """Where the last two runs are kept."""
    return settings.work / "runs"


def data_of(settings: Settings) -> str:
    """SHA-256 of the manifest of the canonical tables: changes with every row of them."""
    manifest = settings.canonical / "MANIFEST.json"
    return sha256_of(manifest) if manifest.is_file() else ""


def earlier_run(settings: Settings, stamp: RunStamp) -> Path | None:
    """The scores table that a run with this stamp is compared with, None where there is none before it."""
    folder = runs_folder(settings)
    last, before = folder / LAST, folder / BEFORE
    kept = read_stamp(last)
    if kept is None:
        return None
    if kept != stamp:
        return last
    return before if read_stamp(before) is not None else None


def keep_run(settings: Settings, scores: pd.DataFrame, path: Path, stamp: RunStamp) -> None:
    """Keep this run as the last one; what was the last one is the one before, unless this repeats it."""
    folder = runs_folder(settings)
    last = folder / LAST
    if read_stamp(last) not in (None, stamp):
        with atomic_path(folder / BEFORE) as aside:
            shutil.copyfile(last, aside)
    if path.suffix != ".parquet":
        write_scores(scores, last, stamp=stamp)
        return
    with atomic_path(last) as aside:
        shutil.copyfile(path, aside)


def since_earlier(
    settings: Settings,
    scorer: Scorer,
    tables: Tables,
    scores: pd.DataFrame,
    earlier: Path | None,
    progress: Progress,
) -> tuple[pd.DataFrame, Changes | None]:
    """The scores with what changed since an earlier run, and all of that as tables; None without an earlier run."""
    from retention.change_split import split_since
    from retention.changes import changes_since
    from retention.scorer import load_scorer

    if earlier is None:
        return scores, None
    few = scores["customer_id"].tolist() if len(scores) == 1 else None
    previous = read_scores(earlier, customers=few, lists=False)
    split = split_since(
        previous,
        scores,
        scorer,
        tables,
        lambda version: load_scorer(settings, bundle_id=version),
        progress=progress,
    )
    changes = changes_since(previous, scores, split, currency=settings.data.currency)
    lists = pd.Series(changes.lists, index=scores.index, dtype=object)
    return scores.assign(changes=lists), changes


def write_changes(changes: Changes | None, scores: Path) -> None:
    """Write `<scores>_changes.parquet` and `<scores>_moves.parquet` beside the scores; none of an older run is left."""
    tables = {} if changes is None else {"changes": changes.differences, "moves": changes.comparison.movers}
    for name in ("changes", "moves"):
        path = scores.with_name(f"{scores.stem}_{name}.parquet")
        if name not in tables:
            path.unlink(missing_ok=True)
            continue
        with atomic_path(path) as aside:
            tables[name].to_parquet(aside, index=False)
