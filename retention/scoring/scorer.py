"""The one path from tables and a bundle to the scores table, for batch, command line and service."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from configs.catalogue import phrase
from configs.errors import BundleError
from configs.progress import SILENT, Progress
from configs.settings import Settings, TargetSettings
from features.engine import Tables, compute_features, order_events
from features.extracts import table_frame
from features.specs import FeatureSet
from models.bundle.declarations import FEATURES_FILE
from models.bundle.folder import Bundle, load_bundle
from models.suite import ModelSuite
from retention.contacts.segments import SegmentFile, load_segments
from retention.experiments.individual_effects import IndividualEffect, own_effect_columns, read_individual
from retention.profile.baseline import Baseline
from retention.profile.categories import line_shares
from retention.profile.customer_facts import customer_facts
from retention.profile.open_days import OpenDays
from retention.scoring.assembly import score
from retention.scoring.inputs import History, Predicted, Rules
from retention.strategies.catalogue import Catalogue, load_catalogue
from retention.strategies.effect_priors import FILE as MEASURED_EFFECTS_FILE
from retention.strategies.effect_priors import MeasuredEffect, measured_effects_from_json

PARAMETERS_FILE = "parameters.json"
BASELINE_FILE = "retention/baseline.json"
PRICES_FILE = "reference_prices.json"


@dataclass(frozen=True)
class Scorer:
    """A bundle made ready to score.

    Attributes
    ----------
    version : str
        Id of the bundle.
    suite : ModelSuite
    feature_set : FeatureSet
    baseline : Baseline
    catalogue : Catalogue
    segments : SegmentFile
    prices : pyarrow.Table
        Unit prices that the price level is measured against, as they were at training.
    measured : mapping of str to MeasuredEffect
        Effects of strategies as they were measured at training.
    own_effects : tuple of IndividualEffect
        Whom strategies move more than others, learned at training.
    settings : Settings
        The caller's, with the targets that the bundle was trained for.
    meta : mapping
        What the bundle says of itself.
    """

    version: str
    suite: ModelSuite
    feature_set: FeatureSet
    baseline: Baseline
    catalogue: Catalogue
    segments: SegmentFile
    prices: pa.Table
    measured: Mapping[str, MeasuredEffect]
    own_effects: tuple[IndividualEffect, ...]
    settings: Settings
    meta: Mapping[str, Any]

    @classmethod
    def of(cls, bundle: Bundle, settings: Settings, *, threads: int = 1) -> Scorer:
        """Rebuild the parts of a checked bundle.

        Raises
        ------
        BundleError
            A part is missing, or features and models do not belong together.
        """
        try:
            feature_set = FeatureSet.from_json(bundle.files[FEATURES_FILE].decode())
            baseline = Baseline.from_json(bundle.files[BASELINE_FILE].decode())
            targets = targets_of(bundle)
            rows = json.loads(bundle.files.get(PRICES_FILE, b"[]"))
            prices = pa.table(
                {
                    "category": pa.array([row["category"] for row in rows], pa.string()),
                    "unit_price": pa.array([row["unit_price"] for row in rows], pa.float64()),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                "bundle_lacks_part_for_scoring", bundle=bundle.id, kind=type(error).__name__, reason=str(error)
            ) from None
        suite = ModelSuite.from_files(bundle.files, threads=threads)
        if suite.feature_names_in_ != feature_set.names:
            raise BundleError("bundle_models_of_other_features", bundle=bundle.id)
        own = settings.model_copy(update={"targets": targets})
        return cls(
            version=bundle.id,
            suite=suite,
            feature_set=feature_set,
            baseline=baseline,
            catalogue=load_catalogue(own),
            segments=load_segments(own),
            prices=prices,
            measured=measured_effects_from_json(bundle.files.get(MEASURED_EFFECTS_FILE, b"{}").decode()),
            own_effects=read_individual(bundle.files),
            settings=own,
            meta=bundle.meta,
        )

    @property
    def horizon_days(self) -> int:
        """Days that the scores speak of: the bundle's, whatever the settings file asks for by now."""
        return self.settings.targets.horizon_days

    def frame(
        self,
        tables: Tables,
        as_of: datetime,
        *,
        customers: Sequence[str] | None = None,
        log_start: datetime | None = None,
    ) -> pd.DataFrame:
        """Features of the customers of `tables` at a moment, against the prices of the bundle."""
        return compute_features(
            tables,
            [as_of],
            self.feature_set,
            customers=customers,
            reference_prices=self.prices if self.prices.num_rows else None,
            log_start=log_start,
        )

    def score_frame(
        self,
        frame: pd.DataFrame,
        tables: Tables,
        as_of: datetime,
        *,
        measured_effects: Mapping[str, MeasuredEffect] | None = None,
        scored_at: datetime | None = None,
        false_alarms: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """The scores table of a frame whose customers' rows are in `tables`.

        `false_alarms` are the signs that staff called one: customer_id, sign, at (UTC).
        """
        history = History(
            events=order_events(tables, until=as_of),
            open_days=OpenDays.of(tables),
            profile=customer_facts(tables, as_of, self.settings.data.timezone),
            lines=line_shares(tables, as_of, self.baseline.lines),
            recent_contacts=table_frame(tables, "treatments", "customer_id", "treated_at", "treatment_id"),
            false_alarms=false_alarms,
        )
        predicted = Predicted(
            frame,
            self.suite.predict(frame),
            self.suite.contributions(frame),
            own_effect_columns(self.own_effects, self.suite.encoder_, frame),
        )
        rules = Rules(
            version=self.version,
            feature_set=self.feature_set,
            baseline=self.baseline,
            catalogue=self.catalogue,
            segments=self.segments,
            measured_effects=self.measured if measured_effects is None else measured_effects,
            settings=self.settings,
        )
        return score(predicted, history, rules, scored_at=scored_at)

    def score(
        self,
        tables: Tables,
        as_of: datetime,
        *,
        customers: Sequence[str] | None = None,
        measured_effects: Mapping[str, MeasuredEffect] | None = None,
        scored_at: datetime | None = None,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Score the customers of `tables` at a moment.

        Parameters
        ----------
        tables : Tables
            Open canonical tables.
        as_of : datetime
            UTC; nothing at or after it is seen.
        customers : sequence of str, optional
            Only these.
        measured_effects : mapping, optional
            Effects by strategy that replace the catalogue's beliefs; those measured at training by default.
        scored_at : datetime, optional
            When the run was started, from the caller's clock.
        progress : Progress, optional
            Listens to the steps.

        Returns
        -------
        DataFrame
            See `retention.scoring.assembly.score`.
        """
        listening = progress or SILENT
        with listening.step(phrase("steps.compute_features")):
            frame = self.frame(tables, as_of, customers=customers)
        with listening.step(phrase("steps.score_customers")):
            return self.score_frame(
                frame,
                tables,
                as_of,
                measured_effects=measured_effects,
                scored_at=scored_at,
            )


def targets_of(bundle: Bundle) -> TargetSettings:
    """The targets that a bundle was trained for."""
    return TargetSettings(**json.loads(bundle.files[PARAMETERS_FILE])["targets"])


def load_scorer(
    settings: Settings, *, bundle_id: str | None = None, threads: int | None = None, examine: bool = True
) -> Scorer:
    """Load the current bundle, or another one, ready to score.

    Parameters
    ----------
    settings : Settings
    bundle_id : str, optional
        Default: the bundle in use.
    threads : int, optional
        Default: those of the settings.
    examine : bool
        Whether the models answer their golden rows first, in a child process (seconds). Without it every byte is still
        compared with the manifest, and the bundle in use was examined when it was put into use.

    Raises
    ------
    BundleError
        There is none, or it must not be loaded.
    """
    bundle = load_bundle(settings.bundle_store, bundle_id=bundle_id, examine=examine)
    return Scorer.of(bundle, settings, threads=settings.training.threads if threads is None else threads)
