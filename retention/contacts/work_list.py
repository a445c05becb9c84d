"""Whom to contact this week, how, by when, what it should bring, and what was left out.

Options are the allowed strategies of every customer (`retention.strategies.choice.price_strategies`) that mean work or
money. A random hold-out is left alone, so that the list's effect can be measured; what is owed to a customer (an open
complaint) is never held out and comes before everything. `retention.contacts.allocation` chooses the rest under the
limits; the list is then dated: what is owed first, then what is worth most, as many a day as each owner's hours hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import Settings
from retention.contacts.allocation import Allocation, allocate
from retention.contacts.team import Team, owners_of
from retention.contacts.work_options import ALL_CHANNELS, Options, all_options, best_per_customer, urgency
from retention.experiments.holdout import HELD_OUT, draw_arms, risk_bands
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import EVIDENCE
from retention.strategies.choice import with_profile
from retention.strategies.effect_priors import MeasuredEffect
from retention.strategies.pricing import price_strategies
from retention.strategies.strategy_texts import StrategyWriter

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WorkList:
    """A dated list and its account.

    Attributes
    ----------
    rows : DataFrame
        priority, due, customer_id, strategy, name_en, name_zh, channel, owner, minutes, cost, effect, expected_profit,
        evidence, duty, why_en, why_zh; by day, what is owed first, then what is worth most.
    held_out : DataFrame
        Customers with something worth doing who are left alone: customer_id, band.
    compared : DataFrame
        Those of them who would have been on the list, with what would have been done: customer_id, strategy.
    left_out : DataFrame
        Customers with a worthwhile option who are not on the list: customer_id, strategy, expected_profit, reason
        (`held_out`, `capacity`).
    duties_left : int
        Customers to whom something is owed and whom the hours do not hold.
    priced : bool
        Whether the scores hold money. Without it the list is chosen and ranked by the risk of churn, and profits are
        unknown (None here, NaN in the rows).
    expected_profit, bound : float or None
        What the list should bring, and what no list could exceed; measured or not, for choosing alone.
    measured_profit : float or None
        The part of it that rests on measured effects.
    believed_profit : tuple of float, optional
        Range of the part that was never measured.
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
    compared: pd.DataFrame
    left_out: pd.DataFrame
    duties_left: int
    priced: bool
    expected_profit: float | None
    measured_profit: float | None
    believed_profit: tuple[float, float] | None
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


