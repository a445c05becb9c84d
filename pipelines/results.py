"""What the stages hand to those who tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.backtest import Evaluation
    from retention.scoring.changes import Changes
    from training.gate import Decision


@dataclass(frozen=True)
class Registered:
    """What the last stage of training did.

    Attributes
    ----------
    bundle_id : str
        Id of the candidate in the bundle store.
    in_use : str
        Id of the bundle that answers from now on.
    decision : Decision
        Whether the gate promoted it, and why.
    version : int, optional
        Version in the model registry; None where it could not be written.
    meta : dict
        The bundle's facts.
    """

    bundle_id: str
    in_use: str
    decision: Decision
    version: int | None
    meta: dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """A whole training run: `evaluation` is None where the log is too short to hold a horizon back."""

    registered: Registered
    evaluation: Evaluation | None
    report: Path | None


@dataclass(frozen=True)
class Scored:
    """A scoring run: the table, its file, the page for people, and what changed since the run before (None: none)."""

    scores: pd.DataFrame
    path: Path
    report: Path
    changes: Changes | None
