"""Bars of quality, and the gate: a figure may not fall behind what is recorded by more than the noise over seeds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality_peers import ORACLE, PEERS
from configs.errors import HoldfastError, SettingsError
from configs.files import write_json_atomic

OURS = "holdfast"
RECORD = Path(__file__).with_name("recorded.json")
"""The figures that `--check` compares with."""

HIGHER, LOWER, ZERO, TARGET = "higher", "lower", "zero", "target"

MEASURES: dict[str, tuple[str, str, float]] = {
    "auc": ("AUC", HIGHER, 0.0005),
    "log_loss": ("log loss", LOWER, 0.0005),
    "ece": ("ECE", LOWER, 0.002),
    "orders_mae": ("orders MAE", LOWER, 0.002),
    "orders_bias": ("orders bias", ZERO, 0.005),
    "spend_gini": ("spend Gini", HIGHER, 0.001),
    "spend_bias": ("spend bias", ZERO, 0.005),
    "spend_decile_error": ("decile error", LOWER, 0.005),
    "lifetime_coverage": ("lifetime interval", TARGET, 0.005),
}
"""Per measure its name, which way is better, and the least tolerance of the gate: what another processor or library
version may change without anybody having touched the models."""

ORACLE_MARGIN, ECE_BAR, ORDERS_BAR, SPEND_BAR, DECILE_BAR = 0.003, 0.03, 0.10, 0.15, 0.20
COVERAGE_MARGIN = 0.04
SPREADS = 4.0
"""Tolerance in standard deviations over seeds: the deviation itself is known from a handful of fits only."""
MIN_SEEDS = 3


class FallenBehindError(HoldfastError):
    """A figure of the benchmark is behind what is recorded."""

    code = "benchmark_behind"


def verdict(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every bar of a task with its figure.

    Parameters
    ----------
    task : mapping
        With figures per method, interval, seconds and seconds_bar.

    Returns
    -------
    list of dict
        code, text, value, bar (the number to be met), of (whose number, for bars set by others) and met.
    """
    figures = task["figures"]
    ours, bars = figures[OURS], []

    def add(code: str, text: str, value: float | None, bar: float | None, met: bool, of: str | None = None) -> None:
        bars.append({"code": code, "text": text, "value": value, "bar": bar, "of": of, "met": met})

    for name, direction in (("auc", HIGHER), ("log_loss", LOWER), ("spend_gini", HIGHER)):
        value, best, whose = ours.get(name), *_best(figures, name, direction)
        if value is not None and best is not None:
            met = value >= best if direction == HIGHER else value <= best
            sign = "≥" if direction == HIGHER else "≤"
            add(f"{name}_peer", f"{MEASURES[name][0]} {sign} best peer", value, best, met, whose)
    ceiling = figures.get(ORACLE, {}).get("auc")
    if ceiling is not None and ours.get("auc") is not None:
        bar = ceiling - ORACLE_MARGIN
        add("auc_oracle", f"AUC ≥ oracle − {ORACLE_MARGIN:g}", ours["auc"], bar, ours["auc"] >= bar, ORACLE)
    for name, bar in (
        ("ece", ECE_BAR),
        ("orders_bias", ORDERS_BAR),
        ("spend_bias", SPEND_BAR),
        ("spend_decile_error", DECILE_BAR),
    ):
        value = ours.get(name)
        if value is not None:
            label, direction, _ = MEASURES[name]
            text = f"{label} within ±{100 * bar:.0f} %" if direction == ZERO else f"{label} ≤ {bar:g}"
            add(name, text, value, bar, abs(value) <= bar)
    covered = ours.get("lifetime_coverage")
    if covered is not None:
        low, high = task["interval"] - COVERAGE_MARGIN, task["interval"] + COVERAGE_MARGIN
        text = f"lifetime interval covers {100 * low:.0f} to {100 * high:.0f} %"
        add("lifetime_coverage", text, covered, task["interval"], low <= covered <= high)
    if task.get("seconds_bar") is not None:
        seconds = task["seconds"]["train_and_score"]
        add(
            "seconds",
            f"train + score ≤ {task['seconds_bar']:g} s",
            seconds,
            task["seconds_bar"],
            seconds <= task["seconds_bar"],
        )
    return bars


def _best(figures: Mapping[str, Any], name: str, direction: str) -> tuple[float | None, str | None]:
    known = {peer: figures[peer][name] for peer in PEERS if figures.get(peer, {}).get(name) is not None}
    if not known:
        return None, None
    whose = (max if direction == HIGHER else min)(known, key=lambda peer: known[peer])
    return known[whose], whose


def tolerance(name: str, spread: float | None, recorded_seeds: int, seeds: int) -> float:
    """How far a figure may be behind: the noise of two means over seeds, and at least the measure's own tolerance.

    Examples
    --------
    >>> tolerance("auc", 0.0, 3, 1)
    0.0005
    >>> round(tolerance("auc", 0.001, 4, 1), 6)
    0.004472
    """
    noise = SPREADS * (spread or 0.0) * math.sqrt(1 / recorded_seeds + 1 / seeds)
    return max(MEASURES[name][2], noise)


