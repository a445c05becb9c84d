"""What could be done for every customer: the allowed strategies that mean work or money, as flat arrays of options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import InputError
from configs.settings import Settings
from retention.conditions.fields import CHANNELS
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import EVIDENCE
from retention.strategies.choice import CHUNK
from retention.strategies.effect_priors import MeasuredEffect
from retention.strategies.offer import PricedOffers
from retention.strategies.pricing import price_strategies

Floats = NDArray[np.float64]
ALL_CHANNELS = (*CHANNELS, "ads", "none")
"""What the numbers of `Options.channel` stand for."""


@dataclass(frozen=True)
class Options:
    """Options of all customers; `worth` is what the list makes the most of: the profit, or the risk without amounts.

    `spread` is half the width of the range of a profit that was never measured (0 where it was), `left` the days until
    what is owed is to be done (NaN without a deadline, below zero when overdue).
    """

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
    spread: Floats
    left: Floats


def all_options(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    recent_contacts: pd.DataFrame | None,
    measured: Mapping[str, MeasuredEffect] | None,
) -> Options:
    """Every allowed strategy of every customer that brings something and means a contact, work or money."""
    parts: list[Options] = []
    own_minutes = _own_minutes(catalogue, settings)
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
        if "strategies" in part.columns:
            work &= _as_advised(part["strategies"].tolist(), work, duty, {c: i for i, c in enumerate(catalogue.codes)})
        rows, columns = np.nonzero(work)
        parts.append(
            Options(
                priced,
                rows + first,
                columns,
                worth[work],
                offer.profit[work],
                offer.cost[work],
                own_minutes(offer)[work],
                offer.effect[work],
                offer.channel[work].astype(np.int64),
                np.broadcast_to(duty, work.shape)[work],
                np.where(offer.evidence == EVIDENCE.index("rule"), offer.spread, 0.0)[work],
                offer.left[work],
            )
        )
    if not parts:
        none, zero = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Options(priced, none, none, zero, zero, zero, zero, zero, none, np.zeros(0, dtype=np.bool_), zero, zero)
    return Options(
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
        spread=np.concatenate([part.spread for part in parts]),
        left=np.concatenate([part.left for part in parts]),
    )


def _as_advised(
    advised: list[Any], work: NDArray[np.bool_], duty: NDArray[np.bool_], column_of: Mapping[str, int]
) -> NDArray[np.bool_]:
    """What is owed, and the first of what the scores advise that can be done: the list says what the page says.

    A strategy that the page does not name is not done, however much it would bring.
    """
    kept = np.broadcast_to(duty, work.shape).copy()
    for row, entries in enumerate(advised):
        for entry in entries if entries is not None else ():
            column = column_of.get(entry["code"])
            if column is not None and work[row, column]:
                kept[row, column] = True
                break
    return kept


def minutes_of(code: str, channel: str, catalogue: Catalogue, settings: Settings) -> float:
    """What a contact takes whoever does it: what the settings say of the strategy or the channel, else the catalogue.

    A strategy that the catalogue does not have takes what the channel takes.
    """
    given = settings.worklist.minutes
    if code in given:
        return given[code]
    own = catalogue[code].staff_minutes if code in catalogue.codes else 0.0
    return own + given.get(channel, catalogue.channels[channel].staff_minutes)


def _own_minutes(catalogue: Catalogue, settings: Settings) -> Callable[[PricedOffers], Floats]:
    """Minutes of every option, with the names in the settings checked."""
    for field, allowed in (("minutes", (*catalogue.codes, *ALL_CHANNELS)), ("channel_caps", ALL_CHANNELS)):
        if odd := sorted(set(getattr(settings.worklist, field)) - set(allowed)):
            listed = ", ".join(CHANNELS)
            raise InputError("worklist_name_unknown", field=f"worklist.{field}", value=odd[0], names=listed)

    def minutes(offer: PricedOffers) -> Floats:
        of_channel = np.array(
            [[minutes_of(item.code, name, catalogue, settings) for name in offer.channels] for item in offer.strategies]
        )
        return of_channel[np.arange(len(offer.strategies))[None, :], offer.channel]

    return minutes


def _means_work(offer: PricedOffers, catalogue: Catalogue) -> NDArray[np.bool_]:
    contact = np.array(
        [item.channel == "preferred" or catalogue.channels[item.channel].contact for item in offer.strategies]
    )
    return np.asarray(contact[None, :] | (offer.minutes > 0))


def best_per_customer(options: Options) -> NDArray[np.int64]:
    """The best option of every customer who has one: what is owed, else what is worth most."""
    order = np.lexsort((-options.worth, ~options.duty, options.customer))
    first = np.r_[True, options.customer[order][1:] != options.customer[order][:-1]][: len(order)]
    return np.asarray(order[first], dtype=np.int64)


def urgency(options: Options, chosen: NDArray[np.int64]) -> Floats:
    """How what is owed presses, the smaller the sooner: nearest its deadline, then the freshest overdue; shape (m,)."""
    left = options.left[chosen]
    return np.asarray(np.where(np.isnan(left), 1e9, np.where(left >= 0, left, 1e6 - left)))
