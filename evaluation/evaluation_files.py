"""An evaluation on the disk: two files that say themselves whether they are what was written."""

from __future__ import annotations

import hashlib
from pathlib import Path

from configs.errors import HoldfastError
from configs.files import checked_bytes, read_checked
from evaluation.backtest import Evaluation
from evaluation.frames import parquet_bytes, read_frame

EVALUATION_FILE, LOSSES_FILE = "evaluation.json", "losses.parquet"
STAMP = "written"
"""Key of evaluation.json under which the hash of the losses and what was tested stand."""


def evaluation_files(evaluation: Evaluation) -> dict[str, bytes]:
    """The files of an evaluation, by name; the first holds the hash of the second and its own."""
    losses_file = parquet_bytes(evaluation.losses)
    stamp = {"losses_sha256": hashlib.sha256(losses_file).hexdigest(), "made_of": evaluation.made_of}
    return {EVALUATION_FILE: checked_bytes({**evaluation.content, STAMP: stamp}), LOSSES_FILE: losses_file}


def load_evaluation(folder: Path) -> Evaluation:
    """Read what `evaluation_files` gave.

    Raises
    ------
    HoldfastError
        It is not there, or not what was written.
    """
    try:
        content = read_checked(folder / EVALUATION_FILE)
        stamp = content.pop(STAMP)
        data = (folder / LOSSES_FILE).read_bytes()
        whole = hashlib.sha256(data).hexdigest() == stamp["losses_sha256"]
    except (OSError, ValueError, KeyError):
        whole = False
    if not whole:
        raise HoldfastError(
            "evaluation_changed", code="evaluation_changed", file=str(folder / EVALUATION_FILE), folder=folder
        )
    return Evaluation(content, read_frame(data), stamp["made_of"])
