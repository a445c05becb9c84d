"""Who is left alone, kept in the work folder: a customer stays held out from list to list, and from every kind of list.

The bands of risk that a hold-out is drawn within shift from run to run. Without the earlier arms the same customer
would be contacted on one list and left alone on the next, and no effect could be measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from configs.errors import DataError
from configs.files import read_checked, write_checked
from configs.settings import Settings
from retention.experiments.holdout import EXPERIMENT, HELD_OUT, TREATED, draw_arms

FILE = "arms.json"


def arms_file(settings: Settings) -> Path:
    """Where the arms of earlier lists are kept."""
    return settings.work / FILE


def earlier_arms(settings: Settings, experiment: str) -> dict[str, str]:
    """Arm by customer as earlier lists of an experiment drew it; empty before the first one.

    Raises
    ------
    DataError
        What is kept is not what was written.
    """
    path = arms_file(settings)
    try:
        kept = read_checked(path).get(experiment, {})
        return {customer: arm for arm in (TREATED, HELD_OUT) for customer in kept.get(arm, [])}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        raise DataError("arms_changed", code="arms_changed", file=str(path)) from None


def arms_of(settings: Settings, scores: pd.DataFrame) -> pd.Series[Any]:
    """The arm of every row of the scores, drawn once for all lists and kept: contacts, plan and audience agree on it.

    Takes the lock of the work folder.

    Parameters
    ----------
    settings : Settings
    scores : DataFrame
        `customer_id`, `churn_probability`.
    """
    from pipelines.stage_cache import lock_folder

    with lock_folder(settings.work):
        previous = earlier_arms(settings, EXPERIMENT)
        arms = draw_arms(scores, share=settings.retention.holdout_share, previous=previous)
        keep_arms(settings, EXPERIMENT, dict(zip(scores["customer_id"].tolist(), arms.tolist(), strict=True)))
    return arms


def keep_arms(settings: Settings, experiment: str, arms: Mapping[str, str]) -> None:
    """Keep the arms of a list beside those of customers not on it; call it under the lock of the work folder."""
    path = arms_file(settings)
    together = {**earlier_arms(settings, experiment), **arms}
    others = read_checked(path) if path.exists() else {}
    lists = {arm: sorted(name for name, own in together.items() if own == arm) for arm in (TREATED, HELD_OUT)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_checked(path, {**others, experiment: lists}, private=True)
