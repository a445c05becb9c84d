"""Whom a strategy moves more than others: learned from a randomised comparison, kept with the model, told per customer.

What is added to the average effect is the learned difference from it, times the share of such differences that proved
real on unseen customers (`retention.experiments.uplift.UpliftReport.slope`). It is learned only where the learner beats
random order and "highest risk first" on every fold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import BundleError
from models.encoding import Encoded, Encoder
from retention.experiments.uplift import DRLearner, Stumps, UpliftSettings, evaluate_uplift
from retention.strategies.choice import OWN_EFFECT

Floats = NDArray[np.float64]
FILE = "retention/own_effects.json"
LARGEST_SLOPE = 2.0
"""Boosting of few rounds tells differences smaller than they are; more than doubled they are not."""


@dataclass(frozen=True)
class IndividualEffect:
    """How much more than the average customer each is moved by a strategy.

    Attributes
    ----------
    strategy : str
        Code in the catalogue.
    features : tuple of str
        What the steps are made in: numeric features, and ``feature=category`` for categories (1 or 0).
    stumps : Stumps
        Effect as a sum of steps in these.
    mean : float
        Its mean over those it was learned from.
    slope : float
        What the differences are multiplied with, from above 0 to `LARGEST_SLOPE`.
    """

    strategy: str
    features: tuple[str, ...]
    stumps: Stumps
    mean: float
    slope: float

    def own(self, encoded: Encoded, encoder: Encoder) -> Floats:
        """Difference from the average effect in probability; shape (n,)."""
        columns = [column_of(name, encoded, encoder) for name in self.features]
        values = np.column_stack(columns) if columns else np.zeros((len(encoded), 0))
        return self.slope * (self.stumps.predict(values) - self.mean)


def column_of(name: str, encoded: Encoded, encoder: Encoder) -> Floats:
    """A numeric feature, or whether a categorical one has a certain category; shape (n,)."""
    feature, _, category = name.partition("=")
    values = encoded.column(feature)
    if values is None:
        raise BundleError("individual_effect_of_unknown_feature", file=FILE, feature=feature)
    if not category:
        return values
    known = encoder.vocabulary_.get(feature, [])
    place = known.index(category) if category in known else -1
    return np.asarray(values == place, dtype=np.float64)


def effect_features(encoded: Encoded, encoder: Encoder, *, least: float) -> pd.DataFrame:
    """Numeric features, and one column per category that at least a share `least` of the rows has."""
    named: dict[str, Floats] = {}
    for spec in encoder.feature_set:
        if spec.kind == "numeric":
            named[spec.name] = column_of(spec.name, encoded, encoder)
            continue
        for category in encoder.vocabulary_.get(spec.name, []):
            column = column_of(f"{spec.name}={category}", encoded, encoder)
            if column.mean() >= least:
                named[f"{spec.name}={category}"] = column
    return pd.DataFrame(named)


def learn_individual(
    strategy: str,
    features: pd.DataFrame,
    treated: NDArray[np.bool_],
    active: Floats,
    *,
    settings: UpliftSettings | None = None,
) -> IndividualEffect | None:
    """Learn whom a strategy moves; None where that could not be told on unseen customers.

    Parameters
    ----------
    strategy : str
        Code.
    features : DataFrame, shape (n, k)
        `effect_features` at the moment of the contact.
    treated : ndarray of bool, shape (n,)
        Arm.
    active : ndarray, shape (n,)
        1 where an order followed in the horizon.

    Raises
    ------
    NotEnoughDataError
        Too few customers in an arm.
    """
    report = evaluate_uplift(features, treated, active, settings=settings)
    if not report.useful:
        return None
    learner = DRLearner(settings).fit(features, treated, active)
    mean = float(learner.predict(features).mean())
    used = sorted(set(learner.effect_.feature))
    names = tuple(str(features.columns[place]) for place in used)
    steps = replace(learner.effect_, feature=tuple(used.index(place) for place in learner.effect_.feature))
    return IndividualEffect(strategy, names, steps, mean, min(report.slope, LARGEST_SLOPE))


def own_effect_columns(
    effects: Sequence[IndividualEffect], encoder: Encoder, frame: pd.DataFrame
) -> pd.DataFrame | None:
    """Columns `own_effect_<strategy>` for every row of a frame; None where nothing was learned."""
    if not effects:
        return None
    encoded = encoder.transform(frame)
    columns = {f"{OWN_EFFECT}{one.strategy}": one.own(encoded, encoder) for one in effects}
    return pd.DataFrame(columns, index=frame.index)


def write_individual(effects: Sequence[IndividualEffect]) -> bytes:
    """The effects as a file of the bundle."""
    return (json.dumps([asdict(one) for one in effects], sort_keys=True, allow_nan=False) + "\n").encode()


def read_individual(files: Mapping[str, bytes]) -> tuple[IndividualEffect, ...]:
    """Read what `write_individual` wrote; nothing where the bundle has no such file.

    Raises
    ------
    BundleError
        The file is damaged.
    """
    if FILE not in files:
        return ()
    try:
        return tuple(_one(entry) for entry in json.loads(files[FILE]))
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError("individual_effects_unreadable", file=FILE, reason=type(error).__name__) from None


def _one(entry: Mapping[str, Any]) -> IndividualEffect:
    raw, names = dict(entry["stumps"]), tuple(str(name) for name in entry["features"])
    start = float(raw.pop("start"))
    lists = [tuple(raw[item.name]) for item in fields(Stumps)[1:]]
    feature, threshold, below, above, missing = lists
    numbers = [start, *threshold, *below, *above, float(entry["mean"]), float(entry["slope"])]
    if len({len(one) for one in lists}) != 1 or not np.isfinite(np.array(numbers, dtype=np.float64)).all():
        raise ValueError("not a sum of steps")
    if not all(isinstance(place, int) and 0 <= place < len(names) for place in feature):
        raise ValueError("unknown feature")
    stumps = Stumps(start, feature, threshold, below, above, missing)
    return IndividualEffect(str(entry["strategy"]), names, stumps, float(numbers[-2]), float(numbers[-1]))
