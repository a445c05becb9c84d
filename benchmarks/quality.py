"""Quality beside the peers: one run predicts the same customers by Holdfast and by what a company would use otherwise.

Holdfast goes the way of the product with default settings: ingestion, training set as of the moment, fit, features of
the moment, prediction. Everyone is judged by the measures of `evaluation.metrics` on every customer with an order
before the moment; active means at least one order in ``[as_of, as_of + horizon)``, spend is net.
"""

from __future__ import annotations

import dataclasses
import math
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.quality_chance import calibration_error_by_chance, within_chance
from benchmarks.quality_peers import ORACLE, PEERS, NoAnswerError, Question, ask
from benchmarks.quality_tasks import LogMissingError, Task, chosen_tasks, task_settings
from benchmarks.quality_verdict import OURS, verdict
from configs.errors import InvariantError
from configs.progress import SILENT, Progress
from configs.settings import Settings
from evaluation.datasets import TrainingSet, training_set
from evaluation.labels import discounted_spend, make_labels
from evaluation.measures import lifetime_check, measures
from features.engine import Tables, compute_features, open_tables, order_events
from features.ingestion import ingest
from models.contract import KEYS, orders_column, spend_column
from models.suite import ModelSuite

FORMAT = 1

MakeSettings = Callable[[Task, Path, Path | None], Settings]
MakeSuite = Callable[[], ModelSuite]

_NAMES = {
    "auc": "churn_auc",
    "log_loss": "churn_log_loss",
    "ece": "churn_ece",
    "orders_mae": "orders_mae",
    "orders_bias": "orders_bias",
    "spend_gini": "spend_gini",
    "spend_bias": "spend_bias",
    "spend_decile_error": "spend_decile_error",
}
"""Measures of the tables, by their names in `evaluation.measures`."""


@dataclass(frozen=True)
class Truth:
    """What happened to the customers of a task.

    Attributes
    ----------
    frame : DataFrame
        Keys and features of every customer with an order before the moment.
    actual : DataFrame
        churned, orders, spend in the horizon; same rows.
    lifetime : ndarray or None
        Discounted net spend in the lifetime; None where it has not closed or there are no amounts.
    """

    frame: pd.DataFrame
    actual: pd.DataFrame
    lifetime: np.ndarray[tuple[int], np.dtype[np.float64]] | None


def run_quality_benchmark(  # noqa: PLR0913 – what the command line offers
    *,
    tasks: Sequence[str] | Sequence[Task] | None = None,
    seeds: int = 1,
    peers: bool = True,
    folder: Path | None = None,
    data: Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    make_settings: MakeSettings = task_settings,
    make_suite: MakeSuite = ModelSuite,
) -> dict[str, Any]:
    """Predict every task by Holdfast and by every peer, and judge all of them.

    Parameters
    ----------
    tasks : sequence of str or of Task, optional
        Names of `benchmarks.quality_tasks.TASKS`, or tasks of one's own with `make_settings`; all by default.
    seeds : int
        Fits of Holdfast per task. The first has the default seed and gives the figures; all of them give the spread.
    peers : bool
        Whether the peers and the oracle answer too.
    folder : Path, optional
        Where logs and canonical tables are kept and taken from again; a temporary folder by default.
    data : Path, optional
        Where logs that no package brings are; beside the repository by default.
    threads : int, optional
        Threads of fitting instead of the default setting; results do not depend on it.
    progress : Progress, optional
        Told of every task.
    make_settings, make_suite : callable
        Give the settings of a task and an unfitted suite.

    Returns
    -------
    dict
        `tasks` by name (customers, totals, figures per method, spread over seeds, seconds, verdict), `skipped` (name
        and reason), `machine`; JSON values throughout.

    Raises
    ------
    SettingsError
        A task that does not exist.
    InvariantError
        Holdfast and the peers would not answer for the same customers.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="holdfast-quality-") as made:
            return run_quality_benchmark(
                tasks=tasks,
                seeds=seeds,
                peers=peers,
                folder=Path(made),
                data=data,
                threads=threads,
                progress=progress,
                make_settings=make_settings,
                make_suite=make_suite,
            )
    told = progress or SILENT
    names = [task for task in tasks or () if isinstance(task, str)]
    given = [task for task in tasks or () if isinstance(task, Task)]
    chosen = tuple(given) if given else chosen_tasks(names)
    asked = [*PEERS, ORACLE] if peers else []
    found: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    ingestion: dict[str, float] = {}
    for task in chosen:
        with told.step(
            f"{task.name}: {task.horizon_days} days from {task.as_of:%Y-%m-%d}", 3 + seeds + len(asked)
        ) as done:
            try:
                settings = make_settings(task, folder, data)
            except LogMissingError as error:
                skipped[task.name] = str(error)
                continue
            if threads is not None:
                training = settings.training.model_copy(update={"threads": threads})
                settings = settings.model_copy(update={"training": training})
            if task.log not in ingestion:
                begun = time.perf_counter()
                ingest(settings)
                ingestion[task.log] = time.perf_counter() - begun
            done(1)
            found[task.name] = _run(task, settings, seeds, asked, ingestion[task.log], make_suite, done)
    return {"format": FORMAT, "tasks": found, "skipped": skipped, "machine": machine()}


def machine() -> dict[str, Any]:
    """What the seconds were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(memory, 1),
        "processor": platform.machine(),
        "python": platform.python_version(),
    }


