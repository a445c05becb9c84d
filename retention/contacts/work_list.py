"""Whom to contact this week, how, by when, what it should bring, and what was left out.

Options are the allowed strategies of every customer (`retention.strategies.choice.price_strategies`) that mean work or
money. A random hold-out is left alone, so that the list's effect can be measured; what is owed to a customer (an open
complaint) is never held out and comes before everything. `retention.contacts.allocation` chooses the rest under the
limits; the list is then dated: the most urgent first, as many a day as the hours allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import InputError
from configs.settings import Settings
from retention.conditions.fields import CHANNELS
from retention.contacts.allocation import Allocation, allocate
from retention.experiments.holdout import HELD_OUT, draw_arms, risk_bands
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import EVIDENCE
from retention.strategies.choice import CHUNK, with_profile
from retention.strategies.effect_priors import MeasuredEffect
from retention.strategies.offer import PricedOffers
from retention.strategies.pricing import price_strategies
from retention.strategies.strategy_texts import StrategyWriter

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """What the team has for one list.

    Attributes
    ----------
    budget : float or None
        Money for contacts, discounts and staff time; None: no limit.
    staff_hours : float or None
        Working hours.
    channel_caps : dict of str to int
        Most contacts per channel.
    days : int
        Working days that the list spans, Monday to Friday.
    """

    budget: float | None = None
    staff_hours: float | None = None
    channel_caps: Mapping[str, int] = field(default_factory=dict)
    days: int = 5

    def __post_init__(self) -> None:
        for name in ("budget", "staff_hours"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise InputError("limit_not_a_number", value=value, name=name)
        for channel, cap in self.channel_caps.items():
            if channel not in (*CHANNELS, "ads") or cap < 0:
                raise InputError("channel_cap_impossible", channel=channel, cap=cap, names=", ".join(CHANNELS))
        if self.days < 1:
            raise InputError("days_too_few", days=self.days)


@dataclass(frozen=True)
class WorkList:
    """A dated list and its account.

    Attributes
    ----------
    rows : DataFrame
        priority, due, customer_id, strategy, name_en, name_zh, channel, owner, minutes, cost, effect, expected_profit,
        evidence, why_en, why_zh; best first.
    held_out : DataFrame
        Customers who would have been on the list but for the hold-out: customer_id, band.
    left_out : DataFrame
        Customers with a worthwhile option who are not on the list: customer_id, strategy, expected_profit, reason
        (`held_out`, `capacity`).
    priced : bool
        Whether the scores hold money. Without it the list is chosen and ranked by the risk of churn, and profits are
        unknown (None here, NaN in the rows).
    expected_profit, bound : float or None
        What the list should bring, and what no list could exceed.
    exact : bool
        Whether the list is proven to be the best.
    cost, staff_hours : float
        What it takes.
    value_of_next_hour, value_of_next_money : float or None
        What one more hour of staff, or one more unit of money, would add.
    used : dict of str to int
        Contacts per channel.
    arms : dict of str to str
        Arm of every customer of the scores, to be passed to the next list.
    """

    rows: pd.DataFrame
    held_out: pd.DataFrame
    left_out: pd.DataFrame
    priced: bool
    expected_profit: float | None
    bound: float | None
    exact: bool
    cost: float
    staff_hours: float
    value_of_next_hour: float | None
    value_of_next_money: float | None
    used: dict[str, int]
    arms: dict[str, str]

    @property
    def gap(self) -> float:
        """Largest possible loss against the best list, as a share of the bound."""
        if self.bound is None or self.expected_profit is None or self.bound <= 0:
            return 0.0
        return max(0.0, (self.bound - self.expected_profit) / self.bound)


@dataclass(frozen=True)
class _Options:
    """Options of all customers; `worth` is what the list makes the most of: the profit, or the risk without amounts."""

    priced: bool
    customer: NDArray[np.int64]
    strategy: NDArray[np.int64]
    worth: Floats
    profit: Floats
    cost: Floats
    minutes: Floats
    effect: Floats
    channel: NDArray[np.int64]
    duty: NDArray[np.bool_]


def build_worklist(  # noqa: PLR0913 – named inputs of one list
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    limits: Limits,
    *,
    start: date,
    previous_arms: Mapping[str, str],
    profile: pd.DataFrame | None = None,
    recent_contacts: pd.DataFrame | None = None,
    measured: Mapping[str, MeasuredEffect] | None = None,
) -> WorkList:
    """Choose, explain and date the contacts of the coming days.

    Parameters
    ----------
    scores : DataFrame
        The scores table (one row per customer) with the features that conditions ask for.
    catalogue, settings
        Strategies; margin, costs, caps and `retention.holdout_share`.
    limits : Limits
        Budget, hours, channel caps, days.
    start : date
        First working day of the list.
    previous_arms : mapping
        Arms of earlier lists by customer (`WorkList.arms`); they are kept, though bands of risk shift.
    profile, recent_contacts, measured : optional
        As in `retention.strategies.choice.select_strategies`.
    """
    scores = with_profile(scores.reset_index(drop=True), profile)
    arms = draw_arms(scores, share=settings.retention.holdout_share, previous=previous_arms)
    options = _options(scores, catalogue, settings, recent_contacts, measured)
    best = _best_per_customer(options)
    held = np.asarray([arm == HELD_OUT for arm in arms], dtype=np.bool_)
    free = ~held[options.customer]
    channels = (*CHANNELS, "ads", "none")
    caps = [limits.channel_caps.get(name, np.inf) for name in channels]
    use = np.vstack(
        [
            options.cost,
            options.minutes / 60,
            *((options.channel == place).astype(np.float64) for place in range(len(caps))),
        ]
    )
    bounds = np.array(
        [
            np.inf if limits.budget is None else limits.budget,
            np.inf if limits.staff_hours is None else limits.staff_hours,
            *caps,
        ],
        dtype=np.float64,
    )
    owed = _take_duties(options, use, bounds)
    busy = np.isin(options.customer, options.customer[options.duty])
    open_options = free & ~busy
    rest = np.maximum(bounds - use[:, owed].sum(axis=1), 0.0)
    answer = allocate(options.worth[open_options], options.customer[open_options], use[:, open_options], rest)
    chosen = np.r_[owed, np.flatnonzero(open_options)[answer.chosen]]
    rows = _rows(scores, catalogue, settings, options, chosen, measured, recent_contacts)
    rows["due"] = _due_dates(rows["minutes"].to_numpy(dtype=np.float64), start, limits.days)
    listed = set(options.customer[chosen].tolist())
    missed = [option for option in best.tolist() if int(options.customer[option]) not in listed]
    left_out = pd.DataFrame(
        {
            "customer_id": scores["customer_id"].to_numpy(dtype=object)[options.customer[missed]],
            "strategy": [catalogue.strategies[place].code for place in options.strategy[missed]],
            "expected_profit": np.round(options.profit[missed], 4),
            "reason": np.where(held[options.customer[missed]] & ~options.duty[missed], "held_out", "capacity").astype(
                object
            ),
        }
    ).sort_values(["expected_profit", "customer_id"], ascending=[False, True], kind="stable", ignore_index=True)
    would = np.unique(options.customer[best][held[options.customer[best]] & ~options.duty[best]])
    return WorkList(
        rows=rows,
        held_out=pd.DataFrame(
            {
                "customer_id": scores["customer_id"].to_numpy(dtype=object)[would],
                "band": risk_bands(scores["churn_probability"]).to_numpy(dtype=object)[would],
            }
        ),
        left_out=left_out,
        cost=float(options.cost[chosen].sum()),
        staff_hours=float(options.minutes[chosen].sum() / 60),
        used={
            name: int((options.channel[chosen] == place).sum())
            for place, name in enumerate(channels)
            if (options.channel[chosen] == place).any()
        },
        arms=dict(zip(scores["customer_id"].tolist(), arms.tolist(), strict=True)),
        **_account(answer, float(options.profit[owed].sum()), options.priced),
    )


def _take_duties(options: _Options, use: Floats, bounds: Floats) -> NDArray[np.int64]:
    """What is owed comes before what pays, as far as the limits reach, the most valuable first."""
    left = bounds.copy()
    taken: list[int] = []
    duties = np.flatnonzero(options.duty)
    for option in duties[np.argsort(-options.worth[duties], kind="stable")].tolist():
        if (use[:, option] <= left + 1e-12).all():
            taken.append(option)
            left = left - use[:, option]
    return np.array(taken, dtype=np.int64)


def _account(answer: Allocation, duties: float, priced: bool) -> dict[str, Any]:
    return {
        "priced": priced,
        "expected_profit": answer.value + duties if priced else None,
        "bound": answer.bound + duties if priced else None,
        "exact": answer.exact,
        "value_of_next_hour": float(answer.duals[1]) if priced else None,
        "value_of_next_money": float(answer.duals[0]) if priced else None,
    }


def _options(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    recent_contacts: pd.DataFrame | None,
    measured: Mapping[str, MeasuredEffect] | None,
) -> _Options:
    """Every allowed strategy of every customer that brings something and means a contact, work or money."""
    parts: list[_Options] = []
    risk = scores["churn_probability"].fillna(0.0).to_numpy(dtype=np.float64)
    priced = len(scores) == 0 or bool(scores["expected_spend"].notna().any())
    for first in range(0, len(scores), CHUNK):
        part = scores.iloc[first : first + CHUNK]
        offer = price_strategies(part, catalogue, settings, recent_contacts=recent_contacts, measured=measured)
        # Without amounts a customer is worth the risk of losing them; the effect only chooses between strategies.
        at_risk = risk[first : first + CHUNK, None] + 1e-3 * offer.effect
        worth = offer.profit if priced else np.where(offer.effect > 0, at_risk, 0.0)
        known = offer.priced if priced else np.ones(len(part), dtype=np.bool_)
        duty = np.array([item.duty for item in offer.strategies])[None, :]
        work = offer.allowed & (offer.wait <= 0) & known[:, None] & ((worth > 0) | duty) & _means_work(offer, catalogue)
        rows, columns = np.nonzero(work)
        parts.append(
            _Options(
                priced,
                rows + first,
                columns,
                worth[work],
                offer.profit[work],
                offer.cost[work],
                offer.minutes[work],
                offer.effect[work],
                offer.channel[work].astype(np.int64),
                np.broadcast_to(duty, work.shape)[work],
            )
        )
    if not parts:
        none, zero = np.zeros(0, dtype=np.int64), np.zeros(0)
        return _Options(priced, none, none, zero, zero, zero, zero, zero, none, np.zeros(0, dtype=np.bool_))
    return _Options(
        priced=priced,
        customer=np.concatenate([part.customer for part in parts]),
        strategy=np.concatenate([part.strategy for part in parts]),
        worth=np.concatenate([part.worth for part in parts]),
        profit=np.concatenate([part.profit for part in parts]),
        cost=np.concatenate([part.cost for part in parts]),
        minutes=np.concatenate([part.minutes for part in parts]),
        effect=np.concatenate([part.effect for part in parts]),
        channel=np.concatenate([part.channel for part in parts]),
        duty=np.concatenate([part.duty for part in parts]),
    )


def _means_work(offer: PricedOffers, catalogue: Catalogue) -> NDArray[np.bool_]:
    contact = np.array(
        [item.channel == "preferred" or catalogue.channels[item.channel].contact for item in offer.strategies]
    )
    return np.asarray(contact[None, :] | (offer.minutes > 0))


def _best_per_customer(options: _Options) -> NDArray[np.int64]:
    order = np.lexsort((-options.worth, ~options.duty, options.customer))
    first = np.r_[True, options.customer[order][1:] != options.customer[order][:-1]][: len(order)]
    return np.asarray(order[first], dtype=np.int64)


def _rows(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    options: _Options,
    chosen: NDArray[np.int64],
    measured: Mapping[str, MeasuredEffect] | None,
    recent_contacts: pd.DataFrame | None,
) -> pd.DataFrame:
    """The chosen options with their words; what is owed first, then by profit per hour, or by risk without amounts."""
    customers = options.customer[chosen]
    part = scores.iloc[customers].reset_index(drop=True)
    why: list[tuple[str, str]] = []
    evidence: list[str] = []
    if len(part):
        offer = price_strategies(part, catalogue, settings, recent_contacts=recent_contacts, measured=measured)
        writer = StrategyWriter(part, offer, catalogue, settings)
        why = [writer.why(row, int(column)) for row, column in enumerate(options.strategy[chosen])]
        evidence = [EVIDENCE[offer.evidence[row, column]] for row, column in enumerate(options.strategy[chosen])]
    strategies = [catalogue.strategies[place] for place in options.strategy[chosen].tolist()]
    table = pd.DataFrame(
        {
            "customer_id": part["customer_id"].to_numpy(dtype=object),
            "strategy": [item.code for item in strategies],
            "name_en": [item.name.en for item in strategies],
            "name_zh": [item.name.zh for item in strategies],
            "channel": [(*CHANNELS, "ads", "none")[place] for place in options.channel[chosen]],
            "owner": pd.Series(_owners(part), dtype="object"),
            "minutes": options.minutes[chosen],
            "cost": np.round(options.cost[chosen], 4),
            "effect": np.round(options.effect[chosen], 6),
            "expected_profit": np.round(options.profit[chosen], 4),
            "evidence": evidence,
            "why_en": [pair[0] for pair in why],
            "why_zh": [pair[1] for pair in why],
        }
    )
    urgent = (~options.duty[chosen]).astype(np.int64)
    hours = np.maximum(options.minutes[chosen] / 60, 1 / 60) if options.priced else 1.0
    order = np.lexsort((table["customer_id"].astype(str).to_numpy(), -options.worth[chosen] / hours, urgent))
    table = table.iloc[order].reset_index(drop=True)
    table.insert(0, "priority", np.arange(1, len(table) + 1))
    return table


def _owners(part: pd.DataFrame) -> list[str | None]:
    if "owner" not in part.columns:
        return [None] * len(part)
    return [None if pd.isna(name) else str(name) for name in part["owner"].tolist()]


def _due_dates(minutes: Floats, start: date, days: int) -> pd.Series[Any]:
    """Working days from `start` on, the minutes spread evenly in the order of the list."""
    first = np.busday_offset(np.datetime64(start), 0, roll="forward")
    total = float(minutes.sum())
    if total > 0:
        before = np.cumsum(minutes) - minutes
        place = np.minimum((before / (total / days)).astype(np.int64), days - 1)
    else:
        place = np.zeros(len(minutes), dtype=np.int64)
    return pd.Series(np.busday_offset(first, place).astype("datetime64[us]"), dtype="datetime64[us]")