def build_worklist(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
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
        Strategies; margin, costs, `retention.holdout_share`, and what the team has (`worklist`).
    start : date
        First day of the list.
    previous_arms : mapping
        Arms of earlier lists by customer (`WorkList.arms`); they are kept, though bands of risk shift.
    profile, recent_contacts, measured : optional
        As in `retention.strategies.choice.select_strategies`.

    Raises
    ------
    InputError
        Minutes or caps for something that is neither a strategy nor a channel.
    """
    scores = with_profile(scores.reset_index(drop=True), profile)
    arms = draw_arms(scores, share=settings.retention.holdout_share, previous=previous_arms)
    options = all_options(scores, catalogue, settings, recent_contacts, measured)
    best = best_per_customer(options)
    held = np.asarray([arm == HELD_OUT for arm in arms], dtype=np.bool_)
    free = ~held[options.customer]
    team = Team.of(settings, start, owners_of(scores))
    use, bounds = _resources(options, team, settings)
    fits = options.minutes <= team.longest[team.code[options.customer]] + 1e-9
    owed = _take_duties(options, use, bounds, fits)
    busy = np.isin(options.customer, options.customer[options.duty])
    open_options = free & ~busy & fits
    rest = np.maximum(bounds - use[:, owed].sum(axis=1), 0.0)
    answer = allocate(options.worth[open_options], options.customer[open_options], use[:, open_options], rest)
    wanted = np.r_[owed, np.flatnonzero(open_options)[answer.chosen]]
    wanted = wanted[_in_order(options, scores, wanted)]
    day = team.spread(options.minutes[wanted], options.customer[wanted])
    # what fits into the week's hours may still fit into no single day of it
    chosen, day = wanted[day >= 0], day[day >= 0]
    by_day = np.argsort(day, kind="stable")
    chosen, day = chosen[by_day], day[by_day]
    rows = _rows(scores, catalogue, settings, options, chosen, measured, recent_contacts)
    due = np.array([np.datetime64(team.days[place]) for place in day.tolist()], dtype="datetime64[us]")
    rows.insert(1, "due", pd.Series(due, dtype="datetime64[us]"))
    listed = set(options.customer[chosen].tolist())
    missed = [option for option in best.tolist() if int(options.customer[option]) not in listed]
    ids = scores["customer_id"].to_numpy(dtype=object)
    left_out = pd.DataFrame(
        {
            "customer_id": ids[options.customer[missed]],
            "strategy": [catalogue.strategies[place].code for place in options.strategy[missed]],
            "expected_profit": np.round(options.profit[missed], 4),
            "reason": np.where(held[options.customer[missed]] & ~options.duty[missed], "held_out", "capacity").astype(
                object
            ),
        }
    ).sort_values(["expected_profit", "customer_id"], ascending=[False, True], kind="stable", ignore_index=True)
    would = np.unique(options.customer[best][held[options.customer[best]] & ~options.duty[best]])
    alike = _would_be_listed(options, use, answer.duals, np.flatnonzero(~free & ~busy & fits))
    bands = risk_bands(scores["churn_probability"]).to_numpy(dtype=object)
    kept = options.profit[chosen].sum() if options.priced else answer.value
    return WorkList(
        rows=rows,
        held_out=pd.DataFrame({"customer_id": ids[would], "band": bands[would]}),
        compared=pd.DataFrame(
            {
                "customer_id": ids[options.customer[alike]],
                "strategy": [catalogue.strategies[place].code for place in options.strategy[alike]],
            }
        ),
        left_out=left_out,
        duties_left=int(options.duty[missed].sum()),
        cost=float(options.cost[chosen].sum()),
        staff_hours=float(options.minutes[chosen].sum() / 60),
        measured_profit=float(options.profit[chosen][options.spread[chosen] == 0].sum()) if options.priced else None,
        believed_profit=_believed(options, chosen),
        used={
            name: int((options.channel[chosen] == place).sum())
            for place, name in enumerate(ALL_CHANNELS)
            if (options.channel[chosen] == place).any()
        },
        arms=dict(zip(scores["customer_id"].tolist(), arms.tolist(), strict=True)),
        **_account(answer, float(kept), float(options.profit[owed].sum()), options.priced, len(team.names)),
    )


def _believed(options: Options, chosen: NDArray[np.int64]) -> tuple[float, float] | None:
    """Range of the profit of what was never measured, all beliefs off in the same way; None where there is none."""
    rows = chosen[options.spread[chosen] > 0]
    if not options.priced or not len(rows):
        return None
    profit, spread = float(options.profit[rows].sum()), float(options.spread[rows].sum())
    return profit - spread, profit + spread


def _resources(options: Options, team: Team, settings: Settings) -> tuple[Floats, Floats]:
    """What every option takes and what there is: money, hours of each owner, contacts of each channel."""
    limits = settings.worklist
    owner = team.code[options.customer]
    caps = {name: cap for name, cap in limits.channel_caps.items() if name in ALL_CHANNELS}
    use = np.vstack(
        [
            options.cost,
            *(np.where(owner == code, options.minutes / 60, 0.0) for code in range(len(team.names))),
            *((options.channel == ALL_CHANNELS.index(name)).astype(np.float64) for name in caps),
        ]
    )
    money = np.inf if limits.budget is None else limits.budget
    return use, np.array([money, *(team.minutes.sum(axis=0) / 60), *caps.values()], dtype=np.float64)


def _would_be_listed(options: Options, use: Floats, duals: Floats, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """The options of those left alone that would have been taken: worth more than what they take is worth elsewhere.

    They are whom the contacted are compared with; others who are left alone would not have been contacted anyway.
    """
    gain = options.worth[candidates] - duals @ use[:, candidates]
    order = np.lexsort((-gain, options.customer[candidates]))
    customers = options.customer[candidates][order]
    first = np.r_[True, customers[1:] != customers[:-1]][: len(order)]
    best = order[first]
    return np.asarray(candidates[best[gain[best] > 1e-9]], dtype=np.int64)


def _take_duties(options: Options, use: Floats, bounds: Floats, fits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """What is owed comes before what pays, as far as the limits reach: nearest the deadline first, then worth most."""
    left = bounds.copy()
    taken: list[int] = []
    duties = np.flatnonzero(options.duty & fits)
    for option in duties[np.lexsort((-options.worth[duties], urgency(options, duties)))].tolist():
        if (use[:, option] <= left + 1e-12).all():
            taken.append(option)
            left = left - use[:, option]
    return np.array(taken, dtype=np.int64)


def _account(answer: Allocation, value: float, duties: float, priced: bool, owners: int) -> dict[str, Any]:
    hours = answer.duals[1 : 1 + owners]
    return {
        "priced": priced,
        "expected_profit": value if priced else None,
        "bound": answer.bound + duties if priced else None,
        "exact": answer.exact,
        # an hour more of whoever's hour brings most
        "value_of_next_hour": float(hours.max(initial=0.0)) if priced else None,
        "value_of_next_money": float(answer.duals[0]) if priced else None,
    }


def _in_order(options: Options, scores: pd.DataFrame, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is owed first, nearest its deadline, then what is worth most."""
    ids = scores["customer_id"].astype(str).to_numpy()[options.customer[chosen]]
    pressing = np.where(options.duty[chosen], urgency(options, chosen), 0.0)
    return np.lexsort((ids, -options.worth[chosen], pressing, (~options.duty[chosen]).astype(np.int64)))


def _rows(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    options: Options,
    chosen: NDArray[np.int64],
    measured: Mapping[str, MeasuredEffect] | None,
    recent_contacts: pd.DataFrame | None,
) -> pd.DataFrame:
    """The chosen options with their words, in the order given."""
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
            "channel": [ALL_CHANNELS[place] for place in options.channel[chosen]],
            "owner": pd.Series(owners_of(part), dtype="object"),
            "minutes": options.minutes[chosen],
            "cost": np.round(options.cost[chosen], 4),
            "effect": np.round(options.effect[chosen], 6),
            "expected_profit": np.round(options.profit[chosen], 4),
            "evidence": evidence,
            "duty": options.duty[chosen],
            "why_en": [pair[0] for pair in why],
            "why_zh": [pair[1] for pair in why],
        }
    )
    table.insert(0, "priority", np.arange(1, len(table) + 1))
    return table