def _run(
    task: Task,
    settings: Settings,
    seeds: int,
    asked: Sequence[str],
    ingestion_seconds: float,
    make_suite: MakeSuite,
    done: Callable[[int], None],
) -> dict[str, Any]:
    with open_tables(settings.canonical) as tables:
        begun = time.perf_counter()
        data = training_set(tables, task.as_of, settings)
        made = time.perf_counter() - begun
        done(1)
        ours: list[dict[str, float | None]] = []
        seconds: list[float] = []
        truth: Truth | None = None
        evidence: dict[str, int] = {}
        first = pd.DataFrame()
        for number in range(seeds):
            begun = time.perf_counter()
            suite = make_suite().fit(data.frame, data.labels, _with_seed(data, number).context)
            frame = compute_features(tables, [task.as_of], data.feature_set)
            frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) >= 1].reset_index(drop=True)
            predictions = suite.predict(frame)
            seconds.append(time.perf_counter() - begun)
            truth = truth or _truth(tables, frame, task, settings)
            ours.append(_ours(truth, predictions))
            if number == 0:
                first = predictions
                evidence = {str(name): int(count) for name, count in predictions["evidence"].value_counts().items()}
            done(1)
        events = order_events(tables, until=task.as_of)
    if truth is None:
        raise InvariantError("benchmark_without_seeds")
    done(1)
    figures: dict[str, Any] = {OURS: ours[0]}
    answers: dict[str, pd.DataFrame] = {}
    unanswered: dict[str, str] = {}
    took: dict[str, float] = {"ingestion": ingestion_seconds, "train_and_score": made + seconds[0]}
    question = _question(events, truth, task, settings)
    for name in asked:
        begun = time.perf_counter()
        try:
            answers[name] = ask(name, question)
            figures[name] = _judged(truth, answers[name])
        except NoAnswerError as reason:
            unanswered[name] = str(reason)
        took[name] = time.perf_counter() - begun
        done(1)
    result = {
        "title": task.title,
        "log": task.log,
        "as_of": f"{task.as_of:%Y-%m-%d}",
        "horizon_days": task.horizon_days,
        "lifetime_days": task.lifetime_days,
        "interval": settings.targets.interval,
        "customers": len(truth.frame),
        "totals": {name: _number(float(truth.actual[name].sum(skipna=False))) for name in truth.actual},
        "figures": figures,
        "unanswered": unanswered,
        "seeds": seeds,
        "spread": _spread(ours),
        "mean": {name: _mean([one.get(name) for one in ours]) for name in ours[0]},
        "evidence": evidence,
        "seconds": {name: round(value, 2) for name, value in took.items()},
        "seconds_bar": task.seconds_bar,
    }
    seed = settings.training.seed
    p = first["churn_probability"].to_numpy(dtype=np.float64)
    by_chance = calibration_error_by_chance(p, seed=seed) if np.isfinite(p).all() else None
    bars = verdict(result)
    for bar in bars:
        if not bar["met"] and bar["code"].endswith("_peer"):
            measure = bar["code"].removesuffix("_peer")
            bar["by_chance"] = within_chance(measure, truth.actual, first, answers[bar["of"]], seed=seed)
    return result | {"ece_by_chance": by_chance, "verdict": bars}


