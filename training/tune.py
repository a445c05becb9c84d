"""Looking for better model settings: trials over time-ordered folds, judged once on a window that no trial has seen.

The newest window ``[as_of - horizon, as_of)`` is kept for the verdict. The folds before it are one horizon apart, so
that each is predicted by models that know nothing of it and no outcome of the last window is used. A trial fits the
whole suite with other settings at every fold; its value is the mean of log loss and spend deviance, each as a share of
what the settings in use reach there (1.0: no change). Trials are proposed by a tree-structured Parzen estimator
(Bergstra, Bardenet, Bengio and Kegl 2011). Its seed depends on the number of finished trials, so an interrupted search
goes on where it was and ends the same.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from configs.catalogue import phrase
from configs.errors import HoldfastError, NotEnoughDataError
from configs.extras import require
from configs.formats import number
from configs.history import MIN_HISTORY_DAYS
from configs.progress import SILENT, Progress
from configs.settings import Settings, TrainingSettings
from configs.timestamps import format_moment
from evaluation.datasets import TrainingSet, backtest_cutoffs, training_set
from evaluation.labels import make_labels
from evaluation.measures import losses
from evaluation.metrics import Difference, bootstrap_difference
from evaluation.texts import text
from features.engine import Tables, compute_features, order_events
from models.contract import KEYS, orders_column, spend_column
from models.suite import ModelSuite
from training.run_log import is_sound

MAX_ROWS = 100_000
"""Rows of a training set during the search; the factors found hold for larger ones, which have their own sizes."""
MEASURES = ("log_loss", "spend_deviance")
SPACE: dict[str, tuple[float, float]] = {
    "boosters.leaves": (0.5, 3.0),
    "boosters.leaf_rows": (0.25, 4.0),
    "boosters.l2": (0.1, 10.0),
    "boosters.learning_rate": (0.4, 2.0),
    "boosters.feature_fraction": (0.3, 1.0),
    "stacking.few_customers": (50.0, 800.0),
    "stacking.prior_sd": (0.05, 0.5),
}
"""What is tried, as places below `training` and ranges (logarithmic)."""

MakeSuite = Callable[[], ModelSuite]


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes
    ----------
    best : dict of str to float
        Value per place of `SPACE`; those of the settings in use where no trial was better.
    value : float
        Of the best trial (1.0: like the settings in use).
    trials, folds : int
        Finished trials and folds that each was fitted on.
    test_date : str
        First day of the window kept for the verdict.
    before, after : dict of str to float
        Mean losses there with the settings in use and with the best ones.
    differences : dict of str to Difference
        After minus before per customer; negative is better.
    verdict : str
        `better`, `chance`, `worse` or `nothing_found`.
    """

    best: dict[str, float]
    value: float
    trials: int
    folds: int
    test_date: str
    before: dict[str, float]
    after: dict[str, float]
    differences: dict[str, Difference]
    verdict: str

    def sentence(self, language: str) -> str:
        """The verdict for a person."""
        return text(f"tune.{self.verdict}", language, trials=self.trials, date=self.test_date)

    def lines(self, language: str) -> list[str]:
        """Before and after per measure on the window kept for the verdict; none where nothing was found."""
        if self.verdict == "nothing_found":
            return []
        return [
            text(
                f"tune.{name}",
                language,
                before=number(self.before[name], language, 4),
                after=number(self.after[name], language, 4),
                change=number(difference.mean, language, 4, signed=True),
                low=number(difference.low, language, 4, signed=True),
                high=number(difference.high, language, 4, signed=True),
            )
            for name, difference in self.differences.items()
        ]

    def snippet(self) -> str:
        """The best settings as YAML to be put into `holdfast.yaml`, with the verdict as a comment."""
        said = [self.sentence("en"), *self.lines("en"), self.sentence("zh"), *self.lines("zh")]
        return "".join(f"# {line}\n" for line in said) + yaml.safe_dump(_nested(self.best), sort_keys=False)


@dataclass(frozen=True)
class _Fold:
    """A training set as of a moment, and the customers there with what happened in the horizon after it."""

    data: TrainingSet
    frame: pd.DataFrame
    actual: pd.DataFrame

    def losses(self, training: TrainingSettings, make_suite: MakeSuite) -> pd.DataFrame:
        """Losses per customer of a suite fitted with these settings."""
        context = replace(self.data.context, training=training)
        suite = make_suite().fit(self.data.frame, self.data.labels, context)
        per_customer = losses(self.actual, suite.predict(self.frame))[list(MEASURES)]
        return per_customer.dropna(axis="columns", how="all")


