"""Which strategies a customer gets, why these, and why not the next one.

For customer i and strategy s, with P = probability of an order in the horizon and V = spend if there is one::

    shift   = logit(0.5 + orders_points) * (1 + driver_match * match)       log-odds
    effect  = sigmoid(logit(P) + shift) - P + own                            change of P
    gain    = margin * V * (effect + P * spend_uplift)
    cost    = contact + minutes / 60 * hour + discount * order value * (P + effect)
    profit  = gain - cost

`match` is the share of the customer's risk points that the strategy's drivers explain, or of the protective points that
it builds on, whichever is larger; it counts for beliefs that rest on a rule, because what was measured was measured on
customers whom the strategy matched. `own` is how much more than the average customer this one is moved, where that was
learned (`retention.experiments.individual_effects`), else 0. Candidates are those whose condition holds and that no
veto forbids; the best by profit comes first, and no two of the same kind are given. Without amounts there is no profit:
candidates are ranked by orders gained per unit of cost. Every row is decided by itself, so batch and service give the
same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import Settings
from features.specs import TOLD_DRIVERS
from retention.conditions.consent import allowed_channels
from retention.conditions.expressions import Table
from retention.conditions.fields import CHANNELS
from retention.entries import Offer, entry_rows
from retention.schema import PROFILE
from retention.strategies.catalogue import EVIDENCE, Catalogue, Strategy
from retention.strategies.effect_priors import MeasuredEffect, believed, effect_segments
from retention.strategies.offer import PricedOffers
from retention.strategies.strategy_texts import StrategyWriter
from retention.strategies.vetoes import veto_index, vetoes

Floats = NDArray[np.float64]
CHUNK = 10_000
"""Customers priced at a time: their matrices stay in the cache."""

DUTY_FIRST = 1e12
"""Added to the rank of what is owed to the customer: it comes before anything that is merely profitable."""

OWN_EFFECT = "own_effect_"
"""Columns of the scores that tell, per strategy code, how much more than the average a customer is moved by it."""

INPUT_FIELDS = ("preferred_channel", "consent", "industry", "company_size", *(column.name for column in PROFILE))
"""Columns that are taken from the profile where the scores do not have them."""


@dataclass(frozen=True)
class _Money:
    """Per customer: P(order), spend if active, value of one order; shape (n,) each, NaN where there are no amounts."""

    active: Floats
    spend_if_active: Floats
    order_value: Floats
    priced: NDArray[np.bool_]


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


def price_strategies(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    *,
    recent_contacts: pd.DataFrame | None = None,
    measured: Mapping[str, MeasuredEffect] | None = None,
) -> PricedOffers:
    """Eligibility, vetoes, effect, cost and profit of every strategy for every customer (see the module's formulas)."""
    table = Table(scores)
    strategies = catalogue.strategies
    rows, count = len(scores), len(strategies)
    money = _money(scores, catalogue)
    channels, channel, consented = _channels(scores, catalogue)
    shares, leading = _driver_shares(table.points())
    retention = settings.retention
    veto = vetoes(table, catalogue, channel, channels, consented, recent_contacts, settings)
    eligible = np.zeros((rows, count), dtype=np.bool_, order="F")
    effect, uplift, cost, minutes = (np.zeros((rows, count), order="F") for _ in range(4))
    evidence = np.zeros((rows, count), dtype=np.int8, order="F")
    segments = _segments(scores)
    risk_driver = np.full((rows, count), -1, dtype=np.int8, order="F")
    strength_driver = np.full((rows, count), -1, dtype=np.int8, order="F")
    channel_cost = np.array([catalogue.channels[name].cost for name in channels])
    channel_minutes = np.array([catalogue.channels[name].staff_minutes for name in channels])
    odds = np.clip(money.active, 1e-6, 1 - 1e-6) / np.clip(1 - money.active, 1e-6, 1 - 1e-6)
    for column, strategy in enumerate(strategies):
        eligible[:, column] = strategy.condition.holds(table)
        match = _match(strategy, shares, leading, column, risk_driver, strength_driver)
        points, uplift[:, column], evidence[:, column] = believed(strategy, measured, segments)
        matched = 1 + catalogue.selection.driver_match * match * (evidence[:, column] == EVIDENCE.index("rule"))
        shifted = odds * np.exp(np.log((0.5 + points) / (0.5 - points)) * matched)
        own = np.nan_to_num(_number(scores, f"{OWN_EFFECT}{strategy.code}"))
        effect[:, column] = np.clip(shifted / (1 + shifted) - money.active + own, -money.active, 1 - money.active)
        minutes[:, column] = strategy.staff_minutes + channel_minutes[channel[:, column]]
        contact = (strategy.cost + channel_cost[channel[:, column]]) * retention.contact_cost_scale
        given = strategy.discount * np.nan_to_num(money.order_value) * (money.active + effect[:, column])
        cost[:, column] = contact + minutes[:, column] / 60 * retention.staff_hour_cost + given
    gain = retention.margin * money.spend_if_active[:, None] * (effect + money.active[:, None] * uplift)
    profit = gain - cost
    rank = np.where(money.priced[:, None], profit, (effect + money.active[:, None] * uplift) / (1 + cost))
    unprofitable = 1 + veto_index(catalogue)["unprofitable"]
    duty = np.array([strategy.duty for strategy in strategies])
    rank = np.where(duty[None, :], rank + DUTY_FIRST, rank)
    veto[(veto == 0) & money.priced[:, None] & (profit < 0) & ~duty[None, :]] = unprofitable
    return PricedOffers(
        strategies, eligible, veto, effect, uplift, evidence, cost, minutes, profit, rank, channel, channels,
        risk_driver, strength_driver, money.priced,
    )  # fmt: skip


def _segments(scores: pd.DataFrame) -> NDArray[np.object_]:
    """Segments of measured effects; None where the last order is not told."""
    if not {"days_since_last_order", "horizon_days"} <= set(scores.columns):
        return np.full(len(scores), None, dtype=object)
    kind = scores["customer_type"].to_numpy(dtype=object) if "customer_type" in scores.columns else None
    with np.errstate(invalid="ignore"):
        active = _number(scores, "days_since_last_order") <= _number(scores, "horizon_days")
    return effect_segments(kind, active)


def _number(scores: pd.DataFrame, name: str) -> Floats:
    if name not in scores.columns:
        return np.full(len(scores), np.nan)
    return np.asarray(pd.to_numeric(scores[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))


def _money(scores: pd.DataFrame, catalogue: Catalogue) -> _Money:
    churn = _number(scores, "churn_probability")
    active = 1 - np.where(np.isnan(churn), 0.5, churn)  # nothing known: even odds, the effect as written
    spend = _number(scores, "expected_spend")
    orders = _number(scores, "expected_orders")
    if_active = np.clip(spend, 0, None) / np.maximum(active, catalogue.selection.min_active_probability)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_order = np.where(orders > 0, np.clip(spend, 0, None) / orders, np.nan)
    for name in ("mean_order_value_365d", "mean_order_value_ever"):
        per_order = np.where(np.isnan(per_order), _number(scores, name), per_order)
    # One order cannot be worth more than all orders of an active customer.
    per_order = np.minimum(np.where(np.isnan(per_order), if_active, per_order), if_active)
    return _Money(active, if_active, per_order, ~np.isnan(if_active))


def _channels(
    scores: pd.DataFrame, catalogue: Catalogue
) -> tuple[tuple[str, ...], NDArray[np.int8], NDArray[np.bool_]]:
    """Names of channels, channel index per customer × strategy, and whether the customer agreed to it for marketing."""
    names = (*CHANNELS, "ads", "none")
    allowed = allowed_channels(scores)
    wanted = np.full(len(scores), -1)
    if "preferred_channel" in scores.columns:
        texts = scores["preferred_channel"].astype("object")
        places = texts.map({name: place for place, name in enumerate(CHANNELS)}).fillna(-1)
        wanted[:] = places.to_numpy(dtype=np.int64)
    agreed = np.take_along_axis(allowed, np.maximum(wanted, 0)[:, None], axis=1)[:, 0] & (wanted >= 0)
    first_allowed = allowed.argmax(axis=1).astype(np.int64)
    fallback = np.where(allowed.any(axis=1), first_allowed, np.maximum(wanted, 0))
    own = np.where(agreed, wanted, fallback).astype(np.int8)
    channel = np.empty((len(scores), len(catalogue.strategies)), dtype=np.int8)
    consented = np.ones(channel.shape, dtype=np.bool_)
    for column, strategy in enumerate(catalogue.strategies):
        channel[:, column] = own if strategy.channel == "preferred" else names.index(strategy.channel)
        if strategy.channel == "ads":
            consented[:, column] = allowed.any(axis=1)
        elif strategy.channel != "none":
            consented[:, column] = np.take_along_axis(allowed, channel[:, [column]].astype(np.int64), axis=1)[:, 0]
    return names, channel, consented


def _driver_shares(points: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Shares of each driver in the risk points and in the protective points, and the points themselves."""
    risk, strength = np.clip(points, 0, None), np.clip(-points, 0, None)
    shares = []
    for part in (risk, strength):
        total = part.sum(axis=1, keepdims=True)
        shares.append(np.divide(part, total, out=np.zeros_like(part), where=total > 0))
    return (shares[0], shares[1]), (risk, strength)


def _match(
    strategy: Strategy,
    shares: tuple[Floats, Floats],
    leading: tuple[Floats, Floats],
    column: int,
    risk_driver: NDArray[np.int8],
    strength_driver: NDArray[np.int8],
) -> Floats:
    """Share of the customer's points that the strategy answers or builds on; notes the largest such driver."""
    names = list(TOLD_DRIVERS)
    best = np.zeros(len(shares[0]))
    for drivers, share, points, noted in (
        (strategy.drivers, shares[0], leading[0], risk_driver),
        (strategy.builds_on, shares[1], leading[1], strength_driver),
    ):
        if not drivers:
            continue
        places = np.array([names.index(driver) for driver in drivers])
        best = np.maximum(best, share[:, places].sum(axis=1))
        top = points[:, places].argmax(axis=1)
        strong = np.take_along_axis(points[:, places], top[:, None], axis=1)[:, 0] >= 0.005
        noted[:, column] = np.where(strong, places[top], -1)
    return best


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
    score = np.where(offer.allowed, offer.rank, -np.inf)
    others = np.where(offer.eligible, offer.rank, -np.inf)
    chosen = np.full((rows, limit), -1, dtype=np.int64)
    following = np.full((rows, limit), -1, dtype=np.int64)
    everyone = np.arange(rows)
    for place in range(limit if len(kind) else 0):
        best = score.argmax(axis=1)
        found = score[everyone, best] > -np.inf
        chosen[found, place] = best[found]
        others[everyone[found], best[found]] = -np.inf
        runner_up = others.argmax(axis=1)
        there = found & (others[everyone, runner_up] > -np.inf)
        following[there, place] = runner_up[there]
        score[found[:, None] & (kind[None, :] == kind[best][:, None])] = -np.inf
    return chosen, following


def _entries(
    scores: pd.DataFrame,
    offer: PricedOffers,
    catalogue: Catalogue,
    settings: Settings,
) -> list[list[dict[str, Any]]]:
    chosen, following = choose(offer, settings.retention.max_strategies)
    writer = StrategyWriter(scores, offer, catalogue, settings.data.currency)
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
    profits = zip(offer.profit[found, picked].tolist(), offer.priced[found].tolist(), strict=True)
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
            "expected_profit": [round(profit, 4) if priced else None for profit, priced in profits],
            "cost": [round(cost, 4) for cost in offer.cost[found, picked].tolist()],
            "staff_minutes": offer.minutes[found, picked].tolist(),
            "effect": [round(effect, 6) for effect in offer.effect[found, picked].tolist()],
            "spend_uplift": offer.uplift[found, picked].tolist(),
            "evidence": [EVIDENCE[grade] for grade in offer.evidence[found, picked].tolist()],
            "channel": [offer.channels[channel] for channel in offer.channel[found, picked].tolist()],
            "driver": [drivers[one] if one >= 0 else None for one in offer.risk_driver[found, picked].tolist()],
        },
    )