def behind(result: Mapping[str, Any], recorded: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Figures that are worse than recorded by more than the noise.

    Means over seeds are compared. A task that one side lacks is passed over.

    Returns
    -------
    list of dict
        task, measure, value, recorded, tolerance; worst first.

    Raises
    ------
    HoldfastError
        The log of a task is not the one that was recorded.
    """
    found = []
    for name, now in result["tasks"].items():
        then = recorded["tasks"].get(name)
        if then is None:
            continue
        _same_log(name, now, then)
        for measure, (_, direction, _) in MEASURES.items():
            before, value = then["mean"].get(measure), now["mean"].get(measure)
            if before is None:
                continue
            allowed = tolerance(measure, then["spread"].get(measure), then["seeds"], now["seeds"])
            target = float(then["interval"])
            lost = (
                math.inf if value is None else _badness(value, direction, target) - _badness(before, direction, target)
            )
            if lost > allowed:
                found.append(
                    {"task": name, "measure": measure, "value": value, "recorded": before, "tolerance": allowed}
                    | {"excess": lost / allowed}
                )
    return sorted(found, key=lambda row: -row["excess"])


def check(result: Mapping[str, Any], recorded: Mapping[str, Any]) -> int:
    """The gate: figures compared, or an error in one sentence.

    Raises
    ------
    FallenBehindError
        A figure is behind.
    HoldfastError
        Nothing could be compared, or a log is another one.
    """
    compared = [name for name in result["tasks"] if name in recorded["tasks"]]
    if not compared:
        raise HoldfastError("benchmark_nothing_recorded", code="nothing_recorded")
    worse = behind(result, recorded)
    if worse:
        told = ", ".join(_sentence(row) for row in worse[:5])
        more = f" and {len(worse) - 5} more" if len(worse) > 5 else ""
        raise FallenBehindError("benchmark_fallen_behind", told=told, more=more)
    return sum(value is not None for name in compared for value in result["tasks"][name]["mean"].values())


def record(result: Mapping[str, Any], path: Path = RECORD) -> dict[str, Any]:
    """Lay the tasks of a run over what is recorded and write it; returns the whole.

    Raises
    ------
    SettingsError
        Fewer than three seeds, from which no noise can be told.
    """
    for task in result["tasks"].values():
        if task["seeds"] < MIN_SEEDS:
            raise too_few_seeds(task["seeds"])
    whole = merged(result, read_record(path) if path.is_file() else None)
    write_json_atomic(path, whole)
    return whole


def too_few_seeds(seeds: int) -> SettingsError:
    """The error of a record without noise."""
    return SettingsError("benchmark_too_few_seeds", field="--seeds", value=seeds, needed=MIN_SEEDS)


def merged(result: Mapping[str, Any], recorded: Mapping[str, Any] | None) -> dict[str, Any]:
    """A run laid over the record; tasks in the order of the benchmark."""
    tasks = dict(recorded["tasks"] if recorded else {}) | result["tasks"]
    skipped = {name: reason for name, reason in result["skipped"].items() if name not in tasks}
    rounded = {name: _rounded(task) for name, task in tasks.items()}
    return dict(result) | {"tasks": _in_order(rounded), "skipped": skipped}


def _in_order(tasks: Mapping[str, Any]) -> dict[str, Any]:
    from benchmarks.quality_tasks import TASKS

    order = {task.name: place for place, task in enumerate(TASKS)}
    return {name: tasks[name] for name in sorted(tasks, key=lambda name: order.get(name, len(order)))}


def read_record(path: Path = RECORD) -> dict[str, Any]:
    """What is recorded; tasks in the order of the benchmark (the file sorts names).

    Raises
    ------
    HoldfastError
        There is no record, or it cannot be read.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content | {"tasks": _in_order(content["tasks"])}
    except FileNotFoundError:
        raise HoldfastError("benchmark_record_missing", code="nothing_recorded", file=path) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HoldfastError("benchmark_record_unreadable", file=path, reason=type(error).__name__) from None


def _same_log(name: str, now: Mapping[str, Any], then: Mapping[str, Any]) -> None:
    same = now["customers"] == then["customers"] and now["horizon_days"] == then["horizon_days"]
    # The record keeps six figures of a total.
    for total, value in then["totals"].items():
        given = now["totals"].get(total)
        same = same and (given is None) == (value is None)
        same = same and (value is None or given is None or math.isclose(given, value, rel_tol=1e-5, abs_tol=0.01))
    if not same:
        raise HoldfastError(
            "benchmark_log_differs", code="other_log", name=name, now=now["customers"], then=then["customers"]
        )


def _badness(value: float, direction: str, target: float) -> float:
    if direction == HIGHER:
        return -value
    if direction == LOWER:
        return value
    return abs(value) if direction == ZERO else abs(value - target)


def _sentence(row: Mapping[str, Any]) -> str:
    label = MEASURES[row["measure"]][0]
    value = "missing" if row["value"] is None else f"{row['value']:.4f}"
    return f"{row['task']} {label} {value} (recorded {row['recorded']:.4f}, tolerance {row['tolerance']:.4f})"


def _rounded(value: Any) -> Any:
    """Six significant digits: enough for every comparison, and a small file."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value
