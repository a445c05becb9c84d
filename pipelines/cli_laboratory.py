"""Verbs for measuring and trying: benchmarks against the peers, and the simulated company."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.console import ConsoleProgress, out
from pipelines.options import example

benchmark_app = typer.Typer(help="Measure quality and speed against the peers, in one run.", no_args_is_help=True)


@benchmark_app.command("features", epilog=example("holdfast benchmark features --lines 2000000"))
def benchmark_features(
    lines: Annotated[int, typer.Option("--lines", min=1000, help="Order lines to generate.")] = 29_000_000,
    folder: Annotated[Path, typer.Option("--dir", help="Folder for the generated log.")] = Path("work/benchmark"),
) -> None:
    """Speed of the features beside pandas, hand-written SQL and a bare scan, as ratios in one run."""
    from benchmarks.features import benchmark_table, run_feature_benchmark

    out.print(benchmark_table(run_feature_benchmark(lines=lines, folder=folder, progress=ConsoleProgress())))


def simulate(
    folder: Annotated[Path, typer.Option("--dir", help="Folder to write to.")] = Path("simulated"),
    customers: Annotated[int, typer.Option("--customers", min=500, max=10_000_000)] = 2_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same company.")] = 7,
    lang: Annotated[Literal["en", "zh"], typer.Option("--lang", help="Language of names and texts.")] = "en",
) -> None:
    """Write a made-up company whose true risks and campaign effects are known, with a settings file to use it."""
    from benchmarks.simulator import SimulationSettings, write_simulation

    settings = SimulationSettings(customers=customers, seed=seed, language=lang)
    for name, rows in write_simulation(settings, folder, progress=ConsoleProgress()).items():
        out.print(f"{name}: {rows:,}", markup=False)
    out.print(f"{folder / 'holdfast.yaml'}", markup=False)


def add_laboratory(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command(epilog=example("holdfast simulate --customers 5000 --lang zh"))(simulate)
