"""Out-of-time evaluation: the whole procedure run as of an earlier moment and compared with what happened since.

Nothing later than the test cut-off is known to anything that is fitted: cut-offs, features, labels, models and
baselines are all made as of it. Only the comparison reads the window after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from configs.catalogue import phrase
from configs.errors import InvariantError, NotEnoughDataError
from configs.history import min_history_days
from configs.progress import SILENT, Progress
from configs.settings import Settings
from configs.timestamps import format_moment
from evaluation import metrics
from evaluation.baselines import BASELINES, baseline_predictions
from evaluation.datasets import TrainingSet, backtest_cutoffs, stable_fraction, training_set, treatments_of
from evaluation.drivers import contribution_sample, driver_summary
from evaluation.grade import LifetimeTest, grade
from evaluation.labels import (
    SMALLEST_UNTREATED,
    days_to_next_order,
    discounted_spend,
    make_labels,
    treated_within,
)
from evaluation.measures import by_slice, lifetime_check, losses, measures, next_order_check
from evaluation.reason_check import reason_check
from evaluation.rhythm import find_rhythm
from evaluation.slices import slice_columns
from evaluation.warning_check import warning_check
from features.engine import Tables, compute_features, order_events
from models.contract import KEYS, churn_column, orders_column, spend_column
from models.suite import ModelSuite

MAX_LOSSES = 20_000
"""Losses kept per customer (by a stable hash), enough for a paired comparison with the next model."""
OURS, RULE = "holdfast", "rule"
"""Names of the model and of the written rules among the methods compared."""

MakeSuite = Callable[[], ModelSuite]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    content : dict
        JSON values: everything that the report shows.
    losses : DataFrame
        key (hash of customer and test cut-off), log_loss, orders_deviance, spend_deviance of up to 20,000 customers.
    made_of : str, optional
        What data, settings and moment were tested, as the stages name it; kept with the files in the work folder only.
    """

    content: dict[str, Any]
    losses: pd.DataFrame
    made_of: str | None = None

    @property
    def letter(self) -> str:
        """The grade."""
        return str(self.content["grade"]["letter"])

    @property
    def fails(self) -> bool:
        """Whether the model must not be put into use by itself: grade C."""
        return self.letter == "C"

    def flat(self, method: str | None = None) -> dict[str, float]:
        """Numbers by flat name (`churn_auc`, `bgnbd_churn_auc`, `lifetime_bias` …), for metrics files and run logs.

        With a `method`, that method's own numbers only.
        """
        if method is not None:
            return {name: value for name, value in self.content["metrics"][method].items() if value is not None}
        result: dict[str, float] = {}
        for method, values in self.content["metrics"].items():
            prefix = "" if method == OURS else f"{method}_"
            result |= {f"{prefix}{name}": value for name, value in values.items() if value is not None}
        for part in ("next_order", "lifetime", "rhythm", "reasons", "warnings"):
            values = self.content.get(part) or {}
            result |= {f"{part}_{name}": value for name, value in values.items() if isinstance(value, int | float)}
        return result


@dataclass(frozen=True)
class Fold:
    """One test cut-off: who was tested, what was predicted by whom, and what happened.

    `rule` is what the written rules would have said in the model's place; None where they spoke themselves.
    """

    cutoff: datetime
    data: TrainingSet
    frame: pd.DataFrame
    events: pd.DataFrame
    predictions: pd.DataFrame
    baselines: dict[str, pd.DataFrame]
    rule: pd.DataFrame | None
    labels: pd.DataFrame
    suite: ModelSuite


