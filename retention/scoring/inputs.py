"""What the scores table is made of: what the models say, what the tables say, and the rules that hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from configs.settings import Settings
from features.specs import FeatureSet
from models.contract import Contributions
from retention.contacts.segments import SegmentFile
from retention.profile.baseline import Baseline
from retention.profile.open_days import OpenDays
from retention.strategies.catalogue import Catalogue
from retention.strategies.effect_priors import MeasuredEffect


@dataclass(frozen=True)
class Predicted:
    """What the models say of the customers of a frame.

    Attributes
    ----------
    frame : DataFrame
        Features at one moment, one row per customer.
    predictions : DataFrame
        `ModelSuite.predict(frame)`: same index.
    contributions : mapping
        `ModelSuite.contributions(frame)`: `churn`, and where there are amounts `spend` and `lifetime`.
    own_effects : DataFrame or None
        `retention.experiments.individual_effects.own_effect_columns`: how much more than others a customer is moved by
        a strategy; None where that was not learned.
    """

    frame: pd.DataFrame
    predictions: pd.DataFrame
    contributions: Mapping[str, Contributions]
    own_effects: pd.DataFrame | None


@dataclass(frozen=True)
class History:
    """What the tables say of the same customers up to the moment; None where there is no such table.

    Attributes
    ----------
    events : DataFrame
        `features.engine.order_events`.
    open_days : OpenDays
        Days that count as no silence.
    profile : DataFrame or None
        Customers table.
    lines : DataFrame or None
        `retention.profile.categories.line_shares`.
    recent_contacts : DataFrame or None
        Earlier treatments.
    false_alarms : DataFrame or None
        Signs that staff called a false alarm: customer_id, sign, at (UTC).
    """

    events: pd.DataFrame
    open_days: OpenDays
    profile: pd.DataFrame | None
    lines: pd.DataFrame | None
    recent_contacts: pd.DataFrame | None
    false_alarms: pd.DataFrame | None


@dataclass(frozen=True)
class Rules:
    """What a bundle and the settings hold a customer against.

    Attributes
    ----------
    version : str
        Bundle id.
    feature_set : FeatureSet
        The bundle's features.
    baseline : Baseline
        Cut-offs, typical values and ranges at training.
    catalogue : Catalogue
        Strategies.
    segments : SegmentFile
        Named conditions; the first primary one that holds is the customer's segment.
    measured_effects : mapping of str to MeasuredEffect
        Effects by strategy that replace the catalogue's beliefs; may be empty.
    settings : Settings
        Targets, tiers, limits, currency.
    """

    version: str
    feature_set: FeatureSet
    baseline: Baseline
    catalogue: Catalogue
    segments: SegmentFile
    measured_effects: Mapping[str, MeasuredEffect]
    settings: Settings