def tune(  # noqa: PLR0913 – what the command line offers
    tables: Tables,
    as_of: datetime,
    settings: Settings,
    folder: Path,
    *,
    trials: int = 40,
    folds: int = 3,
    version: str = "",
    progress: Progress | None = None,
    make_suite: MakeSuite = ModelSuite,
) -> Tuned:
    """Search for better values of `SPACE`.

    Parameters
    ----------
    tables : Tables
        Canonical tables.
    as_of : datetime
        End of what may be known, UTC without zone.
    settings : Settings
        The settings in use, which the search starts from and compares with.
    folder : Path
        Holds `tuning.db`, from which an interrupted search of the same data and settings goes on.
    trials : int
        Trials in all, finished ones of an interrupted search included.
    folds : int
        Windows that trials are judged on; fewer where the log is short.
    version : str
        Of the code: a search that another version began is not continued.
    progress : Progress, optional
    make_suite : callable
        Gives an unfitted suite.

    Raises
    ------
    SettingsError
        Optuna is not installed.
    NotEnoughDataError
        The log has no window beside the one that is kept for the verdict.
    """
    progress = progress or SILENT
    optuna = require_optuna()
    small = _reduced(settings)
    kept, *search = _folds(tables, as_of, small, folds, progress)
    start = _values(settings.training)
    hashes = [fold.data.data_hash for fold in (kept, *search)]
    identity = json.dumps([hashes, start, SPACE, optuna.__version__, version])
    with _study(optuna, folder, identity) as study:
        reference = _reference(study, search, small.training, make_suite, progress)
        if not _finished(study):
            study.add_trial(optuna.create_trial(params=start, distributions=_distributions(optuna, start), value=1.0))
        with progress.step(phrase("steps.try_settings"), trials) as done:
            done(len(_finished(study)) - 1)
            while (count := len(_finished(study))) <= trials:
                study.sampler = optuna.samplers.TPESampler(seed=settings.training.seed % 2**31 + count)
                trial = study.ask(_distributions(optuna, start))
                training = _with_values(small.training, trial.params)
                means = [_means(fold.losses(training, make_suite)) for fold in search]
                pairs = [(one[name], was[name]) for one, was in zip(means, reference, strict=True) for name in was]
                shares = [one / was for one, was in pairs if was > 0]
                study.tell(trial, float(np.mean(shares)))
                done(1)
        best = min(_finished(study), key=lambda trial: (trial.value, trial.number))
    with progress.step(phrase("steps.compare_before_and_after")):
        return _judged(kept, small, best, trials, len(search), make_suite, settings)


def require_optuna() -> Any:
    """The optuna module.

    Raises
    ------
    SettingsError
        It is not installed.
    """
    require("optuna", task="`holdfast tune`")
    import optuna
    import optuna.samplers

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _reduced(settings: Settings) -> Settings:
    """The same question without what no trial is judged by: longer horizons and rows beyond `MAX_ROWS`."""
    targets, training = settings.targets, settings.training
    shorter = tuple(days for days in targets.horizons if days <= targets.horizon_days)
    targets = targets.model_copy(update={"horizons": shorter, "lifetime_days": targets.horizon_days})
    training = training.model_copy(update={"max_rows": min(training.max_rows, MAX_ROWS)})
    return settings.model_copy(update={"targets": targets, "training": training})


def _folds(tables: Tables, as_of: datetime, settings: Settings, folds: int, progress: Progress) -> list[_Fold]:
    """The window kept for the verdict, then the windows of the search, newest first."""
    horizon = settings.targets.horizon_days
    events = order_events(tables, until=as_of)
    if events.empty:
        raise NotEnoughDataError(
            "no_orders_before_test", code="no_orders", date=format_moment(as_of, settings.data.timezone)
        )
    start = pd.Timestamp(events["occurred_at"].min()).to_pydatetime()
    # a window is worth judging only where another one has closed before it to learn from
    first = start + timedelta(days=MIN_HISTORY_DAYS + horizon)
    cutoffs = backtest_cutoffs(as_of, horizon, folds + 1, not_before=first)
    if len(cutoffs) < 2:
        needed = MIN_HISTORY_DAYS + 3 * horizon
        raise NotEnoughDataError(
            "log_too_short_to_tune",
            code="log_too_short_to_tune",
            days=(as_of - start).days,
            horizon=horizon,
            needed=needed,
        )
    made = []
    with progress.step(phrase("steps.compute_folds"), len(cutoffs)) as done:
        for cutoff in cutoffs:
            data = training_set(tables, cutoff, settings)
            frame = compute_features(tables, [cutoff], data.feature_set)
            frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) >= 1].reset_index(drop=True)
            labels = make_labels(events, frame[KEYS], [horizon], cutoff + timedelta(days=horizon))
            orders = labels[orders_column(horizon)]
            actual = pd.DataFrame(
                {"churned": (orders <= 0).astype(float), "orders": orders, "spend": labels[spend_column(horizon)]}
            )
            made.append(_Fold(data, frame, actual))
            done(1)
    return made


