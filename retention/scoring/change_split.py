"""Where the difference of two scores comes from: corrected data, time passing, new behaviour, another model.

The difference is split by five predictions, each differing from the one before in one thing only, in this order::

    p1  old model, data as known then,            at the old moment     the score shown then
    p2  old model, data as known now (corrected), at the old moment     p2 - p1  = corrected data
    p3  old model, no events after the old moment, at the new moment    p3 - p2  = time passing
    p4  old model, all events,                     at the new moment    p4 - p3  = new behaviour
    p5  new model, all events,                     at the new moment    p5 - p4  = another model

The parts telescope, so they add up to ``p5 - p1`` exactly; the order is fixed and stated because another order would
share interactions differently. A row that happened before the old moment but was recorded after it was not known then:
it is corrected data. Where the old model is gone, p2 to p4 are made by the new one, and what the data and the model did
is told as one part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from configs.catalogue import phrase
from configs.errors import BundleError, InvariantError
from configs.progress import SILENT, Progress
from features.catalog import CATALOGUE
from features.engine import compute_features
from retention.profile.attributes import number

if TYPE_CHECKING:
    from features.engine import Tables
    from retention.scoring.scorer import Scorer

FIELDS = ("churn_probability", "expected_spend", "lifetime_value")
"""Columns of the scores table whose differences are split."""
PARTS = ("data", "time", "behaviour", "model", "data_or_model")
"""Causes in the order of the split; the last only where the first and the fourth cannot be told apart."""
NO_EARLIER_MODEL, LATER_MOMENT, NOT_KNOWN_THEN, OTHER_HORIZON = (
    "no_earlier_model",
    "later_moment",
    "not_known_then",
    "other_horizon",
)
"""Why a difference is not split, or not whole: keys of `changes.codes` in the texts."""

_COLUMNS = ("customer_id", "field", "before", "after", "difference", *PARTS, "code")


def split_difference(
    old: pd.Series,
    corrected: pd.Series,
    no_new_events: pd.Series,
    all_events: pd.Series,
    new: pd.Series,
    *,
    same_model: bool = True,
) -> pd.DataFrame:
    """Split the difference of two scores into corrected data, time passing, behaviour and model.

    Parameters
    ----------
    old : Series
        p1, index customer_id: old model, data as known then, old moment.
    corrected : Series
        p2: old model, data as known now, old moment.
    no_new_events : Series
        p3: old model, only events before the old moment, new moment.
    all_events : Series
        p4: old model, all events, new moment.
    new : Series
        p5: new model, all events, new moment.
    same_model : bool
        False: p2 to p4 were made by the new model, because the old one is gone; p2 - p1 is then `data_or_model`.

    Returns
    -------
    DataFrame
        Index customer_id (customers that all five know); columns before, after, difference and `PARTS`, which add up
        to the difference.

    Raises
    ------
    InvariantError
        The parts do not add up.
    """
    shared = old.dropna().index
    for other in (corrected, no_new_events, all_events, new):
        shared = shared.intersection(other.dropna().index, sort=False)
    p1, p2, p3, p4, p5 = (one.loc[shared].astype(float) for one in (old, corrected, no_new_events, all_events, new))
    nothing = pd.Series(0.0, index=shared)
    found = pd.DataFrame(
        {
            "before": p1,
            "after": p5,
            "difference": p5 - p1,
            "data": p2 - p1 if same_model else nothing,
            "time": p3 - p2,
            "behaviour": p4 - p3,
            "model": p5 - p4,
            "data_or_model": nothing if same_model else p2 - p1,
        }
    )
    gap = (found[list(PARTS)].sum(axis=1) - found["difference"]).abs()
    limit = 1e-9 * np.maximum(1.0, found[["before", "after"]].abs().max(axis=1))
    if bool((gap > limit).any()):
        worst = str(gap.idxmax())
        raise InvariantError("change_parts_do_not_add_up", customer_id=worst)
    return found


@dataclass(frozen=True)
class Split:
    """The differences between two runs, split.

    Attributes
    ----------
    table : DataFrame
        One row per customer of both runs and field of `FIELDS` that both know: customer_id, field, before, after,
        difference, the five parts (NaN where nothing can be told), code (why not, or not whole; else empty). Sorted by
        field and the order of the current scores.
    codes : tuple of str
        What holds for the run as a whole: `no_earlier_model`, `later_moment`, `other_horizon`.
    """

    table: pd.DataFrame
    codes: tuple[str, ...] = ()


def differences(previous: pd.DataFrame, current: pd.DataFrame) -> Split:
    """Before, after and difference of every customer of both runs, not split yet.

    A field is left out where the two runs speak of another number of days (`other_horizon`).
    """
    before = previous.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    after = current.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    shared = after.index[after.index.isin(before.index)]
    codes: list[str] = []
    parts = []
    for field in FIELDS:
        if field not in before.columns or field not in after.columns:
            continue
        days = "lifetime_days" if field == "lifetime_value" else "horizon_days"
        if days in before.columns and days in after.columns and _other_days(before[days], after[days]):
            codes = [OTHER_HORIZON]
            continue
        first, second = number(before.loc[shared], field), number(after.loc[shared], field)
        known = np.isfinite(first) & np.isfinite(second)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": shared[known],
                    "field": field,
                    "before": first[known],
                    "after": second[known],
                    "difference": second[known] - first[known],
                    **dict.fromkeys(PARTS, np.nan),
                    "code": "",
                }
            )
        )
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_COLUMNS))
    return Split(table[list(_COLUMNS)], tuple(codes))


def _other_days(before: pd.Series, after: pd.Series) -> bool:
    return set(before.dropna().unique().tolist()) != set(after.dropna().unique().tolist())


def split_since(
    previous: pd.DataFrame,
    current: pd.DataFrame,
    scorer: Scorer,
    tables: Tables,
    load_earlier: Callable[[str], Scorer],
    *,
    progress: Progress | None = None,
) -> Split:
    """Split the differences between an earlier scores table and one that was just made.

    Parameters
    ----------
    previous : DataFrame
        Scores table of the earlier run, at one moment and by one model.
    current : DataFrame
        Scores table just made by `scorer` from `tables`; only its customers are split.
    scorer : Scorer
        The model of the current run.
    tables : Tables
        What is known now.
    load_earlier : callable
        Gives the scorer of a bundle id; may raise `BundleError` where it is gone or must not be loaded.
    progress : Progress, optional
        Listens to the steps.
    """
    whole = differences(previous, current)
    if whole.table.empty:
        return whole
    then, now = _moment(previous), _moment(current)
    if then > now:
        return Split(whole.table.assign(code=LATER_MOMENT), (*whole.codes, LATER_MOMENT))
    listening = progress or SILENT
    old, codes = scorer, list(whole.codes)
    version = str(previous["model_version"].iloc[0]) if "model_version" in previous.columns else ""
    same_model = True
    if version != scorer.version:
        found = _earlier(version, load_earlier)
        same_model = found is not None
        old = found or scorer
        codes += [] if same_model else [NO_EARLIER_MODEL]
    customers = current["customer_id"].tolist() if len(current) < len(previous) // 2 else None
    with listening.step(phrase("steps.compare_with_run_before")):
        all_events = _shown(current) if old is scorer else _predicted(old, tables, [now], customers)[now]
        corrected = no_new_events = all_events
        if then < now:
            with tables.before(then, known_by=now) as earlier:
                by_moment = _predicted(old, earlier, [then, now], customers)
            corrected, no_new_events = by_moment[then], by_moment[now]
        parts = []
        for field, rows in whole.table.groupby("field", sort=False):
            name, table = str(field), rows.set_index("customer_id")
            p2, p3, p4 = corrected[name], no_new_events[name], all_events[name]
            told = split_difference(table["before"], p2, p3, p4, table["after"], same_model=same_model)
            table[list(PARTS)] = told[list(PARTS)].reindex(table.index)
            table["code"] = "" if same_model else NO_EARLIER_MODEL
            table.loc[table["time"].isna(), "code"] = NOT_KNOWN_THEN
            parts.append(table.reset_index())
    return Split(pd.concat(parts, ignore_index=True)[list(_COLUMNS)], tuple(codes))


def _earlier(version: str, load: Callable[[str], Scorer]) -> Scorer | None:
    """The scorer of the run before; None where it cannot answer as it did then."""
    try:
        found = load(version) if version else None
    except BundleError:
        return None
    # a feature that this version of the product does not know any more would be missing in every row
    return found if found is not None and all(name in CATALOGUE for name in found.feature_set.names) else None


def _moment(scores: pd.DataFrame) -> datetime:
    found: datetime = pd.Timestamp(scores["as_of"].max()).to_pydatetime()
    return found


def _shown(scores: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = scores.drop_duplicates("customer_id").set_index("customer_id")[list(FIELDS)]
    return found


def _predicted(
    scorer: Scorer, tables: Tables, moments: Sequence[datetime], customers: Sequence[str] | None
) -> dict[datetime, pd.DataFrame]:
    """`FIELDS` by customer at every moment, as the scorer's model sees these tables."""
    frame = compute_features(
        tables,
        moments,
        scorer.feature_set,
        customers=customers,
        reference_prices=scorer.prices if scorer.prices.num_rows else None,
    )
    found = {}
    for moment in moments:
        own = frame[(frame["as_of"] == pd.Timestamp(moment)).to_numpy()].reset_index(drop=True)
        predictions = scorer.suite.predict(own)[list(FIELDS)] if len(own) else pd.DataFrame(columns=list(FIELDS))
        found[moment] = predictions.set_index(pd.Index(own["customer_id"], name="customer_id"))
    return found
