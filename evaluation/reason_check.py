"""Whether reasons would be the same from other customers: churn models refitted on random halves of the customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from configs.catalogue import phrase
from configs.progress import SILENT, Progress
from configs.settings import RetentionSettings
from evaluation.datasets import TrainingSet, stable_fraction
from evaluation.reason_stability import GOAL, reason_stability
from models.churn import ChurnModel
from models.contract import Contributions
from models.encoding import Encoder
from models.suite import ModelSuite
from retention.explanation.reasons import Attribution, attribute
from retention.profile.baseline import STABLE_FROM
from retention.profile.peers import fit_peers, typical_gap

MAX_ROWS = 20_000
"""Rows of a refit: of larger logs fewer customers than a half are drawn, which makes reasons look less stable."""


def reason_check(
    data: TrainingSet,
    suite: ModelSuite,
    frame: pd.DataFrame,
    *,
    refits: int,
    customers: int,
    retention: RetentionSettings,
    progress: Progress | None = None,
) -> dict[str, Any] | None:
    """Compare the reasons that refits on random halves of the customers give the same customers.

    A half drawn without putting back varies as much as a bootstrap sample of the whole (Politis, Romano and Wolf 1999,
    Subsampling, section 2) and is fitted in half the time.

    Parameters
    ----------
    data : TrainingSet
        What the model tested was fitted on.
    suite : ModelSuite
        The model tested; where it has no churn model there is nothing to compare.
    frame : DataFrame
        The customers tested.
    refits : int
        Number of refits; below two nothing is tested.
    customers : int
        How many of the customers are compared (by a hash of the id).
    retention : RetentionSettings
        What makes a customer new and active: points are measured from the active ones alike.
    progress : Progress, optional
        Listens to the steps.

    Returns
    -------
    dict or None
        JSON values: `evaluation.reason_stability.Stability` as a dict, `rows` (mean of a refit), `unstable` (drivers
        moved back), `first_kept_by_chance` (the same share if every customer had another's reasons),
        `first_kept_shown` (share of customers whose first driver stays when those are moved back), goal, stable_from.
    """
    if refits < 2 or getattr(suite, "churn_", None) is None:
        return None
    listening = progress or SILENT
    fraction = stable_fraction([str(one) for one in frame["customer_id"]])
    sample = frame.iloc[np.argsort(fraction, kind="stable")[:customers]].reset_index(drop=True)
    ids = np.sort(data.frame["customer_id"].unique().astype(str))
    size = min(len(ids) // 2, max(1, int(len(ids) * MAX_ROWS / len(data.frame))))
    attributions: list[Attribution] = []
    rows = 0
    with listening.step(phrase("steps.test_reasons"), refits) as done:
        for turn in range(refits):
            drawn = np.random.default_rng([data.context.training.seed, turn]).choice(ids, size, replace=False)
            kept = data.frame["customer_id"].isin(drawn).to_numpy()
            rows += int(kept.sum())
            attributions.append(_refitted(data, kept, sample, retention))
            done(1)
    stability = reason_stability(attributions)
    shown = reason_stability(attributions, moved_back=stability.unstable)
    return {
        "fits": stability.fits,
        "customers": stability.customers,
        "rows": rows // refits,
        "first_kept": stability.first_kept,
        "first_kept_by_chance": stability.by_chance,
        "first_kept_shown": shown.first_kept,
        "first_in_top_two": stability.first_in_top_two,
        "rank_agreement": stability.rank_agreement,
        "by_driver": stability.by_driver,
        "unstable": stability.unstable,
        "goal": GOAL,
        "stable_from": STABLE_FROM,
    }


def _refitted(data: TrainingSet, kept: np.ndarray, sample: pd.DataFrame, retention: RetentionSettings) -> Attribution:
    """Reasons of the sample by a churn model of its own, for the main horizon alone."""
    context = data.context
    horizon = context.targets.horizon_days
    targets = context.targets.model_copy(update={"horizons": (horizon,), "lifetime_days": horizon})
    narrowed = replace(context, targets=targets)
    encoder = Encoder(narrowed.feature_set).fit(data.frame[kept])
    model = ChurnModel(narrowed.feature_set, narrowed.targets, narrowed.training)
    model.fit(
        encoder.transform(data.frame[kept].reset_index(drop=True)),
        data.labels[kept].reset_index(drop=True),
        encoder=encoder,
        log_start=narrowed.log_start,
        known_until=narrowed.known_until,
    )

    def contribute(frame: pd.DataFrame) -> dict[str, Contributions]:
        encoded = encoder.transform(frame)
        return {"churn": model.contributions_at(encoded, horizon, projection=model.project(encoded))}

    peers = fit_peers(
        sample,
        narrowed.feature_set,
        new_customer_days=retention.new_customer_days,
        typical_gap_days=typical_gap(sample, float(horizon)),
        horizon_days=horizon,
        rules=retention.lifecycle,
        churn_probability=np.full(len(sample), np.nan),
        contribute=contribute,
    )
    parts = contribute(sample)["churn"]
    groups = peers.groups_of(sample, retention.new_customer_days)
    reference = peers.reference("churn", groups, [str(name) for name in parts.values.columns])
    return attribute(parts, narrowed.feature_set, target="churn", reference=reference)
