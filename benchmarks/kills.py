"""kill -9 at any moment, then the same command again: whether it ends as if nothing had happened.

Every trial starts from the same state, is killed at a random moment (half of the trials by the clock, half at a random
one of the operations that put files on the disk), runs again to its end, and is compared byte for byte with a run that
nobody disturbed. ``python -m benchmarks.kills --count 50`` prints how many of them came out the same.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

VERBS = ("ingest", "train", "score")
SETTINGS = """
data:
  transactions: {path: orders.parquet}
targets: {horizon_days: 45, lifetime_days: 90, horizons: [45]}
training: {max_cutoffs: 2, stability_refits: 0, threads: 1}
"""
APART = ("mlflow.db", "mlartifacts", "registered.json", "register.json", ".lock", ".ingest.lock", ".statements")
"""What holds random ids or the number of attempts, and what is only kept to save time; `registered.json` is compared
without them."""
OPERATIONS = ("fsync", "replace", "rename", "unlink")
START, DAYS = pd.Timestamp("2023-01-01"), 300


@dataclass(frozen=True)
class Trial:
    """One kill and what came of it; `difference` is empty where the files are the same."""

    verb: str
    where: str
    killed: bool
    difference: str


def orders(customers: int, seed: int = 3) -> pd.DataFrame:
    """Order lines of customers with an own pace who leave at their own time."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, pd.Timestamp, float]] = []
    for customer in range(customers):
        pace, day = rng.gamma(3.0, 6.0) + 3.0, rng.uniform(0, 120)
        end = min(float(DAYS), day + rng.exponential(200.0))
        while day < end:
            moment = START + pd.Timedelta(seconds=int(day * 86_400))
            rows.append((f"c{customer:04d}", f"{customer}-{day:.3f}", moment, round(float(rng.lognormal(3, 0.5)), 2)))
            day += rng.exponential(pace)
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "occurred_at", "amount"])


def prepare(folder: Path, customers: int = 300) -> dict[str, Path]:
    """A folder per verb in the state in which it is killed: an earlier log ingested, a new one, a trained shop."""
    states = {verb: folder / verb for verb in VERBS}
    first = states["ingest"]
    first.mkdir(parents=True)
    (first / "holdfast.yaml").write_text(SETTINGS, encoding="utf-8")
    log = orders(customers)
    log[log["occurred_at"] < START + pd.Timedelta(days=DAYS - 30)].to_parquet(first / "orders.parquet", index=False)
    _finished(first, "ingest")
    log.to_parquet(first / "orders.parquet", index=False)
    shutil.copytree(first, states["train"])
    _finished(states["train"], "ingest")
    shutil.copytree(states["train"], states["score"])
    _finished(states["score"], "train")
    _finished(states["score"], "score", earlier=True)
    return states


def run_kills(folder: Path, verbs: tuple[str, ...], count: int, seed: int, customers: int = 300) -> Iterator[Trial]:
    """Kill every verb `count` times and run it again.

    Parameters
    ----------
    folder : Path
        An empty folder to work in.
    verbs : tuple of str
        Of `VERBS`.
    count : int
        Kills per verb.
    seed : int
        Of the moments.
    customers : int
        Size of the log.
    """
    states = prepare(folder / "states", customers)
    chance = random.Random(seed)
    for verb in verbs:
        whole = folder / f"whole_{verb}"
        shutil.copytree(states[verb], whole)
        begun = time.monotonic()
        _finished(whole, verb)
        seconds = time.monotonic() - begun
        wanted = snapshot(whole)
        counted = folder / f"counted_{verb}"
        shutil.copytree(states[verb], counted)
        operations = int(_started(counted, verb, armed=0).communicate()[1].rsplit("operations=", 1)[1])
        for number in range(count):
            trial = folder / "trial"
            shutil.copytree(states[verb], trial)
            if number % 2:
                place = chance.randint(1, operations)
                process, where = _started(trial, verb, armed=place), f"operation {place} of {operations}"
                process.communicate()
            else:
                moment = chance.uniform(0, seconds)
                process, where = _started(trial, verb), f"{moment:.2f} s of {seconds:.2f} s"
                try:
                    process.communicate(timeout=moment)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.communicate()
            again = _started(trial, verb)
            said = again.communicate()[1]
            found = said.strip()[-500:] if again.returncode else difference(wanted, snapshot(trial))
            yield Trial(verb, where, process.returncode == -signal.SIGKILL, found)
            shutil.rmtree(trial)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file that a command is answerable for."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part in APART for part in path.relative_to(folder).parts):
            found[name] = path.read_bytes()
    record = folder / "work" / "registered.json"
    if record.is_file():
        value = json.loads(record.read_bytes())
        found["work/registered.json"] = json.dumps({**value, "run_id": None, "version": None}).encode()
    return found


def difference(wanted: dict[str, bytes], found: dict[str, bytes]) -> str:
    """The first file that is not the same, and how."""
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            return f"{name} is missing"
        if name not in wanted:
            return f"{name} is left over"
        if wanted[name] != found[name]:
            return f"{name} differs"
    return ""


def _started(folder: Path, verb: str, *, armed: int | None = None, earlier: bool = False) -> subprocess.Popen[str]:
    arguments = [verb, "--config", str(folder / "holdfast.yaml")]
    if verb == "score":
        day = START + pd.Timedelta(days=DAYS - (30 if earlier else 0))
        arguments += ["--as-of", f"{day:%Y-%m-%d}", "--out", str(folder / "out" / "scores.parquet")]
    command = [sys.executable, "-m", "pipelines", *arguments]
    if armed is not None:
        command = [sys.executable, "-m", "benchmarks.kills", "--armed", str(armed), "--", *arguments]
    return subprocess.Popen(
        command,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1735689600", "PYTHONWARNINGS": ""},
    )


def _finished(folder: Path, verb: str, *, earlier: bool = False) -> None:
    process = _started(folder, verb, earlier=earlier)
    said = process.communicate()[1]
    if process.returncode:
        raise RuntimeError(f"{verb} failed undisturbed: {said}")


def _armed(place: int, arguments: list[str]) -> None:
    """Run a command that kills itself at its n-th file operation; 0 counts them."""
    done = [0]

    def counting(operation: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            done[0] += 1
            if done[0] == place:
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*given, **named)

        return wrapped

    for name in OPERATIONS:
        setattr(os, name, counting(getattr(os, name)))
    sys.argv = ["holdfast", *arguments]
    try:
        runpy.run_module("pipelines", run_name="__main__")
    finally:
        if place == 0:
            sys.stderr.write(f"operations={done[0]}")


def main() -> None:
    """Print how many trials of every verb came out the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--verb", action="append", choices=VERBS)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--armed", type=int)
    parser.add_argument("arguments", nargs="*")
    given = parser.parse_args()
    if given.armed is not None:
        _armed(given.armed, given.arguments)
        return
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tally = dict.fromkeys(given.verb or VERBS, 0)
        killed = dict.fromkeys(tally, 0)
        for trial in run_kills(Path(folder), tuple(tally), given.count, given.seed, given.customers):
            tally[trial.verb] += not trial.difference
            killed[trial.verb] += trial.killed
            if trial.difference:
                failed += 1
                sys.stdout.write(f"{trial.verb}, {trial.where}: {trial.difference}\n")
                sys.stdout.flush()
        for verb, same in tally.items():
            sys.stdout.write(f"{verb}: {same} of {given.count} the same, {killed[verb]} killed before the end\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
