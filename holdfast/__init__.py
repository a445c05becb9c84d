"""The front door for Python: what a notebook needs, under one name. Re-exports and thin calls, no logic.

Nothing heavy is imported before it is used: ``import holdfast`` reads the names below and no more.

Examples
--------
>>> import holdfast
>>> settings = holdfast.load_settings("holdfast.yaml")
>>> scores = holdfast.score(settings)
>>> scores["churn_probability"].between(0, 1).all()
np.True_
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from configs.errors import HoldfastError
    from configs.settings import Settings, load_settings
    from features.data import Tables, tables_from_arrow
    from features.ingestion.report import DataReport
    from holdfast._calls import features, ingest, open_tables, score, simulate, train
    from holdfast._explanation import explain
    from pipelines.results import Trained
    from retention.scoring.scorer import Scorer, load_scorer

__version__ = "0.1.0"

_PLACES = {
    "DataReport": "features.ingestion.report",
    "HoldfastError": "configs.errors",
    "Scorer": "retention.scoring.scorer",
    "Settings": "configs.settings",
    "Tables": "features.data",
    "Trained": "pipelines.results",
    "explain": "holdfast._explanation",
    "features": "holdfast._calls",
    "ingest": "holdfast._calls",
    "load_scorer": "retention.scoring.scorer",
    "load_settings": "configs.settings",
    "open_tables": "holdfast._calls",
    "score": "holdfast._calls",
    "simulate": "holdfast._calls",
    "tables_from_arrow": "features.data",
    "train": "holdfast._calls",
}
"""Where each public name lives."""

__all__ = [
    "DataReport",
    "HoldfastError",
    "Scorer",
    "Settings",
    "Tables",
    "Trained",
    "__version__",
    "explain",
    "features",
    "ingest",
    "load_scorer",
    "load_settings",
    "open_tables",
    "score",
    "simulate",
    "tables_from_arrow",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
