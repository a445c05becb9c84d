"""The three estimators as one: fitted together, asked together, stored together.

Rows the models cannot speak for (customers without an order) and logs they may not learn from (`models.evidence`)
are answered by `models.rules`; the evidence columns say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import pandas as pd

from configs.errors import BundleError, DataError
from configs.progress import SILENT, Progress
from configs.settings import TargetSettings, TrainingSettings
from features.specs import FeatureSet
from models.additive import dump, load
from models.churn import ChurnModel
from models.contract import KEYS, Contributions, churn_column, orders_column, spend_column
from models.encoding import Encoded, Encoder
from models.evidence import NONE, REASONS, STRONG, WEAK, count_labels, has_ordered
from models.golden import golden_files, golden_rows, read_golden
from models.lifetime import LifetimeModel
from models.potential import PotentialModel
from models.rules import RuleModel

FORMAT = 3
"""Models of another format are refused: the pace of orders is stored with the orders since 3."""


@dataclass(frozen=True)
class FitContext:
    """What a fit needs to know beside frame and labels.

    Attributes
    ----------
    feature_set : FeatureSet
        Features of the frame, in order.
    targets : TargetSettings
    training : TrainingSettings
    log_start : datetime
        First event of the log.
    known_until : datetime
        Labels use data before this moment only.
    order_bound : float
        Largest amount of one order that teaches; the labels hold no more, the features do. See `models.order_bound`.
    """

    feature_set: FeatureSet
    targets: TargetSettings
    training: TrainingSettings
    log_start: datetime
    known_until: datetime
    order_bound: float = float("inf")


class ModelSuite:
    """Churn, potential and lifetime value.

    Attributes
    ----------
    encoder_ : Encoder
    rules_ : RuleModel
        Answers for customers without an order, and for everybody where `churn_` is None.
    churn_, potential_, lifetime_ : estimators or None
        None where a model is not allowed; `lifetime_` also where the log has no amounts.
    refusal_, doubt_ : str
        Codes of `models.evidence.REASONS`: why there is no model; why its evidence is weak.
    """

    def fit(
        self, frame: pd.DataFrame, labels: pd.DataFrame, context: FitContext, *, progress: Progress | None = None
    ) -> Self:
        """Fit everything that the labels allow.

        Parameters
        ----------
        frame : DataFrame
            Keys and features of every customer × cut-off.
        labels : DataFrame
            Same rows; `orders_{h}d` and, where the log has amounts, `spend_{h}d`.
        context : FitContext

        Raises
        ------
        DataError
            Frame and labels do not fit together, or the keys are missing.
        """
        listening = progress or SILENT
        targets = context.targets
        _check_rows(frame, labels)
        self.targets_, self.training_ = targets, context.training
        self.encoder_ = Encoder(context.feature_set).fit(frame)
        encoded = self.encoder_.transform(frame)
        counts = {h: count_labels(encoded, labels, h) for h in targets.all_horizons}
        allowed = [h for h in counts if not counts[h].refusal]
        self.churn_: ChurnModel | None = None
        self.potential_: PotentialModel | None = None
        self.lifetime_: LifetimeModel | None = None
        if allowed:
            self.churn_ = ChurnModel(context.feature_set, targets, context.training)
            self.churn_.fit(
                encoded,
                labels,
                encoder=self.encoder_,
                log_start=context.log_start,
                known_until=context.known_until,
                progress=listening,
            )
            self.potential_ = PotentialModel(self.churn_, context.order_bound).fit(encoded, labels, progress=listening)
            if self.potential_.has_amounts:
                self.lifetime_ = LifetimeModel(self.potential_).fit(encoded, labels, progress=listening)
            self.refusal_ = ""
            main = self.churn_.main_
            self.doubt_ = "extrapolated_horizon" if main != targets.horizon_days else counts[main].doubt
            horizons = list(self.churn_.horizons_)
        else:
            self.refusal_ = counts[targets.horizon_days].refusal
            self.doubt_ = ""
            horizons = sorted({targets.horizon_days, *(h for h in counts if counts[h].customers)})
        self.rules_ = RuleModel(targets, horizons).fit(encoded, labels, order_bound=context.order_bound)
        self.golden_ = golden_rows(frame)
        return self

    def by_rule(self, refusal: str) -> ModelSuite:
        """The same suite with its models put aside: the written rules answer for everybody.

        Parameters
        ----------
        refusal : str
            Code of `models.evidence.REASONS` that every answer then carries.
        """
        ruled = copy(self)
        ruled.churn_ = ruled.potential_ = ruled.lifetime_ = None
        ruled.refusal_, ruled.doubt_ = refusal, ""
        return ruled

    @property
    def feature_names_in_(self) -> list[str]:
        """Feature names in order."""
        return self.encoder_.feature_set.names

    @property
    def feature_set(self) -> FeatureSet:
        """The features that a frame must have."""
        return self.encoder_.feature_set

    @property
    def horizons_(self) -> tuple[int, ...]:
        """Horizons that predictions are given for, ascending."""
        return self.rules_.horizons

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Everything predicted for every row, with the frame's index.

        Returns
        -------
        DataFrame
            `churn_probability`, `churn_probability_{h}d`, `next_order_days` with `_low` and `_high` (if there is an
            order within the lifetime), `expected_orders`, `expected_spend`, `orders_{h}d`, `spend_{h}d`,
            `lifetime_value` with `_low` and `_high`, `evidence` and `evidence_reason` (the weakest of all), and
            `churn_evidence`, `churn_evidence_reason`, `lifetime_evidence`, `lifetime_evidence_reason`.
        """
        encoded = self.encoder_.transform(frame)
        return self._with_evidence(encoded, self._predict(encoded))

    def contributions(self, frame: pd.DataFrame) -> dict[str, Contributions]:
        """Exact parts of the main predictions, by name.

        `churn`: `churn_probability` (logit); `spend`: `expected_spend` (log); `lifetime`: `lifetime_value` (log). The
        last two only where the log has amounts.
        """
        encoded = self.encoder_.transform(frame)
        ruled = self._ruled(encoded)
        if self.churn_ is None:
            return self._explained_by_rule(encoded)
        model = self._explained_by_model(self.churn_, encoded if not ruled.any() else encoded.rows(~ruled))
        if not ruled.any():
            return model
        rule = self._explained_by_rule(encoded.rows(ruled))
        return {name: _merge(model[name], rule[name], ruled, encoded.index) for name in model}

    def _explained_by_rule(self, encoded: Encoded) -> dict[str, Contributions]:
        return self.rules_.contributions(encoded, self.rules_.predict(encoded))

    def _explained_by_model(self, churn_model: ChurnModel, by_model: Encoded) -> dict[str, Contributions]:
        pieces = () if self.lifetime_ is None else self.lifetime_.pieces
        projection = churn_model.project(by_model, pieces)
        shown = self.targets_.horizon_days
        churn = churn_model.contributions_at(by_model, shown, projection=projection)
        model = {"churn": churn}
        if self.potential_ is not None and self.lifetime_ is not None:
            projection = self.potential_.project(by_model, projection)
            value = self.lifetime_.predict(by_model, projection=projection)["lifetime_value"].to_numpy()
            basis = self.lifetime_.basis_
            active = {shown: churn}
            if basis != shown:
                active[basis] = churn_model.contributions_at(by_model, basis, projection=projection)
            parts = {
                horizon: self.potential_.contributions_at(
                    by_model, horizon, active=active[horizon], projection=projection
                )
                for horizon in active
            }
            model["spend"] = parts[shown]
            model["lifetime"] = self.lifetime_.contributions(by_model, value=value, parts=parts[basis])
        return model

    def unknown(self, frame: pd.DataFrame) -> dict[str, dict[str, int]]:
        """Categories of the frame that training has not seen; see `Encoder.unknown`."""
        return self.encoder_.unknown(frame)

    def to_files(self) -> dict[str, bytes]:
        """The whole state under `suite.json`, `rules/`, `churn/`, `potential/`, `lifetime/`, `golden/`."""
        state = {
            "format": FORMAT,
            "refusal": self.refusal_,
            "doubt": self.doubt_,
            "targets": self.targets_.model_dump(mode="json"),
            "models": [name for name in ("churn", "potential", "lifetime") if getattr(self, f"{name}_") is not None],
        }
        files = {"suite.json": dump(state), "encoder.json": self.encoder_.to_json().encode()}
        parts = {"rules": self.rules_, "churn": self.churn_, "potential": self.potential_, "lifetime": self.lifetime_}
        for prefix, part in parts.items():
            if part is not None:
                files |= {f"{prefix}/{name}": data for name, data in part.to_files().items()}
        return files | golden_files(self)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, threads: int = 1) -> ModelSuite:
        """Rebuild from `to_files`; other names among the files are ignored.

        Parameters
        ----------
        files : mapping of str to bytes
        threads : int
            Threads of predictions; the results do not depend on it.

        Raises
        ------
        BundleError
            A file is missing, damaged, or of a newer format.
        """
        state = load(files, "suite.json")
        suite = cls()
        try:
            if int(state["format"]) > FORMAT:
                raise BundleError("models_of_newer_version")
            if int(state["format"]) < FORMAT:
                raise BundleError("models_of_earlier_version")
            suite.refusal_, suite.doubt_ = str(state["refusal"]), str(state["doubt"])
            suite.targets_ = TargetSettings(**state["targets"])
            held = [str(name) for name in state["models"]]
            if suite.refusal_ not in REASONS or suite.doubt_ not in REASONS:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise BundleError("bundle_file_unreadable", file="suite.json") from None
        suite.training_ = TrainingSettings(threads=threads)
        suite.encoder_ = Encoder.from_json(files.get("encoder.json", b""))
        suite.rules_ = RuleModel.from_files(_below(files, "rules"), suite.targets_)
        suite.churn_ = suite.potential_ = suite.lifetime_ = None
        if "churn" in held:
            suite.churn_ = ChurnModel.from_files(_below(files, "churn"), threads=threads)
            if suite.churn_.encoder_.to_json() != suite.encoder_.to_json():
                raise BundleError("bundle_churn_encoder_differs")
            if "potential" in held:
                potential = PotentialModel.from_files(_below(files, "potential"), suite.churn_, threads=threads)
                suite.potential_ = potential
                if "lifetime" in held:
                    suite.lifetime_ = LifetimeModel.from_files(_below(files, "lifetime"), potential)
        suite.golden_ = read_golden(files, suite.feature_set)
        return suite

    def _ruled(self, encoded: Encoded) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.ones(len(encoded), dtype=bool) if self.churn_ is None else ~has_ordered(encoded)

    def _predict(self, encoded: Encoded) -> pd.DataFrame:
        ruled = self._ruled(encoded)
        if self.churn_ is None or self.potential_ is None:
            return self.rules_.predict(encoded)[prediction_columns(self.horizons_)]
        rows = encoded.rows(~ruled) if ruled.any() else encoded
        pieces = () if self.lifetime_ is None else self.lifetime_.pieces
        projection = self.potential_.project(rows, self.churn_.project(rows, pieces))
        parts = [
            self.churn_.predict(rows, projection=projection),
            self.potential_.predict(rows, projection=projection),
        ]
        if self.lifetime_ is not None:
            parts.append(self.lifetime_.predict(rows, projection=projection))
        by_model = pd.concat(parts, axis=1).reindex(columns=prediction_columns(self.horizons_))
        if not ruled.any():
            return by_model
        by_rule = self.rules_.predict(encoded.rows(ruled)).reindex(columns=by_model.columns)
        values = np.empty((len(encoded), len(by_model.columns)))
        values[ruled], values[~ruled] = by_rule.to_numpy(), by_model.to_numpy()
        return pd.DataFrame(values, index=encoded.index, columns=by_model.columns)

    def _with_evidence(self, encoded: Encoded, predicted: pd.DataFrame) -> pd.DataFrame:
        buyers = has_ordered(encoded)
        reason = self.refusal_ or self.doubt_
        grade = NONE if self.refusal_ == "no_closed_horizon" else WEAK if reason else STRONG
        churn_grade = np.where(buyers, grade, NONE)
        churn_reason = np.where(buyers, reason, "no_orders_yet")
        longer = self.lifetime_ is None or self.lifetime_.extrapolated
        weak = longer & (churn_grade == STRONG)
        life_grade = np.where(weak, WEAK, churn_grade)
        life_reason = np.where(weak, "extrapolated_lifetime", churn_reason)
        no_amounts = predicted["lifetime_value"].isna().to_numpy()
        return predicted.assign(
            evidence=np.where(no_amounts, churn_grade, life_grade),
            evidence_reason=np.where(no_amounts, churn_reason, life_reason),
            churn_evidence=churn_grade,
            churn_evidence_reason=churn_reason,
            lifetime_evidence=np.where(no_amounts, NONE, life_grade),
            lifetime_evidence_reason=np.where(no_amounts, "no_amounts", life_reason),
        )