def backtest(
    tables: Tables,
    as_of: datetime,
    settings: Settings,
    *,
    folds: int = 1,
    lifetime: bool = True,
    progress: Progress | None = None,
    make_suite: MakeSuite = ModelSuite,
) -> Evaluation:
    """Run the whole procedure as of ``as_of - horizon`` and compare it with what happened until `as_of`.

    Parameters
    ----------
    tables : Tables
        Canonical tables.
    as_of : datetime
        Nothing at or after it is used, UTC without zone.
    settings : Settings
        The same as for training.
    folds : int
        Number of test cut-offs, one horizon apart, newest first; the report shows the newest and lists the others.
    lifetime : bool
        Also test lifetime value at ``as_of - lifetime_days`` where the log reaches back far enough.
    progress : Progress, optional
        Told about the steps.
    make_suite : callable
        Gives an unfitted suite.

    Raises
    ------
    NotEnoughDataError
        The log is too short to hold a horizon back.
    """
    progress = progress or SILENT
    horizon = settings.targets.horizon_days
    events = order_events(tables, until=as_of)
    shown = format_moment(as_of, settings.data.timezone)
    if events.empty:
        raise NotEnoughDataError("no_orders_before_test", code="no_orders", date=shown)
    start = pd.Timestamp(events["occurred_at"].min()).to_pydatetime()
    first = start + timedelta(days=min_history_days(horizon))
    cutoffs = backtest_cutoffs(as_of, horizon, folds, not_before=first)
    if not cutoffs:
        raise NotEnoughDataError(
            "log_too_short_to_test",
            code="log_too_short_to_test",
            start=format_moment(start, settings.data.timezone)[:10],
            days=horizon,
            date=shown,
            needed=min_history_days(horizon) + horizon,
        )
    done = [_fold(tables, cutoff, as_of, settings, progress, make_suite) for cutoff in cutoffs]
    tested = _lifetime(tables, done[0], start, as_of, settings, progress, make_suite, allowed=lifetime)
    content = _content(done[0], as_of, settings, tested)
    content["folds"] = [_fold_row(fold, settings) for fold in done]
    orders = events[events["is_order"].to_numpy(dtype=bool)]
    content["rhythm"] = find_rhythm(orders, as_of, horizon).as_dict()
    newest = done[0]
    content["reasons"] = reason_check(
        newest.data,
        newest.suite,
        newest.frame,
        refits=settings.training.stability_refits,
        customers=settings.training.sampled_customers_for_shap,
        retention=settings.retention,
        progress=progress,
    )
    content["warnings"] = warning_check(tables, events, as_of, settings, progress=progress)
    return Evaluation(_clean(content), _losses_kept(done[0], horizon))


def _fold(
    tables: Tables,
    cutoff: datetime,
    known_until: datetime,
    settings: Settings,
    progress: Progress,
    make_suite: MakeSuite,
    *,
    with_baselines: bool = True,
) -> Fold:
    data = training_set(tables, cutoff, settings, progress)
    shown = format_moment(cutoff, settings.data.timezone)
    with progress.step(phrase("steps.fit_as_of", date=shown)):
        suite = make_suite().fit(data.frame, data.labels, data.context, progress=progress)
    with progress.step(phrase("steps.predict_as_of", date=shown)):
        frame = compute_features(tables, [cutoff], data.feature_set)
        frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) >= 1].reset_index(drop=True)
        frame = _left_alone(frame, tables, settings.targets.horizon_days)
        predictions = suite.predict(frame)
        rule = suite.by_rule("failed_test").predict(frame) if not suite.refusal_ else None
    if predictions["churn_probability"].isna().any():
        raise InvariantError("tested_customer_without_probability")
    events = order_events(tables, until=known_until)
    horizon = settings.targets.horizon_days
    labels = make_labels(events, frame[KEYS], settings.targets.all_horizons, known_until)
    baselines: dict[str, pd.DataFrame] = {}
    if with_baselines:
        with progress.step(phrase("steps.run_baselines")):
            baselines = baseline_predictions(data.frame, data.labels, frame, events, cutoff, horizon)
    return Fold(cutoff, data, frame, events, predictions, baselines, rule, labels, suite)


def _left_alone(frame: pd.DataFrame, tables: Tables, horizon: int) -> pd.DataFrame:
    """Customers who were left alone in the window tested: of the others nobody knows what they would have done."""
    treated = treated_within(treatments_of(tables), frame[KEYS], horizon)
    enough = 1.0 - treated.mean() >= SMALLEST_UNTREATED
    return frame[~treated].reset_index(drop=True) if enough else frame


def _actual(fold: Fold, horizon: int) -> pd.DataFrame:
    orders = fold.labels[orders_column(horizon)]
    return pd.DataFrame(
        {"churned": (orders <= 0).astype(float), "orders": orders, "spend": fold.labels[spend_column(horizon)]}
    )


