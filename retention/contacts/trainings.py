"""Trainings and industry knowledge as contacts with a day: who, when, and how many a day one person can give.

Whom they are for is said by the catalogue (`CODES`), so a plan and the strategies on a customer's page agree. One
for falling use is planned only where a reason says what has fallen, and tells it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.conditions.expressions import Table
from retention.contacts.free_hours import FreeHours
from retention.entries import Fact, Reason, entries_of
from retention.strategies.catalogue_entries import Strategy

CODES = ("new_product_training", "product_training", "industry_knowledge")
"""Strategies that are trainings, in the order in which one of them is chosen for a customer."""
FOR_NEW = "new_product_training"


@dataclass(frozen=True)
class Training:
    """One planned training.

    Attributes
    ----------
    row : int
        Row of the table.
    strategy : str
        Code of the strategy.
    due : date
        A workday.
    reason : Reason or None
        What has fallen; None for a new customer.
    """

    row: int
    strategy: str
    due: date
    reason: Reason | None


def planned_trainings(
    table: pd.DataFrame,
    strategies: Sequence[Strategy],
    may: dict[str, NDArray[np.bool_]],
    owners: Sequence[str | None],
    hours: FreeHours,
    *,
    after_days: int,
    per_day: int,
    treatments: pd.DataFrame | None = None,
) -> list[Training]:
    """Who is trained on which day, the most valuable first.

    Parameters
    ----------
    table : DataFrame
        Scores with the profile; a fresh index.
    strategies : sequence of Strategy
        Of the catalogue; those in `CODES` count.
    may : dict of str to ndarray of bool
        Per strategy code, who may be contacted for it.
    owners : sequence of str or None
        Who looks after each customer.
    hours : FreeHours
        The days of the plan, and on which of them each owner works.
    after_days : int
        Days that a new customer is given to try the first purchase.
    per_day : int
        Trainings that one owner (or those without an owner together) can have on a workday; what does not fit before
        `last` waits for a later plan.
    treatments : DataFrame, optional
        Earlier contacts; who had the same training within its `every_days` is left out.
    """
    known = {strategy.code: strategy for strategy in strategies if strategy.code in CODES}
    conditions = Table(table)
    taken = np.zeros(len(table), dtype=np.bool_)
    wanted: list[tuple[int, str, date, Reason | None]] = []
    for code in (code for code in CODES if code in known):
        strategy = known[code]
        fits = (
            strategy.condition.holds(conditions) & may[code] & ~taken & ~_had(table, strategy, hours.first, treatments)
        )
        if strategy.contraindication is not None:
            fits &= ~strategy.contraindication.holds(conditions)
        for row in np.flatnonzero(fits).tolist():
            reason = None if code == FOR_NEW else _fallen(table["reasons"].iat[row], strategy)
            if code != FOR_NEW and reason is None:
                continue
            taken[row] = True
            wanted.append((row, code, _earliest(table, row, code, hours.first, after_days), reason))
    return _spread(table, wanted, owners, hours, per_day)


def _had(table: pd.DataFrame, strategy: Strategy, start: date, treatments: pd.DataFrame | None) -> NDArray[np.bool_]:
    if treatments is None or treatments.empty:
        return np.zeros(len(table), dtype=np.bool_)
    since = pd.Timestamp(start) - pd.Timedelta(days=strategy.every_days)
    same = (treatments["strategy"] == strategy.code) & (treatments["treated_at"] >= since)
    return np.asarray(table["customer_id"].isin(treatments.loc[same, "customer_id"]), dtype=np.bool_)


def _fallen(reasons: Any, strategy: Strategy) -> Reason | None:
    """The first reason that raises the risk, is answered by the training, and compares with the customer's own past."""
    for reason in entries_of(Reason, reasons):
        own = any(fact.compared_with == "own" for fact in entries_of(Fact, reason.facts))
        if own and reason.driver in strategy.drivers and (reason.points or 0.0) > 0:
            return reason
    return None


def _earliest(table: pd.DataFrame, row: int, code: str, start: date, after_days: int) -> date:
    since: Any = table["stage_since"].iat[row] if "stage_since" in table.columns else None
    if code != FOR_NEW or table["stage"].iat[row] != "first_time" or since is None or pd.isna(since):
        return start
    return max(start, pd.Timestamp(since).date() + timedelta(days=after_days))


def _spread(
    table: pd.DataFrame,
    wanted: list[tuple[int, str, date, Reason | None]],
    owners: Sequence[str | None],
    hours: FreeHours,
    per_day: int,
) -> list[Training]:
    value = pd.to_numeric(table["lifetime_value"]).fillna(0.0).tolist() if "lifetime_value" in table.columns else None
    ids = table["customer_id"].tolist()
    full: dict[tuple[str | None, date], int] = defaultdict(int)
    planned = []
    for row, code, earliest, reason in sorted(wanted, key=lambda one: (-value[one[0]] if value else 0.0, ids[one[0]])):
        owner, day = owners[row], earliest
        while day <= hours.last and (not hours.works(owner, day) or full[owner, day] >= per_day):
            day += timedelta(days=1)
        if day <= hours.last:
            full[owner, day] += 1
            planned.append(Training(row, code, day, reason))
    return planned
