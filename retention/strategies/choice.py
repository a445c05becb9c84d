"""Which strategies a customer gets, why these, and why not the next one.

Fit comes before profit. Candidates are those whose condition holds, that fit (`retention.strategies.fit`) and that no
veto forbids. What is owed comes first, then one that answers the first reason, one that answers another, one that is
due by stage or kind of customer, then the rest in that order; among equals the larger profit decides, and no two of the
same kind are given. Who is in a sequence (a lost customer) gets its next step and nothing else. Without amounts there
is no profit: orders gained per unit of cost decide. Every row is decided by itself, so batch and service give the same
answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import Settings
from features.specs import TOLD_DRIVERS
from retention.entries import Offer, entry_rows
from retention.schema import PROFILE
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import EVIDENCE
from retention.strategies.effect_priors import MeasuredEffect
from retention.strategies.fit import DUTY, order_by_fit
from retention.strategies.offer import PricedOffers
from retention.strategies.pricing import price_strategies
from retention.strategies.strategy_texts import StrategyWriter, days_later, local_days

Floats = NDArray[np.float64]
CHUNK = 10_000
"""Customers priced at a time: their matrices stay in the cache."""

LIKELY = 1.2816
"""Standard deviations on both sides that hold 80 % of a normal distribution."""

OWN_EFFECT = "own_effect_"
"""Columns of the scores that tell, per strategy code, how much more than the average a customer is moved by it."""

INPUT_FIELDS = ("preferred_channel", "consent", "industry", "company_size", *(column.name for column in PROFILE))
"""Columns that are taken from the profile where the scores do not have them."""


def select_strategies(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    *,
    profile: pd.DataFrame | None = None,
    recent_contacts: pd.DataFrame | None = None,
    measured: Mapping[str, MeasuredEffect] | None = None,
) -> pd.Series[Any]:
    """Choose up to `retention.max_strategies` per customer.

    Parameters
    ----------
    scores : DataFrame
        The scores table; columns that conditions ask for and it does not have are unknown.
    catalogue : Catalogue
        From `load_catalogue`.
    settings : Settings
        Margin, staff cost, caps, currency.
    profile : DataFrame, optional
        Customers table (column or index customer_id); adds consent, preferred channel and the like.
    recent_contacts : DataFrame, optional
        Earlier treatments: customer_id, treated_at and, where known, strategy; only those before `as_of` count.
    measured : mapping of str to MeasuredEffect, optional
        Effects by strategy code that replace the catalogue's beliefs.

    Returns
    -------
    Series
        One list per row of `scores`, best first, of the fields of `retention.entries.Offer`.
    """
    chosen: list[list[dict[str, Any]]] = []
    for start in range(0, len(scores), CHUNK):
        part = with_profile(scores.iloc[start : start + CHUNK], profile)
        offer = price_strategies(part, catalogue, settings, recent_contacts=recent_contacts, measured=measured)
        chosen.extend(_entries(part, offer, catalogue, settings))
    return pd.Series(chosen, index=scores.index, dtype="object", name="strategies")


def with_profile(scores: pd.DataFrame, profile: pd.DataFrame | None) -> pd.DataFrame:
    """Scores with those profile columns that they lack, joined by customer_id."""
    if profile is None:
        return scores
    by_id = profile.set_index("customer_id") if "customer_id" in profile.columns else profile
    missing = [name for name in by_id.columns if name in INPUT_FIELDS and name not in scores.columns]
    if not missing:
        return scores
    added = by_id.loc[~by_id.index.duplicated(), missing].reindex(scores["customer_id"].to_numpy())
    return scores.assign(**{name: added[name].to_numpy() for name in missing})


def choose(offer: PricedOffers, limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best strategies per customer, no two of a kind, and for each the best one that comes after it.

    Returns
    -------
    chosen, following : ndarray of int, shape (n, limit)
        Column of the strategy, -1 where there is none. `following` counts the vetoed ones in.
    """
    rows = len(offer.eligible)
    kinds = sorted({strategy.kind for strategy in offer.strategies})
    kind = np.array([kinds.index(strategy.kind) for strategy in offer.strategies])
    mine, others = offer.allowed.copy(), offer.eligible.copy()
    used = np.zeros((rows, DUTY + 1), dtype=np.bool_)
    chosen = np.full((rows, limit), -1, dtype=np.int64)
    following = np.full((rows, limit), -1, dtype=np.int64)
    everyone = np.arange(rows)
    for place in range(limit if len(kind) else 0):
        best, there = _first(mine, order_by_fit(offer.fit, used), offer.rank)
        chosen[there, place] = best[there]
        others[everyone[there], best[there]] = False
        used[everyone[there], offer.fit[everyone, best][there]] = True
        mine[there[:, None] & (kind[None, :] == kind[best][:, None])] = False
        after, more = _first(others, order_by_fit(offer.fit, used), offer.rank)
        following[there & more, place] = after[there & more]
    return chosen, following


