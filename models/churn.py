"""Churn: the probability of no order within each horizon, and the date of the next order.

One activity model (`models.activity`) per horizon that the history is deep enough for; the horizon that is shown
anchors the curve, so that its explanation needs no repair. Longer horizons are continued from the longest one with a
model (`models.continuation`), unless closed windows show that something else is nearer for a rhythm (`models.longer`).
Between the horizons the customer's own rhythm says when the order comes (`models.renewal`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import phrase
from configs.errors import BundleError, NotEnoughDataError
from configs.progress import SILENT, Progress
from configs.settings import TargetSettings, TrainingSettings
from features.specs import FeatureSet
from models.activity import fit_activity
from models.additive import AdditiveModel, dump, load
from models.boosting.booster import lightgbm, side_by_side
from models.boosting.parallel import in_parallel
from models.btyd import ParetoNBD
from models.calibration import inverse_link
from models.continuation import Continuation
from models.contract import Contributions, churn_column, orders_column
from models.encoding import Encoded, Encoder
from models.evidence import count_labels, has_ordered, labelled
from models.level.leveling import fit_levels, panel_of
from models.longer import Longer
from models.parts import adjusted
from models.probabilistic import fit_history
from models.projection import Projection
from models.renewal import Ahead, Renewal
from models.survival import continued, days_until, log_odds, ordered
from models.validation import Split, inner_split

Floats = NDArray[np.float64]
DEPTH = 2.5
"""Length of the log, in horizons, from which a horizon up to the one that is shown anchors the curve."""


class ChurnModel:
    """Probability of no order, per horizon.

    Parameters
    ----------
    feature_set : FeatureSet
    targets : TargetSettings
    training : TrainingSettings

    Attributes
    ----------
    models_ : dict of int to AdditiveModel
        Per horizon with enough closed labels and history, ascending; link `logit`, outcome "no order".
    continuation_ : Continuation
        From the longest of them onwards.
    longer_ : Longer
        What speaks for which rhythm at horizons after that.
    renewal_ : Renewal or None
        Rhythm of the customers; None where the features tell of no gap.
    horizons_ : tuple of int
        Horizons that are predicted: those with enough closed labels and the one that is shown, ascending.
    main_ : int
        The horizon that is explained: `targets.horizon_days`, or the nearest one with a model.
    splits_ : dict of int to Split
        Per horizon, among the rows of `evidence.labelled`; after `fit` only.
    """

    def __init__(self, feature_set: FeatureSet, targets: TargetSettings, training: TrainingSettings) -> None:
        self.feature_set = feature_set
        self.targets = targets
        self.training = training

    @property
    def feature_names_in_(self) -> list[str]:
        """Feature names in order."""
        return self.feature_set.names

    def fit(
        self,
        frame: pd.DataFrame | Encoded,
        labels: pd.DataFrame,
        *,
        encoder: Encoder | None = None,
        log_start: datetime | None = None,
        known_until: datetime | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fit one classifier per horizon that has enough labels, and the level where the span of the log is given.

        Parameters
        ----------
        frame : DataFrame or Encoded
        labels : DataFrame
        encoder : Encoder, optional
            Fitted on the frame already.
        log_start, known_until : datetime, optional
            First event of the log and end of what is known; without them no level is forecast.
        progress : Progress, optional

        Raises
        ------
        NotEnoughDataError
            No horizon has enough labels.
        """
        self.encoder_ = encoder or Encoder(self.feature_set).fit(_needs_frame(frame))
        encoded = self.encoder_.transform(frame)
        allowed = [h for h in self.targets.all_horizons if not count_labels(encoded, labels, h).refusal]
        if not allowed:
            raise NotEnoughDataError("too_few_labels_for_churn", horizons=self.targets.all_horizons)
        self.horizons_ = tuple(sorted({*allowed, self.targets.horizon_days}))
        anchors = self._deep_enough(allowed, log_start, known_until)
        self.main_ = max(anchors)
        allowed = [h for h in allowed if h in anchors or h > self.main_]
        buyers = encoded.rows(has_ordered(encoded))
        history = fit_history(buyers)
        self.renewal_ = Renewal.fit(buyers)
        with (progress or SILENT).step(phrase("steps.fit_churn"), len(allowed)) as advance:

            def fit_horizon(horizon: int) -> tuple[Split, AdditiveModel]:
                fitted = self._fit_horizon(encoded, labels, horizon, history)
                advance(1)
                return fitted

            workers = side_by_side(len(encoded), self.training.threads)
            lightgbm()  # imported once, before the threads start
            fitted = in_parallel(fit_horizon, allowed, workers)
        self.splits_ = {h: split for h, (split, _) in zip(allowed, fitted, strict=True)}
        models = {h: model for h, (_, model) in zip(allowed, fitted, strict=True)}
        self.models_ = {h: models[h] for h in anchors}
        self.continuation_ = Continuation.fit(buyers, max(anchors))
        self.longer_ = Longer.fit(
            encoded, labels, {h: models[h] for h in allowed if h > self.main_}, self._at_anchor, self.continuation_,
            self.renewal_,
        )  # fmt: skip
        allowed = list(anchors)
        if log_start is not None and known_until is not None:
            panel = panel_of(encoded, labels, allowed, log_start, known_until)
            if panel is not None:
                for h, step in fit_levels(panel, self.models_, self.feature_set, self.training).items():
                    self.models_[h] = self.models_[h].with_step(step)
        return self

    def _deep_enough(
        self, allowed: Sequence[int], log_start: datetime | None, known_until: datetime | None
    ) -> list[int]:
        """Horizons up to the one that is shown that the log is long enough for; never none."""
        days = np.inf
        if log_start is not None and known_until is not None:
            days = (known_until - log_start).total_seconds() / 86_400
        deep = [h for h in allowed if h <= self.targets.horizon_days and days >= h * DEPTH]
        return deep or [min(allowed)]

    def _at_anchor(self, encoded: Encoded) -> Floats:
        """Probability of no order at the anchor, shape (n,); see `curve`."""
        fitted = list(self.models_)
        silent = np.column_stack([self.models_[h].mean(encoded) for h in fitted])
        return ordered(silent, fitted.index(self.main_))[:, -1]

    def _fit_horizon(
        self, encoded: Encoded, labels: pd.DataFrame, horizon: int, history: ParetoNBD | None
    ) -> tuple[Split, AdditiveModel]:
        rows = labelled(encoded, labels, horizon)
        known = encoded.rows(rows)
        churned = (labels[orders_column(horizon)].to_numpy(dtype=np.float64)[rows] <= 0).astype(np.float64)
        if known.customer_id is None or known.as_of is None:
            raise NotEnoughDataError("frame_without_keys")
        rare = churned > 0 if churned.mean() < 0.5 else churned <= 0
        split = inner_split(known.customer_id, known.as_of, rare, horizon)
        return split, fit_activity(
            known,
            churned,
            split,
            horizon=horizon,
            history=history,
            feature_set=self.feature_set,
            training=self.training,
        )

    @property
    def lifetime_basis_(self) -> int:
        """`targets.lifetime_days` if it has a model, else the longest shorter horizon that has one."""
        shorter = [h for h in self.models_ if h <= self.targets.lifetime_days]
        return max(shorter) if shorter else min(self.models_)

    def curve(self, frame: pd.DataFrame | Encoded) -> Floats:
        """Probability of no order for each of `horizons_`, shape (n, h), never rising along a row."""
        encoded = self.encoder_.transform(frame)
        fitted, anchor = list(self.models_), self.continuation_.anchor
        silent = np.column_stack([self.models_[h].mean(encoded) for h in fitted])
        silent = ordered(silent, fitted.index(self.main_))
        ahead = self.ahead(encoded)
        near = [h for h in self.horizons_ if h <= anchor]
        columns = {
            h: silent[:, fitted.index(h)] if h in fitted else within(tuple(fitted), silent, h, ahead) for h in near
        }
        after = [h for h in self.horizons_ if h > anchor]
        if after:
            later = self.longer_.silent(encoded, after, silent[:, -1], self.continuation_, ahead)
            columns |= dict(zip(after, later.T, strict=True))
        return np.column_stack([columns[h] for h in self.horizons_])

    def ahead(self, encoded: Encoded) -> Ahead | None:
        """The days ahead of each customer by the own rhythm; None where the features tell of no gap."""
        return None if self.renewal_ is None else self.renewal_.ahead(encoded)

    def silent(self, encoded: Encoded, days: Sequence[int], known: tuple[int, ...], curve: Floats) -> Floats:
        """Probability of no order until each of `days`, shape (n, k), from that at horizons that hold every model's.

        Parameters
        ----------
        encoded : Encoded
        days : sequence of int
        known : tuple of int
            Horizons of `curve`, ascending.
        curve : ndarray, shape (n, len(known))
            Never rising along a row.
        """
        ahead = self.ahead(encoded) if set(days) - set(known) else None
        columns = {day: curve[:, known.index(day)] for day in days if day in known}
        columns |= {day: within(known, curve, day, ahead) for day in days if day not in known and day < known[-1]}
        later = [day for day in days if day > known[-1]]
        if later:
            steps = self.continuation_.silence(encoded, [known[-1], *later])
            odds = log_odds(curve[:, -1])[:, None] + steps[:, 1:] - steps[:, :1]
            columns |= dict(zip(later, inverse_link(odds, "binary").T, strict=True))
        return np.column_stack([columns[day] for day in days])

    def project(self, frame: pd.DataFrame | Encoded, days: Sequence[int] = ()) -> Projection:
        """The survival at `horizons_`, at the end of the lifetime and at any further days."""
        encoded = self.encoder_.transform(frame)
        curve = self.curve(encoded)
        wanted = sorted({*self.horizons_, self.targets.lifetime_days, *days})
        return Projection(tuple(wanted), self.silent(encoded, wanted, self.horizons_, curve))

    def predict(self, frame: pd.DataFrame | Encoded, *, projection: Projection | None = None) -> pd.DataFrame:
        """Churn per horizon and days until the next order, see `describe_curve`, with the frame's index.

        Parameters
        ----------
        frame : DataFrame or Encoded
        projection : Projection, optional
            `project(frame)`, with any further days, if it has been computed already.
        """
        encoded = self.encoder_.transform(frame)
        projection = self.project(encoded) if projection is None else projection
        dates = projection.at({*self.horizons_, self.targets.lifetime_days})
        curve = projection.at(self.horizons_).survival
        return describe_curve(
            self.horizons_,
            curve,
            self.targets,
            encoded.index,
            dates=(dates.days, dates.survival),
            ahead=self.ahead(encoded),
        )

    def contributions(self, frame: pd.DataFrame | Encoded) -> Contributions:
        """Parts of `churn_probability` in log-odds."""
        return self.contributions_at(frame, self.targets.horizon_days)

    def contributions_at(
        self, frame: pd.DataFrame | Encoded, horizon: int, *, projection: Projection | None = None
    ) -> Contributions:
        """Parts of the probability of no order at one of `horizons_`.

        Where the order constraint or an interpolation changes what the model of the horizon says, the difference is
        the step `calibration`. What a continuation adds counts, beside the typical customer, as the time since the last
        order, like the rest of Pareto/NBD.
        """
        encoded = self.encoder_.transform(frame)
        anchor = self.continuation_.anchor
        beyond = horizon > anchor
        modelled = anchor if beyond else horizon
        parts = self.models_[modelled if modelled in self.models_ else self.main_].contributions(encoded)
        if horizon == self.main_:
            return parts
        projection = self.project(encoded) if projection is None else projection
        if modelled != self.main_:
            parts = adjusted(parts, log_odds(projection.survival_at(modelled)))
        if not beyond:
            return parts
        base = parts.base + self.continuation_.typical_silence(horizon)
        shown = log_odds(projection.survival_at(horizon))
        return adjusted(Contributions(parts.link, base, parts.values), shown, "recency")

    def to_files(self) -> dict[str, bytes]:
        """State as files without prefix."""
        state = {
            "horizons": list(self.models_),
            "predicted": list(self.horizons_),
            "continuation": self.continuation_.state(),
            "longer": self.longer_.state(),
            "renewal": None if self.renewal_ is None else self.renewal_.state(),
            "main": self.main_,
            "targets": self.targets.model_dump(mode="json"),
        }
        files = {"churn.json": dump(state), "encoder.json": self.encoder_.to_json().encode()}
        for horizon, model in self.models_.items():
            files |= model.to_files(f"h{horizon}")
        for horizon, model in self.longer_.own.items():
            files |= model.to_files(f"longer{horizon}")
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, threads: int = 1) -> ChurnModel:
        """Rebuild from `to_files`."""
        state = load(files, "churn.json")
        encoder = Encoder.from_json(files.get("encoder.json", b""))
        try:
            targets = TargetSettings(**state["targets"])
            model = cls(encoder.feature_set, targets, TrainingSettings(threads=threads))
            model.encoder_ = encoder
            model.main_ = int(state["main"])
            horizons = sorted(int(h) for h in state["horizons"])
            model.horizons_ = tuple(sorted(int(h) for h in state["predicted"]))
            model.continuation_ = Continuation.from_state(state["continuation"])
            model.renewal_ = None if state["renewal"] is None else Renewal.from_state(state["renewal"])
            longer = {int(h) for h in state["longer"]["own"]}
            longer_models = {h: AdditiveModel.from_files(files, f"longer{h}", threads=threads) for h in sorted(longer)}
            model.longer_ = Longer.from_state(state["longer"], longer_models)
            if model.main_ not in horizons or model.continuation_.anchor != max(horizons):
                raise ValueError
            if not {*horizons, targets.horizon_days} <= set(model.horizons_):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise BundleError("bundle_file_unreadable", file="churn.json") from None
        model.models_ = {h: AdditiveModel.from_files(files, f"h{h}", threads=threads) for h in horizons}
        return model