def _content(fold: Fold, as_of: datetime, settings: Settings, lifetime: dict[str, Any] | None) -> dict[str, Any]:
    horizon = settings.targets.horizon_days
    actual = _actual(fold, horizon)
    methods = {OURS: fold.predictions} | fold.baselines | ({} if fold.rule is None else {RULE: fold.rule})
    measured = {name: measures(actual, predicted) for name, predicted in methods.items()}
    lost = {name: losses(actual, predicted) for name, predicted in methods.items()}
    has_amounts = "spend_mae" in measured[OURS]
    seed = settings.training.seed
    best_churn, churn_difference = _against_best(lost, "log_loss", seed)
    best_spend, spend_difference = _against_best(lost, "spend_deviance", seed) if has_amounts else (None, None)
    stopped = int(actual["churned"].sum())
    ours = measured[OURS]
    result = grade(
        customers=len(actual),
        stayed=len(actual) - stopped,
        stopped=stopped,
        auc=_number(ours["churn_auc"]),
        lift=_number(ours["churn_lift_top_decile"]),
        log_loss_difference=churn_difference,
        spend_difference=spend_difference,
        calibration_error=_number(ours["churn_ece"]),
        orders_bias=_number(ours.get("orders_bias")),
        spend_bias=_number(ours.get("spend_bias")) if has_amounts else None,
        simple_orders_bias=_nearest_total(measured, "orders_bias"),
        simple_spend_bias=_nearest_total(measured, "spend_bias"),
        lifetime=_lifetime_test(lifetime, settings.targets.interval),
    )
    churned, p = actual["churned"].to_numpy(), fold.predictions["churn_probability"].to_numpy()
    gains = {OURS: metrics.gain_table(churned, p)}
    if best_churn is not None:
        gains[best_churn] = metrics.gain_table(churned, fold.baselines[best_churn]["churn_probability"].to_numpy())
    return {
        "format": 1,
        "as_of": f"{as_of:%Y-%m-%dT%H:%M:%S}",
        "as_of_date": format_moment(as_of, settings.data.timezone),
        "test_cutoff": f"{fold.cutoff:%Y-%m-%dT%H:%M:%S}",
        "test_date": format_moment(fold.cutoff, settings.data.timezone),
        "horizon_days": horizon,
        "lifetime_days": settings.targets.lifetime_days,
        "has_amounts": has_amounts,
        "currency": settings.data.currency,
        "interval": settings.targets.interval,
        "training": fold.data.facts(settings.data.timezone),
        "customers": len(actual),
        "totals": {name: _total(actual[name]) for name in actual.columns}
        | {
            "expected_orders": _total(fold.predictions["expected_orders"]),
            "expected_spend": _total(fold.predictions["expected_spend"]),
        },
        "metrics": measured,
        "best": {
            "churn": best_churn,
            "churn_difference": vars(churn_difference),
            "spend": best_spend,
            "spend_difference": vars(spend_difference) if spend_difference else None,
        },
        "grade": result.as_dict(),
        "horizons": _horizons(fold, settings),
        "lifetime": lifetime,
        "next_order": _next_order(fold, as_of, horizon),
        "slices": by_slice(actual, fold.predictions, slice_columns(fold.frame, fold.predictions, settings)),
        "tables": {
            "calibration": _records(metrics.calibration_table(churned, p)),
            "gain": {name: _records(table) for name, table in gains.items()},
            "orders_deciles": _deciles(actual["orders"], fold.predictions["expected_orders"]),
            "spend_deciles": _deciles(actual["spend"], fold.predictions["expected_spend"]),
        },
        "drivers": driver_summary(
            fold.suite, fold.frame, fold.data.feature_set, settings.training.sampled_customers_for_shap
        ),
        "contributions": contribution_sample(fold.suite, fold.frame, fold.data.feature_set),
        "data_hash": fold.data.data_hash,
        "feature_fingerprint": fold.data.feature_set.fingerprint,
    }


def _against_best(lost: dict[str, pd.DataFrame], measure: str, seed: int) -> tuple[str | None, metrics.Difference]:
    """The baseline with the lowest mean loss and our paired difference to it (negative: we are better)."""
    means = {name: float(lost[name][measure].mean()) for name in BASELINES if lost[name][measure].notna().all()}
    if not means:
        return None, metrics.Difference(float("nan"), float("nan"), float("nan"))
    best = min(means, key=lambda name: means[name])
    return best, metrics.bootstrap_difference(lost[OURS][measure] - lost[best][measure], seed=seed)