def _with_seed(data: TrainingSet, number: int) -> TrainingSet:
    if number == 0:
        return data
    training = data.context.training
    training = training.model_copy(update={"seed": training.seed + number})
    return dataclasses.replace(data, context=dataclasses.replace(data.context, training=training))


def _truth(tables: Tables, frame: pd.DataFrame, task: Task, settings: Settings) -> Truth:
    horizon, lifetime = task.horizon_days, task.lifetime_days
    end = tables.end(settings.data.timezone)
    if task.as_of + timedelta(days=horizon) > end:
        raise InvariantError("benchmark_log_too_short", task=task.name, end=f"{end:%Y-%m-%d}")
    events = order_events(tables, until=end)
    labels = make_labels(events, frame[KEYS], [horizon], end)
    orders = labels[orders_column(horizon)]
    actual = pd.DataFrame(
        {"churned": (orders <= 0).astype(np.float64), "orders": orders, "spend": labels[spend_column(horizon)]}
    )
    worth = None
    if task.as_of + timedelta(days=lifetime) <= end and actual["spend"].notna().all():
        discount = settings.targets.annual_discount
        worth = discounted_spend(events, frame[KEYS], lifetime, discount, end).to_numpy(dtype=np.float64)
    return Truth(frame, actual, worth)


def _question(events: pd.DataFrame, truth: Truth, task: Task, settings: Settings) -> Question:
    """What the peers are asked; it sees the truth only for the oracle.

    Raises
    ------
    InvariantError
        The log has other customers with an order before the moment than those Holdfast answered for.
    """
    customers = pd.Index(truth.frame["customer_id"].astype(str), name="customer_id")
    bought = set(events.loc[events["is_order"].to_numpy(dtype=bool), "customer_id"].astype(str))
    if bought != set(customers):
        raise InvariantError("benchmark_customers_differ", task=task.name, customers=len(customers), bought=len(bought))
    return Question(
        events=events,
        customers=customers,
        as_of=task.as_of,
        horizon_days=task.horizon_days,
        actual=truth.actual,
        seed=settings.training.seed,
    )


def _judged(truth: Truth, answer: pd.DataFrame) -> dict[str, float | None]:
    answer = answer.set_axis(truth.actual.index)
    found = measures(truth.actual, answer)
    figures = {short: found.get(name) for short, name in _NAMES.items()}
    if "rank" in answer:
        from evaluation.metrics import auc

        figures["auc"] = _number(auc(truth.actual["churned"], answer["rank"]))
    return figures


def _ours(truth: Truth, predictions: pd.DataFrame) -> dict[str, float | None]:
    figures = _judged(truth, predictions[["churn_probability", "expected_orders", "expected_spend"]])
    checked = lifetime_check(truth.lifetime, predictions) if truth.lifetime is not None else {}
    return figures | {f"lifetime_{name}": checked.get(name) for name in ("coverage", "bias", "gini")}


def _spread(ours: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """Standard deviation over seeds of every measure; None with one seed."""
    if len(ours) < 2:
        return dict.fromkeys(ours[0])
    values = {name: [one.get(name) for one in ours] for name in ours[0]}
    return {
        name: None if None in numbers else _number(float(np.std(np.array(numbers, dtype=np.float64), ddof=1)))
        for name, numbers in values.items()
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