def describe_curve(
    horizons: tuple[int, ...],
    curve: Floats,
    targets: TargetSettings,
    index: pd.Index,
    *,
    dates: tuple[tuple[int, ...], Floats] | None = None,
    ahead: Ahead | None = None,
) -> pd.DataFrame:
    """Prediction columns of a churn curve, shape (n, h): probabilities and days until the next order.

    The days (median and the ends of the interval) hold if there is an order within `targets.lifetime_days`: most
    customers may also never come back, which the probabilities tell. `dates` are days and the curve at them, shape
    (n, len(days)), to read them from; by default `horizons` and `curve`. Between two of them the order comes as `ahead`
    says, at a constant rate without it.
    """
    columns = {"churn_probability": curve[:, horizons.index(targets.horizon_days)]}
    columns |= {churn_column(h): curve[:, i] for i, h in enumerate(horizons)}
    days, path = dates or (horizons, curve)
    returning = 1 - within(days, path, targets.lifetime_days, ahead)
    middle, tail = 0.5, (1 - targets.interval) / 2
    shares = {"next_order_days": middle, "next_order_days_low": tail, "next_order_days_high": 1 - tail}
    if ahead is not None and targets.lifetime_days > days[-1]:
        days, path = (*days, targets.lifetime_days), np.column_stack([path, 1 - returning])
    for name, share in shares.items():
        wanted = share * returning
        columns[name] = days_until(days, path, wanted) if ahead is None else ahead.days_until(days, path, wanted)
    return pd.DataFrame(columns, index=index)


def within(horizons: tuple[int, ...], churn: Floats, days: int, ahead: Ahead | None) -> Floats:
    """Probability of no order until `days`, shape (n,), between the horizons by the own rhythm where it is known."""
    if ahead is None or days > horizons[-1]:
        return continued(horizons, churn, days)
    return ahead.inside(horizons, churn, days)


def _needs_frame(frame: pd.DataFrame | Encoded) -> pd.DataFrame:
    if isinstance(frame, Encoded):
        raise TypeError("an encoded frame needs its encoder")
    return frame
