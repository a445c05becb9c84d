"""Trees plus steps on one link scale: the building block of every estimator.

``prediction = inverse_link(base + features + steps)``. An `AdditiveModel` knows how to be fitted with a split in
time, how to answer, how to explain itself exactly and how to become files. What it predicts is its owner's matter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import BundleError
from configs.settings import TrainingSettings
from features.specs import FeatureSet
from models.boosting.booster import Boosting, BoostingSettings, Objective
from models.calibration import Family, LinkStep, fit_affine, inverse_link, keep_total, step_from_state
from models.contract import Contributions, Link
from models.encoding import Encoded
from models.probabilistic import HistoryStep
from models.validation import Split

Floats = NDArray[np.float64]
FAMILIES: dict[str, Family] = {"binary": "binary", "poisson": "poisson", "gamma": "gamma", "tweedie": "poisson"}


@dataclass(frozen=True)
class AdditiveModel:
    """Base, trees and steps on a link scale.

    Attributes
    ----------
    names : tuple of str
        Feature names, one column of contributions each.
    link : str
        `logit` or `log`.
    boosting : Boosting or None
        None for a constant model (an outcome without variation).
    steps : tuple of LinkStep
        Applied in order after the trees.
    offset : float
        Added to the base (the log of the unit that amounts were divided by, or of the constant).
    validated : tuple of two arrays or None
        After `fit_additive` only: positions of the rows kept for validation and their raw predictions, steps included.
    """

    names: tuple[str, ...]
    link: Link
    boosting: Boosting | None
    steps: tuple[LinkStep, ...] = ()
    offset: float = 0.0
    validated: tuple[NDArray[np.intp], Floats] | None = field(default=None, compare=False)

    def raw(self, encoded: Encoded) -> Floats:
        """Prediction on the link scale, shape (n,)."""
        raw = np.full(len(encoded), self.offset)
        if self.boosting is not None:
            raw = raw + self.boosting.raw(encoded.values)
        for step in self.steps:
            raw = step.apply(raw, encoded)
        return raw

    def mean(self, encoded: Encoded) -> Floats:
        """Probability or expectation, shape (n,)."""
        return inverse_link(self.raw(encoded), "binary" if self.link == "logit" else "poisson")

    def contributions(self, encoded: Encoded) -> Contributions:
        """Exact parts on the link scale; steps of one driver code share a column.

        What a `HistoryStep` adds is told beside the typical customer, so that reasons stay about the customer.
        """
        n = len(encoded)
        if self.boosting is None:
            base, values = 0.0, np.zeros((n, len(self.names)))
            raw = np.full(n, self.offset)
        else:
            base, values = self.boosting.contributions(encoded.values)
            raw = self.boosting.raw(encoded.values) + self.offset
        added: dict[str, Floats] = {}
        start = np.full(n, base + self.offset)
        for step in self.steps:
            split = step.parts(encoded) if isinstance(step, HistoryStep) else None
            if split is not None:
                start = start + split[0]
                raw = raw + split[0]
                added[step.driver] = added.get(step.driver, np.zeros(n)) + split[1]
                raw = raw + split[1]
                continue
            after = step.apply(raw, encoded)
            added[step.driver] = added.get(step.driver, np.zeros(n)) + (after - raw)
            raw = after
        frame = pd.DataFrame(values, index=encoded.index, columns=list(self.names))
        return Contributions(self.link, start, frame.assign(**added))

    def with_step(self, step: LinkStep) -> AdditiveModel:
        """The same model with one step more."""
        validated = self.validated
        return AdditiveModel(self.names, self.link, self.boosting, (*self.steps, step), self.offset, validated)

    def to_files(self, name: str) -> dict[str, bytes]:
        """`<name>.json` and `<name>.<seed>.txt`."""
        state: dict[str, Any] = {
            "link": self.link,
            "names": list(self.names),
            "offset": self.offset,
            "steps": [step.state() for step in self.steps],
            "trees": None,
        }
        files = {}
        if self.boosting is not None:
            settings = self.boosting.settings
            state["trees"] = {
                "objective": settings.objective,
                "monotone": list(settings.monotone),
                "categorical": list(settings.categorical),
                "seed": settings.seed,
                "seeds": settings.seeds,
                "weights": list(settings.weights),
            }
            files = {f"{name}.{i}.txt": text for i, text in enumerate(self.boosting.to_texts())}
        return {f"{name}.json": dump(state), **files}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], name: str, *, threads: int = 1) -> AdditiveModel:
        """Rebuild from `to_files`.

        Raises
        ------
        BundleError
            A file is missing or does not hold what it should.
        """
        state = load(files, f"{name}.json")
        try:
            names = tuple(str(item) for item in state["names"])
            steps = tuple(step_from_state(item) for item in state["steps"])
            link, offset, trees = state["link"], float(state["offset"]), state["trees"]
            if link not in ("logit", "log") or not np.isfinite(offset):
                raise ValueError
            boosting = None
            if trees is not None:
                settings = BoostingSettings(
                    trees["objective"],
                    tuple(int(item) for item in trees["monotone"]),
                    tuple(int(item) for item in trees["categorical"]),
                    int(trees["seed"]),
                    threads,
                    int(trees["seeds"]),
                    tuple(float(item) for item in trees["weights"]),
                )
                if settings.weights and not (
                    len(settings.weights) == settings.seeds and np.isfinite(settings.weights).all()
                ):
                    raise ValueError
                if len(settings.monotone) != len(names) or not 1 <= settings.seeds <= 100:
                    raise ValueError
                texts = [files[f"{name}.{number}.txt"] for number in range(settings.seeds)]
                boosting = Boosting.from_texts(texts, settings)
        except (KeyError, TypeError, ValueError):
            raise BundleError(
                f"{name}.json of the bundle is not a model of this version", "train again or roll back"
            ) from None
        return cls(names, link, boosting, steps, offset)


def fit_additive(  # noqa: PLR0913 – settings of a fit, named
    encoded: Encoded,
    target: Floats,
    split: Split,
    *,
    objective: Objective,
    feature_set: FeatureSet,
    training: TrainingSettings,
    monotone: bool = False,
    total: float | None = None,
    weight: Floats | None = None,
) -> AdditiveModel:
    """Fit trees with early stopping in time and calibrate their slope on the rows kept for judging.

    The slope comes from rows that the first model has not seen; the intercept keeps the total of the rows fitted,
    because the final model has learned from all of them. How the total moves after them is not this step's matter.

    Parameters
    ----------
    encoded : Encoded, n rows
    target : ndarray, shape (n,)
        0/1 for `binary`, else non-negative amounts.
    split : Split
        Positions among the n rows.
    monotone : bool
        Whether to hold the specs' `monotone_churn` directions (for a model of churn).
    total : float, optional
        What the predictions of these rows shall add up to, where it is not the sum of `target`.
    """
    names = tuple(feature_set.names)
    binary = objective == "binary"
    total = float(target.sum()) if total is None else total
    if (binary and not 0 < total < len(target)) or total <= 0 or len(np.unique(target)) < 2:
        mean = (total + 0.5) / (len(target) + 1) if binary else max(total / max(len(target), 1), 1e-9)
        return AdditiveModel(names, "logit" if binary else "log", None, (), float(_link(mean, binary)))
    signs = tuple(spec.monotone_churn if monotone and spec.kind == "numeric" else 0 for spec in feature_set)
    categorical = tuple(i for i, spec in enumerate(feature_set) if spec.kind == "categorical")
    settings = BoostingSettings(
        objective,
        signs,
        categorical,
        training.seed,
        training.threads,
        training.seeds_averaged,
        factors=training.boosters,
    )
    unit = 1.0 if binary else float(target.mean())
    boosting = Boosting(settings).fit(encoded.values, target / unit, split, weight=weight)
    offset = float(np.log(unit))
    family = FAMILIES[objective]
    slope = 1.0
    if boosting.validated_ is not None:
        outcome = target[split.validation] / unit
        positive = np.maximum(outcome, 1e-6) if family == "gamma" else outcome
        slope = fit_affine(boosting.validated_, positive, family).slope
    fitted = boosting.raw(encoded.values) + offset
    step = keep_total(slope, fitted, total, family)
    validated = None
    if boosting.validated_ is not None:
        validated = split.validation, step.apply(boosting.validated_ + offset, encoded)
    return AdditiveModel(names, "logit" if binary else "log", boosting, (step,), offset, validated)


def dump(state: Any) -> bytes:
    """JSON bytes with sorted keys; NaN is refused."""
    return (json.dumps(state, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def load(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """A JSON object from the files of a bundle.

    Raises
    ------
    BundleError
        The file is missing or not a JSON object.
    """
    try:
        state = json.loads(files[name])
    except KeyError:
        raise BundleError(f"the bundle has no file {name}", "train again or roll back", file=name) from None
    except (ValueError, RecursionError):
        raise BundleError(f"{name} of the bundle is not JSON", "train again or roll back", file=name) from None
    if not isinstance(state, dict):
        raise BundleError(f"{name} of the bundle holds no state", "train again or roll back", file=name)
    return state


def _link(mean: float, binary: bool) -> float:
    return float(np.log(mean / (1 - mean)) if binary else np.log(mean))
