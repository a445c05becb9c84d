"""The model card: what a bundle is for, what it was trained on, how good it is, where it ends; JSON and HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from configs.settings import Settings
from configs.timestamps import format_moment
from evaluation.backtest import Evaluation
from reporting.pages import page
from reporting.training_report import headline

CARD_JSON, CARD_HTML = "card/card.json", "card/card.html"


def card_content(settings: Settings, meta: Mapping[str, Any], evaluation: Evaluation | None) -> dict[str, Any]:
    """Content of the card as JSON values.

    Parameters
    ----------
    settings : Settings
        For horizons and language.
    meta : mapping
        Facts of the fitted candidate (`training.fit.FittedBundle.meta`).
    evaluation : Evaluation or None
        The out-of-time test of the same procedure, if the log allows one.
    """
    tested = None
    if evaluation is not None:
        content = evaluation.content
        tested = {
            "grade": content["grade"],
            "test_date": content["test_date"],
            "figures": headline(content),
            "metrics": content["metrics"]["holdfast"],
            "best": content["best"],
            "lifetime": content["lifetime"],
        }
    return {
        "format": 1,
        "as_of": meta["as_of"],
        "as_of_date": format_moment(datetime.fromisoformat(meta["as_of"]), settings.data.timezone),
        "horizon_days": settings.targets.horizon_days,
        "lifetime_days": settings.targets.lifetime_days,
        "horizons": list(settings.targets.all_horizons),
        "training": meta["training"],
        "customers": meta["customers"],
        "data_hash": meta["data_hash"],
        "rhythm": meta["rhythm"],
        "evaluation": tested,
    }


def card_files(content: dict[str, Any], language: str) -> dict[str, bytes]:
    """The card as the two files of a bundle."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    return {
        CARD_JSON: (text + "\n").encode(),
        CARD_HTML: page("card.html", language, date=content["as_of_date"], c=content).encode(),
    }
