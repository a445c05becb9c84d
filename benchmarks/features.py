"""Speed of the feature engine beside hand-written SQL and pandas, on a generated log, as ratios of one run."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.feature_log import write_feature_log
from benchmarks.feature_tasks import CUTOFFS, TASKS
from configs.errors import InvariantError
from configs.files import write_json_atomic
from configs.progress import SILENT, Progress
from features.manifest import MANIFEST

LINES, CUSTOMERS = 29_000_000, 49_000

BARS: list[tuple[str, str, Callable[[dict[str, float]], float], str, float]] = [
    ("rfm_speedup_over_pandas", "window RFM: pandas by ours", lambda s: s["rfm_pandas"] / s["rfm"], ">=", 4.0),
    ("rfm_against_by_hand", "window RFM: ours by hand-written SQL", lambda s: s["rfm"] / s["rfm_by_hand"], "<=", 1.5),
    ("catalogue_against_bare", "whole catalogue by bare group by", lambda s: s["catalogue"] / s["bare"], "<=", 6.0),
    ("cutoffs_12_against_1", "12 cut-offs by one", lambda s: s["catalogue_12"] / s["catalogue"], "<=", 4.0),
]
"""Ratios with the bar that each has to meet."""

MEMORY_BAR_GB = 6.0
INLINE_BAR_MS = 50.0
WARM_UP = (2_000, 20)
"""Lines and customers of the log that every task runs on first."""


def run_feature_benchmark(
    *,
    lines: int = LINES,
    customers: int = CUSTOMERS,
    folder: Path | None = None,
    repeats: int = 3,
    threads: int = 2,
    out: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Generate a log, time every task in a process of its own, and compare.

    Parameters
    ----------
    lines, customers : int
        Size of the log.
    folder : Path, optional
        Where the log is kept and taken from if it is there already; a temporary folder by default.
    repeats : int
        Rounds, each of which runs every task once (pandas only in the first), so that a busy moment of the machine
        meets them all alike; the quickest run of a task counts.
    threads : int
        Threads of DuckDB.
    out : Path, optional
        Where to write the result as JSON.
    progress : Progress, optional
        Told of every task.

    Returns
    -------
    dict
        `log` (lines, customers, threads), `tasks` (seconds, peak memory), `ratios` (value, bar, met) and `met`.

    Raises
    ------
    InvariantError
        The ways do not agree on the features, or a task failed.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="holdfast-benchmark-") as made:
            return run_feature_benchmark(
                lines=lines,
                customers=customers,
                folder=Path(made),
                repeats=repeats,
                threads=threads,
                out=out,
                progress=progress,
            )
    told = progress or SILENT
    source = folder / f"features_{lines}_{customers}"
    if not (source / MANIFEST).exists():
        with told.step("generate the log"):
            write_feature_log(source, lines=lines, customers=customers)
    warm_up = folder / "features_warm_up"
    write_feature_log(warm_up, lines=WARM_UP[0], customers=WARM_UP[1])
    tasks: dict[str, dict[str, Any]] = {}
    for number in range(repeats):
        for name in TASKS:
            if number == 0 or name != "rfm_pandas":
                with told.step(f"{name}, round {number + 1} of {repeats}"):
                    found = _in_child(name, source, warm_up, 20 if name == "inline" else 1, threads)
                tasks[name] = _together(tasks[name], found) if name in tasks else found
    _agree(tasks, "rfm", "rfm_by_hand")
    _agree(tasks, "rfm", "rfm_pandas")
    _agree(tasks, "rfm", "catalogue")
    best = {name: min(task["seconds"]) for name, task in tasks.items()}
    used = {name: min(task["processor_seconds"]) for name, task in tasks.items()}
    ratios = {}
    for code, text, ratio, sign, bar in BARS:
        value = ratio(best)
        met = value >= bar if sign == ">=" else value <= bar
        ratios[code] = {
            "text": text,
            "value": round(value, 2),
            "processor": round(ratio(used), 2),
            "bar": f"{sign} {bar:g}",
            "met": met,
        }
    peak = max(tasks[name]["peak_gb"] for name in ("rfm", "catalogue", "catalogue_12"))
    ratios["peak_memory_gb"] = {
        "text": "peak memory in GB",
        "value": peak,
        "bar": f"<= {MEMORY_BAR_GB:g}",
        "met": peak <= MEMORY_BAR_GB,
    }
    inline = best["inline"] * 1000
    ratios["inline_ms"] = {
        "text": "one customer's history in memory, ms",
        "value": round(inline, 1),
        "bar": f"<= {INLINE_BAR_MS:g}",
        "met": inline <= INLINE_BAR_MS,
    }
    result = {
        "log": {"lines": lines, "customers": customers, "threads": threads, "cutoffs": CUTOFFS},
        "tasks": {name: {key: task[key] for key in task if key != "sums"} for name, task in tasks.items()},
        "ratios": ratios,
        "met": all(ratio["met"] for ratio in ratios.values()),
    }
    if out is not None:
        write_json_atomic(out, result)
    return result


def benchmark_table(result: dict[str, Any]) -> Any:
    """The result as a rich table: wall-clock values with their bars, and the same ratio by processor time.

    On a machine that does other work meanwhile, the latter says more.
    """
    from rich.table import Table

    log = result["log"]
    table = Table(title=f"Features of {log['lines']:,} lines, {log['customers']:,} customers, {log['threads']} threads")
    for heading in ("what", "value", "by processor", "bar", "met"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, task in result["tasks"].items():
        table.add_row(
            f"{name}: seconds", f"{min(task['seconds']):.2f}", f"{min(task['processor_seconds']):.2f}", "", ""
        )
    for ratio in result["ratios"].values():
        by_processor = f"{ratio['processor']:.2f}" if "processor" in ratio else ""
        met = "yes" if ratio["met"] else "no"
        table.add_row(ratio["text"], f"{ratio['value']:.2f}", by_processor, ratio["bar"], met)
    return table


def _together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return other | {
        "seconds": one["seconds"] + other["seconds"],
        "processor_seconds": one["processor_seconds"] + other["processor_seconds"],
        "peak_gb": max(one["peak_gb"], other["peak_gb"]),
    }


def _in_child(task: str, folder: Path, warm_up: Path, repeats: int, threads: int) -> dict[str, Any]:
    arguments = [task, str(folder), str(warm_up), str(repeats), str(threads)]
    command = [sys.executable, "-m", "benchmarks.feature_tasks", *arguments]
    root = Path(__file__).resolve().parent.parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
        raise InvariantError("benchmark_task_failed", task=task, reason=reason)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _agree(tasks: dict[str, dict[str, Any]], one: str, other: str) -> None:
    for name, value in tasks[one]["sums"].items():
        if not math.isclose(value, tasks[other]["sums"][name], rel_tol=1e-9, abs_tol=1e-3):
            raise InvariantError(
                "benchmark_sums_differ",
                field=name,
                one=one,
                other=other,
                value=value,
                other_value=tasks[other]["sums"][name],
            )