def _nearest_total(measured: dict[str, dict[str, float | None]], name: str) -> float:
    """The bias of the simple method that comes closest in total; NaN where there is none."""
    known = [value for method in BASELINES if (value := measured.get(method, {}).get(name)) is not None]
    return min(known, key=abs, default=float("nan"))


def _lifetime_test(lifetime: dict[str, Any] | None, stated: float) -> LifetimeTest | None:
    if lifetime is None or lifetime["bias"] is None or lifetime["coverage"] is None:
        return None
    return LifetimeTest(int(lifetime["customers"]), lifetime["bias"], lifetime["coverage"], stated)


def _horizons(fold: Fold, settings: Settings) -> list[dict[str, Any]]:
    """Churn and orders at every closed horizon that the models answer."""
    rows = []
    for horizon in settings.targets.all_horizons:
        orders = fold.labels[orders_column(horizon)]
        if churn_column(horizon) not in fold.predictions or orders.isna().any():
            continue
        actual = _actual(fold, horizon)
        predicted = pd.DataFrame(
            {
                "churn_probability": fold.predictions[churn_column(horizon)],
                "expected_orders": fold.predictions[orders_column(horizon)],
                "expected_spend": fold.predictions[spend_column(horizon)],
            }
        )
        rows.append({"horizon_days": horizon} | measures(actual, predicted))
    return rows


def _next_order(fold: Fold, as_of: datetime, horizon: int) -> dict[str, Any]:
    days = days_to_next_order(fold.events, fold.frame[KEYS], as_of).to_numpy()
    return next_order_check(days, fold.predictions, (as_of - fold.cutoff).days or horizon)


def _fold_row(fold: Fold, settings: Settings) -> dict[str, Any]:
    actual = _actual(fold, settings.targets.horizon_days)
    return {"test_date": format_moment(fold.cutoff, settings.data.timezone)} | measures(actual, fold.predictions)


def _lifetime(
    tables: Tables,
    newest: Fold,
    start: datetime,
    as_of: datetime,
    settings: Settings,
    progress: Progress,
    make_suite: MakeSuite,
    *,
    allowed: bool,
) -> dict[str, Any] | None:
    """Lifetime value tested over its whole length, at an own cut-off if the main one is too recent."""
    days = settings.targets.lifetime_days
    cutoff = as_of - timedelta(days=days)
    fold = newest
    if days > (as_of - newest.cutoff).days:
        needed = min_history_days(settings.targets.horizon_days) + min(settings.targets.all_horizons)
        if not allowed or cutoff < start + timedelta(days=needed):
            return None
        fold = _fold(tables, cutoff, as_of, settings, progress, make_suite, with_baselines=False)
    discount = settings.targets.annual_discount
    actual = discounted_spend(fold.events, fold.frame[KEYS], days, discount, as_of).to_numpy(dtype=np.float64)
    check = lifetime_check(actual, fold.predictions)
    return {"test_date": format_moment(fold.cutoff, settings.data.timezone), "days": days} | check if check else None


def _losses_kept(fold: Fold, horizon: int) -> pd.DataFrame:
    table = losses(_actual(fold, horizon), fold.predictions)
    fraction = stable_fraction([str(customer) for customer in fold.frame["customer_id"]], f"{fold.cutoff:%Y%m%d%H%M}")
    table.insert(0, "key", (fraction * (1 << 53)).astype(np.int64))
    return table.sort_values("key", kind="stable").head(MAX_LOSSES).reset_index(drop=True)


def _deciles(actual: pd.Series, predicted: pd.Series) -> list[dict[str, Any]]:
    if actual.isna().any() or predicted.isna().any():
        return []
    return _records(metrics.decile_table(actual, predicted))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _total(values: pd.Series) -> float | None:
    return None if values.isna().any() else float(values.sum())


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _clean(value: Any) -> Any:
    """JSON values only: no NumPy numbers, None for what is not finite."""
    if isinstance(value, dict):
        return {str(name): _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value
