"""From the treatments table to what strategies are worth: the measurement in one call, for pipelines and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from configs.errors import NotEnoughDataError
from configs.settings import Settings
from retention.catalogue import Catalogue
from retention.effects import Effect, measure_effects, measured_beliefs, treatment_outcomes
from retention.strategies import MeasuredEffect
from retention.uplift import SMALLEST_ARM, UpliftReport, UpliftSettings, evaluate_uplift

if TYPE_CHECKING:
    from features.engine import Tables

MAX_MOMENTS = 12
"""Latest campaign days whose features are computed for individual effects."""


@dataclass(frozen=True)
class Measurement:
    """What the treatments so far have shown.

    Attributes
    ----------
    effects : list of Effect
        Per strategy, segment and outcome.
    beliefs : dict
        For `select_strategies(measured=…)`: catalogue and measurement weighted by precision.
    contacts : DataFrame
        For `select_strategies(recent_contacts=…)`: customer_id, treated_at, strategy, arm.
    """

    effects: list[Effect]
    beliefs: dict[str, MeasuredEffect]
    contacts: pd.DataFrame


def contacts_until(tables: Tables, as_of: datetime) -> pd.DataFrame:
    """Treatments before `as_of`: customer_id, treated_at, strategy, arm; empty where there is no such table."""
    columns = ["treatment_id", "customer_id", "treated_at", "strategy", "arm"]
    if not tables.has("treatments"):
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    moment = as_of.replace(tzinfo=None)
    found: pd.DataFrame = tables.query(
        f"SELECT {', '.join(columns)} FROM treatments WHERE treated_at < TIMESTAMP '{moment}' "
        "ORDER BY customer_id, treated_at, treatment_id"
    ).to_pandas()
    return found


def measure_campaigns(
    tables: Tables,
    catalogue: Catalogue,
    settings: Settings,
    as_of: datetime,
    *,
    segments: Mapping[str, str] | None = None,
) -> Measurement:
    """Measure every strategy whose contacts had a horizon to work in before `as_of`.

    Parameters
    ----------
    tables : Tables
        Canonical tables; without treatments nothing is measured and the catalogue's beliefs stay.
    catalogue, settings
        Beliefs; `targets.horizon_days`.
    as_of : datetime
        Nothing at or after it is seen.
    segments : mapping of str to str, optional
        Segment by customer_id, for effects per segment. It should have been known before the contacts.
    """
    from features.engine import order_events

    contacts = contacts_until(tables, as_of)
    if contacts.empty:
        return Measurement([], {}, contacts)
    moment = as_of.replace(tzinfo=None)
    outcomes = treatment_outcomes(
        contacts,
        order_events(tables, moment),
        horizon_days=settings.targets.horizon_days,
        until=pd.Timestamp(moment),
    )
    if segments is not None:
        outcomes = outcomes.assign(segment=outcomes["customer_id"].map(dict(segments)))
    if "amount" not in tables.columns("transactions"):
        outcomes = outcomes.drop(columns=["spend_before"]).assign(spend=0.0)
    effects = measure_effects(outcomes, segment_column="segment" if segments is not None else None)
    return Measurement(effects, measured_beliefs(effects, catalogue), contacts)


def campaign_uplift(
    tables: Tables, strategy: str, settings: Settings, as_of: datetime, *, learner: UpliftSettings | None = None
) -> UpliftReport:
    """How well individual effects of one strategy can be told in advance, judged on unseen customers.

    Features are those of the moment of each contact; the outcome is an order within the horizon.

    Raises
    ------
    NotEnoughDataError
        Too few customers in an arm for individual effects.
    """
    from features.engine import compute_features, feature_set_for, order_events

    contacts = contacts_until(tables, as_of)
    own = contacts[contacts["strategy"] == strategy]
    moment = as_of.replace(tzinfo=None)
    horizon = settings.targets.horizon_days
    outcomes = treatment_outcomes(own, order_events(tables, moment), horizon_days=horizon, until=pd.Timestamp(moment))
    moments = sorted(set(outcomes["treated_at"]))[-MAX_MOMENTS:]
    outcomes = outcomes[outcomes["treated_at"].isin(moments)]
    treated = outcomes["treated"].to_numpy(dtype=np.bool_)
    fewest = int(min(treated.sum(), (~treated).sum())) if len(outcomes) else 0
    if fewest < SMALLEST_ARM:
        raise NotEnoughDataError(
            f"strategy {strategy!r}: {fewest} customers in the smaller arm are too few for individual effects",
            f"use average effects until each arm has {SMALLEST_ARM}",
            value=strategy,
        )
    chosen = feature_set_for(tables)
    frame = compute_features(tables, [pd.Timestamp(at).to_pydatetime() for at in moments], chosen)
    joined = outcomes.merge(
        frame, left_on=["customer_id", "treated_at"], right_on=["customer_id", "as_of"], how="inner"
    )
    names = [spec.name for spec in chosen]
    features = joined[names].copy()
    for spec in chosen:
        if spec.kind == "categorical":
            features[spec.name] = features[spec.name].astype("category")
    return evaluate_uplift(
        features,
        joined["treated"].to_numpy(dtype=np.bool_),
        joined["active"].to_numpy(dtype=np.float64),
        settings=learner,
    )
