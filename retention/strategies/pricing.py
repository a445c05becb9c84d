"""What every strategy would bring for every customer, what it costs, how it fits and what forbids it.

For customer i and strategy s, with P = probability of an order in the horizon and V = spend if there is one::

    shift   = logit(0.5 + orders_points) * (1 + driver_match * match)       log-odds
    effect  = sigmoid(logit(P) + shift) - P + own                            change of P
    gain    = margin * V * (effect + P * spend_uplift)
    cost    = contact + minutes / 60 * hour + discount * order value * (P + effect)
    profit  = gain - cost

`match` is the share of the customer's risk points that the strategy's drivers explain, or of the protective points that
it builds on, whichever is larger; it counts for beliefs that rest on a rule, because what was measured was measured on
customers whom the strategy matched. `own` is how much more than the average customer this one is moved, where that was
learned (`retention.experiments.individual_effects`), else 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from configs.settings import Settings
from features.specs import TOLD_DRIVERS
from retention.conditions.consent import allowed_channels
from retention.conditions.expressions import Table
from retention.conditions.fields import CHANNELS
from retention.draws import uniform_draws
from retention.profile.attributes import number
from retention.schema import PROFILE
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import EVIDENCE, Strategy
from retention.strategies.effect_priors import LARGEST_POINTS, UPLIFT_SD, MeasuredEffect, believed, effect_segments
from retention.strategies.fit import NONE, fit_of, told_drivers
from retention.strategies.offer import PricedOffers
from retention.strategies.sequences import standings
from retention.strategies.vetoes import Contacts, veto_index, vetoes

Floats = NDArray[np.float64]
CHUNK = 10_000
"""Customers priced at a time: their matrices stay in the cache."""

LIKELY = 1.2816
"""Standard deviations on both sides that hold 80 % of a normal distribution."""

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
    points_of = table.points()
    shares, told = _driver_shares(points_of), told_drivers(scores, points_of)
    retention = settings.retention
    contacts = Contacts.of(scores, recent_contacts, settings)
    veto = vetoes(table, catalogue, channel, channels, consented, contacts, settings)
    eligible = np.zeros((rows, count), dtype=np.bool_, order="F")
    effect, uplift, cost, minutes, unsure = (np.zeros((rows, count), order="F") for _ in range(5))
    fit = np.zeros((rows, count), dtype=np.int8, order="F")
    left = np.full((rows, count), np.nan, order="F")
    evidence = np.zeros((rows, count), dtype=np.int8, order="F")
    segments = _segments(scores)
    driver = np.full((rows, count), -1, dtype=np.int8, order="F")
    channel_cost = np.array([catalogue.channels[name].cost for name in channels])
    channel_minutes = np.array([catalogue.channels[name].staff_minutes for name in channels])
    odds = np.clip(money.active, 1e-6, 1 - 1e-6) / np.clip(1 - money.active, 1e-6, 1 - 1e-6)
    for column, strategy in enumerate(strategies):
        fit[:, column], driver[:, column] = fit_of(strategy, told)
        eligible[:, column] = strategy.condition.holds(table) & (fit[:, column] > NONE)
        if strategy.deadline is not None:
            left[:, column] = strategy.deadline.days - number(scores, strategy.deadline.since)
        match = _match(strategy, shares)
        points, uplift[:, column], evidence[:, column] = believed(strategy, measured, segments)
        matched = 1 + catalogue.selection.driver_match * match * (evidence[:, column] == EVIDENCE.index("rule"))
        own = np.nan_to_num(number(scores, f"{OWN_EFFECT}{strategy.code}"))
        effect[:, column] = _effect(points, odds, matched, money.active, own)
        sure = np.clip(points + strategy.effect.sd_points, -LARGEST_POINTS, LARGEST_POINTS)
        unsure[:, column] = np.abs(_effect(sure, odds, matched, money.active, own) - effect[:, column])
        minutes[:, column] = strategy.staff_minutes + channel_minutes[channel[:, column]]
        contact = (strategy.cost + channel_cost[channel[:, column]]) * retention.contact_cost_scale
        given = strategy.discount * np.nan_to_num(money.order_value) * (money.active + effect[:, column])
        cost[:, column] = contact + minutes[:, column] / 60 * retention.staff_hour_cost + given
    gain = retention.margin * money.spend_if_active[:, None] * (effect + money.active[:, None] * uplift)
    profit = gain - cost
    unsure = np.hypot(unsure, money.active[:, None] * UPLIFT_SD)
    spread = LIKELY * retention.margin * money.spend_if_active[:, None] * unsure
    drawn = profit + spread / LIKELY * _draws(scores, catalogue) * (evidence == EVIDENCE.index("rule"))
    rank = np.where(money.priced[:, None], drawn, (effect + money.active[:, None] * uplift) / (1 + cost))
    duty = np.array([strategy.duty for strategy in strategies])
    poor = money.priced[:, None] & (profit < 0) & ~duty[None, :]
    step, steps, wait = _steps(table, catalogue, contacts, eligible & ~poor, eligible, veto)
    unprofitable = 1 + veto_index(catalogue)["unprofitable"]
    veto[(veto == 0) & poor] = unprofitable
    return PricedOffers(
        strategies, eligible, fit, veto, effect, uplift, evidence, cost, minutes, profit, spread, rank, channel,
        channels, driver, money.priced, step, steps, wait, left,
    )  # fmt: skip


def _draws(scores: pd.DataFrame, catalogue: Catalogue) -> Floats:
    """A standard normal number per customer × strategy, the same in every run and on every machine; shape (n, s).

    A strategy whose effect is only believed is ranked by one draw from that belief (Thompson 1933), so that of several
    that cannot be told apart each is used for some customers and can be measured; what was measured is ranked as it is.
    """
    if "customer_id" not in scores.columns:
        return np.zeros((len(scores), len(catalogue.strategies)))
    ids = [str(one) for one in scores["customer_id"].tolist()]
    return np.asarray(ndtri(np.clip(uniform_draws(ids, catalogue.codes, "strategy"), 1e-6, 1 - 1e-6)))


def _effect(points: Floats, odds: Floats, matched: Floats, active: Floats, own: Floats) -> Floats:
    """Change of P(order) by a strategy of so many points at even odds; shape (n,)."""
    shifted = odds * np.exp(np.log((0.5 + points) / (0.5 - points)) * matched)
    return np.asarray(np.clip(shifted / (1 + shifted) - active + own, -active, 1 - active))


def _steps(
    table: Table,
    catalogue: Catalogue,
    contacts: Contacts | None,
    possible: NDArray[np.bool_],
    eligible: NDArray[np.bool_],
    veto: NDArray[np.int16],
) -> tuple[NDArray[np.int8], NDArray[np.int8], Floats]:
    """Place in a sequence, its length and the days to wait, per customer × strategy; forbids what is not next."""
    step, steps = (np.zeros(eligible.shape, dtype=np.int8) for _ in range(2))
    wait = np.zeros(eligible.shape)
    forbidden = 1 + veto_index(catalogue)["other_step"]
    duty = np.array([strategy.duty for strategy in catalogue.strategies])
    silence = number(table.frame, "days_since_last_order")
    for standing in standings(table, catalogue, contacts, silence, possible):
        chain = [catalogue.codes.index(one.strategy) for one in standing.sequence.steps]
        following = np.zeros(eligible.shape, dtype=np.bool_)
        for place, column in enumerate(chain):
            own = standing.inside & (standing.step == place)
            following[:, column] = own
            step[own, column], steps[own, column] = place + 1, len(chain)
            wait[own, column] = standing.wait[own]
        veto[standing.inside[:, None] & ~following & ~duty[None, :] & (veto == 0)] = forbidden
    return step, steps, wait


def _segments(scores: pd.DataFrame) -> NDArray[np.object_]:
    """Segments of measured effects; None where the last order is not told."""
    if not {"days_since_last_order", "horizon_days"} <= set(scores.columns):
        return np.full(len(scores), None, dtype=object)
    kind = scores["customer_type"].to_numpy(dtype=object) if "customer_type" in scores.columns else None
    with np.errstate(invalid="ignore"):
        active = number(scores, "days_since_last_order") <= number(scores, "horizon_days")
    return effect_segments(kind, active)


def _money(scores: pd.DataFrame, catalogue: Catalogue) -> _Money:
    churn = number(scores, "churn_probability")
    active = 1 - np.where(np.isnan(churn), 0.5, churn)  # nothing known: even odds, the effect as written
    spend = number(scores, "expected_spend")
    orders = number(scores, "expected_orders")
    if_active = np.clip(spend, 0, None) / np.maximum(active, catalogue.selection.min_active_probability)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_order = np.where(orders > 0, np.clip(spend, 0, None) / orders, np.nan)
    for name in ("mean_order_value_365d", "mean_order_value_ever"):
        per_order = np.where(np.isnan(per_order), number(scores, name), per_order)
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


def _driver_shares(points: Floats) -> tuple[Floats, Floats]:
    """Share of each driver in the risk points, and in the protective points."""
    shares = []
    for part in (np.clip(points, 0, None), np.clip(-points, 0, None)):
        total = part.sum(axis=1, keepdims=True)
        shares.append(np.divide(part, total, out=np.zeros_like(part), where=total > 0))
    return shares[0], shares[1]


def _match(strategy: Strategy, shares: tuple[Floats, Floats]) -> Floats:
    """Share of the customer's points that the strategy answers or builds on."""
    best = np.zeros(len(shares[0]))
    for drivers, share in ((strategy.drivers, shares[0]), (strategy.builds_on, shares[1])):
        if drivers:
            best = np.maximum(best, share[:, [TOLD_DRIVERS.index(driver) for driver in drivers]].sum(axis=1))
    return best
