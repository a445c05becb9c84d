"""The course of events, week by week, for a block of customers at a time.

Beside the hidden state (gone or not, satisfaction) runs the best possible observer: someone who knows every constant,
the satisfaction and the order rate, and learns from orders alone whether a customer has gone. With h the hazard of
leaving and r the order rate of a week, a silent week turns the probability of being there from a into
``a (1 - h) e^-r / (1 - a (1 - h) (1 - e^-r))``; an order makes it 1. The observer's probability of no order in the
horizon is the truth that a model can hope to reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulator.customers import Floats, People, Products, make_people, make_products
from benchmarks.simulator.events import Log, campaign_rows, feedback_and_mood, interactions, order_lines
from benchmarks.simulator.settings import CampaignPlan, SimulationSettings

TABLES = ("transactions", "customers", "products", "feedback", "interactions", "treatments")
TRUTH_DRIVERS = ("recency", "satisfaction", "frequency")
"""What can make a customer risky here: silence, dissatisfaction, a slow rhythm."""


@dataclass
class _State:
    there: NDArray[np.bool_]
    mood: Floats
    belief: Floats
    belief_content: Floats
    """The observer's probability if satisfaction had been average all along."""
    lift: Floats
    lift_until: NDArray[np.int64]
    log: Log = field(default_factory=Log)


def season_factor(settings: SimulationSettings, week: int) -> float:
    """Season and growth of a week of the log (0 = first), 1 on average at the log's middle."""
    day = pd.Timestamp(settings.end) - pd.Timedelta(weeks=settings.weeks - week)
    year_share = (day.day_of_year - 1) / 365.25
    wave = 1 + settings.season * np.cos(2 * np.pi * (year_share - 0.93))
    return float(wave * (1 + settings.yearly_growth) ** ((week - settings.weeks / 2) / 52))


def leave_hazard(settings: SimulationSettings, mood: Floats) -> Floats:
    """Probability of leaving for good in a week."""
    return np.minimum(settings.leave * np.exp(-settings.leave_satisfaction * mood), 0.5)


def no_order_probability(
    settings: SimulationSettings,
    belief: Floats,
    mood: Floats,
    rate: Floats,
    week: int,
    weeks: int,
    lift: Floats | float = 0.0,
    lift_until: NDArray[np.int64] | int = 10**6,
) -> Floats:
    """Probability of no order in the `weeks` weeks from `week` on, satisfaction staying as it is; shape (n,).

    `lift` is what a campaign adds to the order rate in the weeks before `lift_until`.
    """
    hazard = leave_hazard(settings, mood)
    silent, gone = belief.copy(), 1 - belief
    for ahead in range(weeks):
        lifted = 1 + np.where(week + ahead < np.asarray(lift_until), lift, 0.0)
        pace = rate * season_factor(settings, week + ahead) * np.exp(settings.rate_satisfaction * mood) * lifted
        gone = gone + silent * hazard
        silent = silent * (1 - hazard) * np.exp(-pace)
    return np.asarray(silent + gone)


def simulate_block(settings: SimulationSettings, products: Products, first: int, count: int) -> dict[str, pd.DataFrame]:
    """Everything that happens to one block of customers, and the truth about it."""
    rng = np.random.default_rng([settings.seed, 2, first])
    people = make_people(settings, first, count, rng)
    state = _State(
        there=~people.prospect,
        mood=people.content.copy(),
        belief=np.where(people.prospect, 0.0, 1.0),
        belief_content=np.where(people.prospect, 0.0, 1.0),
        lift=np.zeros(count),
        lift_until=np.full(count, -(10**6)),
    )
    plans = {plan.week: plan for plan in settings.plans}
    campaigns: list[pd.DataFrame] = []
    truth: pd.DataFrame | None = None
    future_orders = np.zeros(count)
    future_spend = np.zeros(count)
    for week in range(-settings.burn_in_weeks, settings.weeks + settings.future_weeks):
        if week == settings.weeks:
            truth = _truth(settings, people, state, week)
        if week in plans:
            campaigns.append(_run_campaign(settings, plans[week], people, state, week, rng))
        orders = _advance(settings, people, state, week, rng)
        recorded = 0 <= week < settings.weeks
        lines = order_lines(settings, products, people, orders, week, rng)
        feedback_and_mood(settings, people, state.mood, lines, week, rng, state.log if recorded else None)
        if recorded:
            state.log.add_orders(lines)
            interactions(settings, people, state.there, state.mood, week, rng, state.log)
        elif week >= settings.weeks:
            future_orders += orders
            future_spend += np.bincount(lines.customer, weights=lines.order_amount, minlength=count)
    if truth is None:
        truth = _truth(settings, people, state, settings.weeks)
    tables = state.log.tables(settings, people, products, rng)
    tables["customers"] = people.table[people.acquired_week < settings.weeks].reset_index(drop=True)
    tables["truth"] = truth.assign(
        orders_in_horizon=future_orders,
        spend_in_horizon=np.round(future_spend, 2),
        horizon_days=7 * settings.future_weeks,
    )[people.acquired_week < settings.weeks].reset_index(drop=True)
    if campaigns:
        rows = pd.concat(campaigns, ignore_index=True)
        known = [name for name in rows.columns if not name.startswith("true_")]
        tables["treatments"] = rows[known].sort_values(["customer_id", "treated_at", "treatment_id"], ignore_index=True)
        tables["true_effects"] = rows[["treatment_id", "customer_id", "strategy", "arm", "true_effect", "true_lift"]]
    return tables