def prediction_columns(horizons: tuple[int, ...]) -> list[str]:
    """The numeric columns of a prediction, in order; the evidence columns follow them."""
    columns = ["churn_probability", *(churn_column(h) for h in horizons)]
    columns += ["next_order_days", "next_order_days_low", "next_order_days_high", "expected_orders", "expected_spend"]
    for horizon in horizons:
        columns += [orders_column(horizon), spend_column(horizon)]
    return [*columns, "lifetime_value", "lifetime_value_low", "lifetime_value_high"]


def _check_rows(frame: pd.DataFrame, labels: pd.DataFrame) -> None:
    for key in KEYS:
        if key not in frame:
            raise DataError("frame_lacks_key", field=key)
    if len(frame) == 0 or len(frame) != len(labels):
        raise DataError("frame_and_labels_differ", frame=len(frame), labels=len(labels))
    if not any(str(column).startswith("orders_") for column in labels):
        name = orders_column(90)
        raise DataError("labels_lack_column", field="orders", name=name)


def _below(files: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    start = f"{prefix}/"
    return {name[len(start) :]: data for name, data in files.items() if name.startswith(start)}


def _merge(
    model: Contributions, rule: Contributions, ruled: np.ndarray[tuple[int], np.dtype[np.bool_]], index: pd.Index
) -> Contributions:
    columns = list(dict.fromkeys([*model.values.columns, *rule.values.columns]))
    values = np.zeros((len(index), len(columns)))
    values[~ruled] = model.values.reindex(columns=columns, fill_value=0.0).to_numpy()
    values[ruled] = rule.values.reindex(columns=columns, fill_value=0.0).to_numpy()
    base = np.empty(len(index))
    base[~ruled], base[ruled] = model.base, rule.base
    return Contributions(model.link, base, pd.DataFrame(values, index=index, columns=columns))
