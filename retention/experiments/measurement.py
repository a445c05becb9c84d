"""From the treatments table to what strategies are worth: the measurement in one call, for pipelines and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import NotEnoughDataError
from configs.settings import Settings
from features.specs import FeatureSet
from models.encoding import Encoder
from retention.experiments.effects import Effect, measure_effects, treatment_outcomes
from retention.experiments.individual_effects import FILE as INDIVIDUAL_FILE
from retention.experiments.individual_effects import (
    IndividualEffect,
    effect_features,
    learn_individual,
    write_individual,
)
from retention.experiments.uplift import SMALLEST_ARM, UpliftSettings
from retention.strategies.catalogue import Catalogue
from retention.strategies.effect_priors import FILE as MEASURED_EFFECTS_FILE
from retention.strategies.effect_priors import (
    UPLIFT_SD,
    MeasuredEffect,
    effect_segments,
    even_odds_points,
    measured_effects_to_json,
    shrink,
    spread_between,
)

if TYPE_CHECKING:
    from features.engine import Tables

MAX_CONTACT_DAYS = 12
"""Latest campaign days whose features are computed for individual effects."""


@dataclass(frozen=True)
class Measurement:
    """What the treatments so far have shown.

    Attributes
    ----------
    effects : list of Effect
        Per strategy, segment and outcome.
    measured_effects : dict
        For `select_strategies(measured=…)`: catalogue and measurement weighted by precision.
    contacts : DataFrame
        For `select_strategies(recent_contacts=…)`: customer_id, treated_at, strategy, arm.
    """

    effects: list[Effect]
    measured_effects: dict[str, MeasuredEffect]
    contacts: pd.DataFrame


def contacts_until(tables: Tables, as_of: datetime) -> pd.DataFrame:
    """Treatments before `as_of`: customer_id, treated_at, strategy, arm; empty where there is no such table."""
    from features.extracts import treatments_until

    return treatments_until(tables, as_of)


def measure_campaigns(
    tables: Tables,
    catalogue: Catalogue,
    as_of: datetime,
    *,
    horizon_days: int,
) -> Measurement:
    """Measure every strategy whose contacts had a horizon to work in before `as_of`.

    Parameters
    ----------
    tables : Tables
        Canonical tables; without treatments nothing is measured and the catalogue's priors stay.
    catalogue : Catalogue
        Beliefs.
    as_of : datetime
        Nothing at or after it is seen.
    horizon_days : int
        Days over which an outcome counts: those that the scores speak of, which are the model's. The settings file may
        ask for others since.

    Returns
    -------
    Measurement
        Effects for everyone (`all`) and per segment of `retention.strategies.effect_priors.effect_segments` as it was
        at the contact.
    """
    from features.engine import order_events
    from features.extracts import customer_type_of

    contacts = contacts_until(tables, as_of)
    if contacts.empty:
        return Measurement([], {}, contacts)
    moment = as_of.replace(tzinfo=None)
    outcomes = treatment_outcomes(
        contacts,
        order_events(tables, moment),
        horizon_days=horizon_days,
        until=pd.Timestamp(moment),
    )
    by_id = customer_type_of(tables)
    kinds = None if by_id is None else outcomes["customer_id"].map(by_id).to_numpy(dtype=object)
    before = outcomes["orders_before"].to_numpy(dtype=np.float64) > 0
    outcomes = outcomes.assign(segment=effect_segments(kinds, before))
    if "amount" not in tables.columns("transactions"):
        outcomes = outcomes.drop(columns=["spend_before"]).assign(spend=0.0)
    effects = measure_effects(outcomes, segment_column="segment")
    return Measurement(effects, updated_effects(effects, catalogue), contacts)


@dataclass(frozen=True)
class ContactRows:
    """Contacts of one strategy whose horizon has closed: features at the contact, arm, whether an order came."""

    frame: pd.DataFrame
    treated: NDArray[np.bool_]
    active: NDArray[np.float64]


def contact_rows(
    tables: Tables, strategy: str, settings: Settings, as_of: datetime, feature_set: FeatureSet
) -> ContactRows:
    """Contacts of the last `MAX_CONTACT_DAYS` days on which the strategy was carried out, with features of those days.

    Raises
    ------
    NotEnoughDataError
        Too few customers in an arm for individual effects.
    """
    from features.engine import compute_features, order_events

    contacts = contacts_until(tables, as_of)
    own = contacts[contacts["strategy"] == strategy]
    moment = as_of.replace(tzinfo=None)
    horizon = settings.targets.horizon_days
    outcomes = treatment_outcomes(own, order_events(tables, moment), horizon_days=horizon, until=pd.Timestamp(moment))
    contact_days = sorted(set(outcomes["treated_at"]))[-MAX_CONTACT_DAYS:]
    outcomes = outcomes[outcomes["treated_at"].isin(contact_days)]
    treated = outcomes["treated"].to_numpy(dtype=np.bool_)
    fewest = int(min(treated.sum(), (~treated).sum())) if len(outcomes) else 0
    if fewest < SMALLEST_ARM:
        raise NotEnoughDataError("strategy_arms_too_small", value=strategy, count=fewest, needed=SMALLEST_ARM)
    frame = compute_features(tables, [pd.Timestamp(at).to_pydatetime() for at in contact_days], feature_set)
    joined = outcomes[["customer_id", "treated_at", "treated", "active"]].merge(
        frame, left_on=["customer_id", "treated_at"], right_on=["customer_id", "as_of"], how="inner"
    )
    return ContactRows(
        joined[list(frame.columns)],
        joined["treated"].to_numpy(dtype=np.bool_),
        joined["active"].to_numpy(dtype=np.float64),
    )


def _features(rows: ContactRows, encoder: Encoder, learner: UpliftSettings | None) -> pd.DataFrame:
    least = (learner or UpliftSettings()).effect_leaf_share
    return effect_features(encoder.transform(rows.frame), encoder, least=least)


def effect_files(
    tables: Tables,
    catalogue: Catalogue,
    settings: Settings,
    as_of: datetime,
    encoder: Encoder,
    *,
    learner: UpliftSettings | None = None,
) -> dict[str, bytes]:
    """What a bundle keeps of measured effects: those per strategy and segment, and whom a strategy moves.

    Individual effects are learned only for strategies of the catalogue whose contacts were randomised, each arm large
    enough, and kept only where they proved themselves on unseen customers.
    """
    found = measure_campaigns(tables, catalogue, as_of, horizon_days=settings.targets.horizon_days)
    files = {MEASURED_EFFECTS_FILE: measured_effects_to_json(found.measured_effects).encode()}
    effects: list[IndividualEffect] = []
    for code, effect in found.measured_effects.items():
        if effect.evidence != "randomised":
            continue
        try:
            rows = contact_rows(tables, code, settings, as_of, encoder.feature_set)
            # enough in all may be too few where a fifth of them is kept to test on
            one = learn_individual(code, _features(rows, encoder, learner), rows.treated, rows.active, settings=learner)
        except NotEnoughDataError:
            continue
        effects += [one] if one is not None else []
    files[INDIVIDUAL_FILE] = write_individual(effects)
    return files


def updated_effects(effects: Sequence[Effect], catalogue: Catalogue) -> dict[str, MeasuredEffect]:
    """What the selection may believe of each strategy after measuring.

    The effect on `active` is carried to even odds by the held-out mean and moves `orders_points`; the effect on
    `spend_if_active`, relative to the held-out mean, moves `spend_uplift`. First everyone's measurement meets the
    catalogue's prior; then every segment's measurement meets everyone's, with the spread between segments as
    the prior's standard deviation. The evidence level becomes that of the measurement.
    """
    by_outcome = {(effect.strategy, effect.segment, effect.outcome): effect for effect in effects}
    measured_effects: dict[str, MeasuredEffect] = {}
    for code in catalogue.codes:
        active = by_outcome.get((code, "all", "active"))
        if active is None:
            continue
        prior = catalogue[code].effect
        mean, _ = shrink(prior.orders_points, prior.sd_points, *_points(active))
        uplift, spend = prior.spend_uplift, by_outcome.get((code, "all", "spend_if_active"))
        if spend is not None and spend.mean_held_out > 0:
            uplift, _ = shrink(uplift, UPLIFT_SD, *_relative(spend))
        own = {key[1]: effect for key, effect in by_outcome.items() if key[0] == code and key[2] == "active"}
        own.pop("all")
        points = {name: _points(effect) for name, effect in own.items()}
        spread = spread_between([value for value, _ in points.values()], [error for _, error in points.values()])
        segments = {
            name: MeasuredEffect(shrink(mean, spread, *points[name])[0], uplift, effect.evidence)
            for name, effect in own.items()
        }
        measured_effects[code] = MeasuredEffect(mean, uplift, active.evidence, segments)
    return measured_effects


def _points(active: Effect) -> tuple[float, float]:
    """Effect and its error at even odds."""
    base = min(max(active.mean_held_out, 0.01), 0.99)
    scale = 0.25 / (base * (1 - base))  # slope of even_odds_points at no effect
    return even_odds_points(active.effect, base), active.se * scale


def _relative(spend: Effect) -> tuple[float, float]:
    return spend.effect / spend.mean_held_out, spend.se / spend.mean_held_out