def _advance(
    settings: SimulationSettings, people: People, state: _State, week: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """One week: who leaves, who orders how often, what the observer then believes."""
    started = people.acquired_week <= week
    # before the log begins nobody leaves: a log that starts in mid-life shows those who stayed until then
    staying = 0.0 if week < 0 else 1.0
    hazard = staying * leave_hazard(settings, state.mood)
    leaves = rng.random(len(people)) < hazard
    state.there &= ~(leaves & started)
    season = season_factor(settings, week)
    lift = np.where(week < state.lift_until, state.lift, 0.0)
    pace = people.rate * season * np.exp(settings.rate_satisfaction * state.mood) * (1 + lift)
    orders = np.where(state.there & started, np.minimum(rng.poisson(pace), 6), 0)
    # everyone who is won places a first order in the week of winning
    orders = np.where((people.acquired_week == week) & ~people.prospect, np.maximum(orders, 1), orders)
    state.there |= orders > 0
    content_hazard = staying * leave_hazard(settings, np.zeros(len(people)))
    content_pace = people.rate * season * (1 + lift)
    for belief, own_hazard, own_pace in (
        (state.belief, hazard, pace),
        (state.belief_content, content_hazard, content_pace),
    ):
        stays = belief * (1 - own_hazard)
        silent = stays * np.exp(-own_pace) / (1 - stays * (1 - np.exp(-own_pace)))
        belief[started] = np.where(orders > 0, 1.0, silent)[started]
    return orders.astype(np.int64)


def _run_campaign(
    settings: SimulationSettings,
    plan: CampaignPlan,
    people: People,
    state: _State,
    week: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    invited = (rng.random(len(people)) < plan.share) & (people.acquired_week < week) & ~people.prospect
    held = rng.random(len(people)) < plan.held_out
    lift = plan.lift * np.where(people.digital, 1 + plan.moderation, 1 - plan.moderation)
    left = no_order_probability(settings, state.belief, state.mood, people.rate, week, plan.weeks)
    moved = no_order_probability(settings, state.belief, state.mood, people.rate, week, plan.weeks, lift)
    treated = invited & ~held
    state.lift = np.where(treated, lift, state.lift)
    state.lift_until = np.where(treated, week + plan.weeks, state.lift_until)
    return campaign_rows(settings, plan, people, invited, treated, week, left - moved, lift)


def _truth(settings: SimulationSettings, people: People, state: _State, week: int) -> pd.DataFrame:
    """The observer's answer at the end of the log, and what each cause adds to the risk.

    Campaigns up to then still work where they do; none is run in the horizon.
    """
    weeks = settings.future_weeks or 13
    ordering = people.rate > 0
    typical_rate = float(np.median(people.rate[ordering])) if ordering.any() else 0.0

    def risk_of(belief: Floats, mood: Floats, rate: Floats) -> Floats:
        return no_order_probability(settings, belief, mood, rate, week, weeks, state.lift, state.lift_until)

    risk = risk_of(state.belief, state.mood, people.rate)
    without = np.column_stack(
        [
            risk_of(np.ones(len(people)), state.mood, people.rate),
            risk_of(state.belief_content, np.zeros(len(people)), people.rate),
            risk_of(state.belief, state.mood, np.maximum(people.rate, typical_rate)),
        ]
    )
    added = risk[:, None] - without
    top = np.array(TRUTH_DRIVERS, dtype=object)[added.argmax(axis=1)]
    return pd.DataFrame(
        {
            "customer_id": people.table["customer_id"],
            "true_churn_probability": risk,
            "still_there": state.there,
            "probability_there": state.belief,
            "satisfaction": state.mood,
            "rate_per_week": people.rate,
            **{f"risk_from_{name}": added[:, place] for place, name in enumerate(TRUTH_DRIVERS)},
            "true_driver": np.where(added.max(axis=1) > 0.02, top, np.full(len(top), None, dtype=object)),
        }
    )


def blocks(settings: SimulationSettings) -> Iterator[dict[str, pd.DataFrame]]:
    """The company in blocks of `settings.chunk` customers; products come once, with the first."""
    products = make_products(settings)
    for first in range(0, settings.customers, settings.chunk):
        tables = simulate_block(settings, products, first, min(settings.chunk, settings.customers - first))
        if first == 0:
            tables["products"] = products.table
        yield tables


def simulate(settings: SimulationSettings) -> dict[str, pd.DataFrame]:
    """The whole company in memory.

    Returns
    -------
    dict of DataFrame
        The tables of the data contract (`transactions`, `customers`, `products`, `feedback`, `interactions`,
        `treatments`), `truth` (one row per customer at the end of the log) and `true_effects` (one per treatment).
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    for tables in blocks(settings):
        for name, table in tables.items():
            parts.setdefault(name, []).append(table)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