@contextmanager
def _study(optuna: Any, folder: Path, identity: str) -> Iterator[Any]:
    """The search of this data and these settings, from the work folder if it was begun there; closed at the end."""
    from sqlalchemy import URL
    from sqlalchemy.exc import SQLAlchemyError

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tuning.db"
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    storage = None
    try:
        # Optuna itself would leave its connection to a damaged file open
        if path.exists() and not is_sound(path):
            raise _unusable(path, "DatabaseError")
        storage = optuna.storages.RDBStorage(URL.create("sqlite", database=str(path)).render_as_string())
        study = optuna.create_study(study_name=name, storage=storage, direction="minimize", load_if_exists=True)
    except (SQLAlchemyError, sqlite3.OperationalError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        _close(storage)
        raise _unusable(path, type(error).__name__) from None
    try:
        for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)  # left behind by an interrupted run
        yield study
    finally:
        _close(storage)


def _unusable(path: Path, kind: str) -> HoldfastError:
    return HoldfastError("trials_unusable", code="tuning_failed", file=str(path), reason=kind)


def _close(storage: Any) -> None:
    """End the connections that Optuna's storage would keep until it is collected."""
    if storage is not None:
        storage.remove_session()
        storage.engine.dispose()


def _reference(
    study: Any, search: list[_Fold], training: TrainingSettings, make_suite: MakeSuite, progress: Progress
) -> list[dict[str, float]]:
    """Mean losses per fold with the settings in use; kept with the search."""
    known: list[dict[str, float]] | None = study.user_attrs.get("reference")
    if known is None:
        with progress.step(phrase("steps.measure_settings")):
            known = [_means(fold.losses(training, make_suite)) for fold in search]
        study.set_user_attr("reference", known)
    return known


def _means(per_customer: pd.DataFrame) -> dict[str, float]:
    return {str(name): float(value) for name, value in per_customer.mean().items()}


def _finished(study: Any) -> list[Any]:
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]


def _distributions(optuna: Any, start: Mapping[str, float]) -> dict[str, Any]:
    """Ranges of the search, widened where the settings in use lie outside."""
    return {
        name: optuna.distributions.FloatDistribution(min(low, start[name]), max(high, start[name]), log=True)
        for name, (low, high) in SPACE.items()
    }


def _judged(
    kept: _Fold,
    small: Settings,
    best: Any,
    trials: int,
    folds: int,
    make_suite: MakeSuite,
    settings: Settings,
) -> Tuned:
    rounded = {name: float(f"{value:.4g}") for name, value in best.params.items()}
    before = kept.losses(small.training, make_suite)
    changed = best.number > 0
    after = kept.losses(_with_values(small.training, rounded), make_suite) if changed else before
    seed = settings.training.seed
    differences = {name: bootstrap_difference(after[name] - before[name], seed=seed) for name in before}
    if not changed:
        verdict = "nothing_found"
    elif any(difference.low > 0 for difference in differences.values()):
        verdict = "worse"
    else:
        verdict = "better" if any(difference.high < 0 for difference in differences.values()) else "chance"
    return Tuned(
        best=rounded,
        value=float(best.value),
        trials=trials,
        folds=folds,
        test_date=format_moment(kept.data.context.known_until, settings.data.timezone),
        before=_means(before),
        after=_means(after),
        differences={str(name): difference for name, difference in differences.items()},
        verdict=verdict,
    )


def _values(training: TrainingSettings) -> dict[str, float]:
    return {name: float(getattr(getattr(training, group), key)) for name, group, key in _places()}


def _with_values(training: TrainingSettings, values: Mapping[str, float]) -> TrainingSettings:
    groups: dict[str, dict[str, float]] = {}
    for name, group, key in _places():
        groups.setdefault(group, {})[key] = values[name]
    update = {group: getattr(training, group).model_copy(update=fields) for group, fields in groups.items()}
    return training.model_copy(update=update)


def _nested(values: Mapping[str, float]) -> dict[str, Any]:
    groups: dict[str, dict[str, float]] = {}
    for name, group, key in _places():
        groups.setdefault(group, {})[key] = values[name]
    return {"training": groups}


def _places() -> list[tuple[str, str, str]]:
    return [(name, *name.split(".", 1)) for name in SPACE]  # type: ignore[misc]