def _first(
    candidates: NDArray[np.bool_], order: NDArray[np.int16], rank: Floats
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The candidate of the highest order, among equals of the highest rank, and whether there is any."""
    lowest = np.iinfo(np.int16).min
    level = np.where(candidates, order, lowest)
    top = level.max(axis=1)
    best = np.where(level == top[:, None], rank, -np.inf).argmax(axis=1)
    return best, top > lowest


def _entries(
    scores: pd.DataFrame,
    offer: PricedOffers,
    catalogue: Catalogue,
    settings: Settings,
) -> list[list[dict[str, Any]]]:
    chosen, following = choose(offer, settings.retention.max_strategies)
    writer = StrategyWriter(scores, offer, catalogue, settings)
    drivers = list(TOLD_DRIVERS)
    found, places = np.nonzero(chosen >= 0)
    picked, after = chosen[found, places], following[found, places]
    rows, columns, then_columns = found.tolist(), picked.tolist(), after.tolist()
    picks = chosen.tolist()
    why = [writer.why(row, column) for row, column in zip(rows, columns, strict=True)]
    why_not = [
        writer.why_not_next(row, column, then, picks[row][: place + 1])
        for row, column, then, place in zip(rows, columns, then_columns, places.tolist(), strict=True)
    ]
    own = [offer.strategies[column] for column in columns]
    measured = offer.evidence[found, picked] > EVIDENCE.index("rule")
    profit, spread = offer.profit[found, picked], offer.spread[found, picked]
    profit[~offer.priced[found]] = np.nan
    days = local_days(scores, settings.data.timezone)
    today = [days[row] for row in rows]
    return entry_rows(
        Offer,
        len(scores),
        found,
        {
            "code": [one.code for one in own],
            "kind": [one.kind for one in own],
            "name_en": [one.name.en for one in own],
            "name_zh": [one.name.zh for one in own],
            "why_en": [en for en, _ in why],
            "why_zh": [zh for _, zh in why],
            "next_code": [offer.strategies[then].code if then >= 0 else None for then in then_columns],
            "why_not_next_en": [en for en, _ in why_not],
            "why_not_next_zh": [zh for _, zh in why_not],
            "expected_profit": _money_list(np.where(measured, profit, np.nan)),
            "profit_low": _money_list(np.where(measured, np.nan, profit - spread)),
            "profit_high": _money_list(np.where(measured, np.nan, profit + spread)),
            "cost": [round(cost, 4) for cost in offer.cost[found, picked].tolist()],
            "staff_minutes": offer.minutes[found, picked].tolist(),
            "effect": [round(effect, 6) for effect in offer.effect[found, picked].tolist()],
            "spend_uplift": offer.uplift[found, picked].tolist(),
            "evidence": [EVIDENCE[grade] for grade in offer.evidence[found, picked].tolist()],
            "channel": [offer.channels[channel] for channel in offer.channel[found, picked].tolist()],
            "step": [one or None for one in offer.step[found, picked].tolist()],
            "steps": [one or None for one in offer.steps[found, picked].tolist()],
            "not_before": days_later(today, np.where(offer.wait[found, picked] > 0, offer.wait[found, picked], np.nan)),
            "due_by": days_later(today, offer.left[found, picked]),
            "driver": [drivers[one] if one >= 0 else None for one in offer.driver[found, picked].tolist()],
        },
    )


def _money_list(amounts: Floats) -> list[float | None]:
    return [None if np.isnan(one) else round(one, 4) for one in amounts.tolist()]
