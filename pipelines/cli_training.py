"""Verbs for measuring and trying: benchmarks against the peers, and the simulated company."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from configs import formats
from configs.catalogue import Lang as Language
from configs.extras import require
from configs.settings import load_settings
from pipelines.console import ConsoleProgress, out
from pipelines.options import DEFAULT_CONFIG, AsOf, Config, example

benchmark_app = typer.Typer(help="Measure quality and speed against the peers, in one run.", no_args_is_help=True)


@benchmark_app.command("features", epilog=example("holdfast benchmark features --lines 2000000"))
def benchmark_features(
    lines: Annotated[int, typer.Option("--lines", min=1000, help="Order lines to generate.")] = 29_000_000,
    folder: Annotated[Path, typer.Option("--dir", help="Folder for the generated log.")] = Path("work/benchmark"),
) -> None:
    """Speed of the features beside pandas, hand-written SQL and a bare scan, as ratios in one run."""
    from benchmarks.features import benchmark_table, run_feature_benchmark

    out.print(benchmark_table(run_feature_benchmark(lines=lines, folder=folder, progress=ConsoleProgress())))


@benchmark_app.command("quality", epilog=example("holdfast benchmark quality --task small --task cdnow-90"))
def benchmark_quality(
    task: Annotated[
        list[str] | None, typer.Option("--task", help="Name of a task; several allowed, all by default.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=50, help="Fits per task, to tell noise.")] = 1,
    check: Annotated[
        bool, typer.Option("--check", help="Without peers; fail if a figure is behind what is recorded.")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Make these figures the recorded ones (3 seeds or more).")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write benchmarks.md and its plot to, over the recorded tasks."),
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of logs that no package brings.")] = None,
    folder: Annotated[Path, typer.Option("--dir", help="Folder to work in.")] = Path("work/benchmark"),
) -> None:
    """Quality beside BG/NBD, Pareto/NBD, a recency rule and LightGBM on RFM windows, in one run."""
    from benchmarks.quality import run_quality_benchmark
    from benchmarks.quality_report import check_page, quality_tables, write_page
    from benchmarks.quality_verdict import MIN_SEEDS, RECORD, merged, read_record, too_few_seeds
    from benchmarks.quality_verdict import check as compare
    from benchmarks.quality_verdict import record as write_record

    require("sklearn", *(["matplotlib"] if page is not None else []), task="`holdfast benchmark quality`")
    if record and seeds < MIN_SEEDS:
        raise too_few_seeds(seeds)
    if page is not None:
        check_page(page)
    recorded = read_record() if check or RECORD.is_file() else None
    result = run_quality_benchmark(
        tasks=task, seeds=seeds, peers=not check, folder=folder, data=data, progress=ConsoleProgress()
    )
    for table in quality_tables(result):
        out.print(table)
    for name, reason in result["skipped"].items():
        out.print(f"{name} left out: {reason}", markup=False)
    if check and recorded is not None:
        out.print(f"{compare(result, recorded)} figures compared with the record: none is behind", markup=False)
        return
    whole = write_record(result) if record else merged(result, recorded)
    if page is not None:
        for path in write_page(whole, page):
            out.print(str(path), markup=False)


def tune(
    config: Config = DEFAULT_CONFIG,
    as_of: AsOf = None,
    trials: Annotated[int, typer.Option("--trials", min=1, max=10_000, help="Settings to try in all.")] = 40,
    folds: Annotated[int, typer.Option("--folds", min=1, max=12, help="Earlier windows to judge on.")] = 3,
    to: Annotated[
        Path | None, typer.Option("--out", help="YAML file to write; default tuned.yaml in the work folder.")
    ] = None,
) -> None:
    """Search for better model settings on earlier windows; the defaults need none. An interrupted search goes on."""
    from evaluation.texts import text
    from features.engine import open_tables
    from pipelines import outputs
    from pipelines.ingest import ingest_stage
    from pipelines.stage_cache import code_fingerprint, lock_folder
    from pipelines.stages import resolve_as_of
    from training import tune as tuning

    settings = load_settings(config)
    path = to if to is not None else settings.work / "tuned.yaml"
    outputs.check_out(settings, [path])
    tuning.require_optuna()
    progress = ConsoleProgress()
    ingest_stage(settings, progress)
    with lock_folder(settings.work), open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)
        folder = settings.work / "tuning"
        options = {"trials": trials, "folds": folds, "version": code_fingerprint(), "progress": progress}
        found = tuning.tune(tables, moment, settings, folder, **options)  # type: ignore[arg-type]
    outputs.put(settings, {path: found.snippet().encode()})
    for line in (found.sentence(settings.language), *found.lines(settings.language)):
        out.print(line, markup=False)
    out.print(f"{text('tune.file', settings.language)}: {path}", markup=False)


def simulate(
    folder: Annotated[Path, typer.Option("--dir", help="Folder to write to.")] = Path("simulated"),
    customers: Annotated[int, typer.Option("--customers", min=500, max=10_000_000)] = 2_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same company.")] = 7,
    lang: Annotated[Language, typer.Option("--lang", help="Language of names and texts.")] = "en",
) -> None:
    """Write a made-up company whose true risks and campaign effects are known, with a settings file to use it."""
    from benchmarks.simulator import SimulationSettings, check_folder, write_simulation

    check_folder(folder)
    settings = SimulationSettings(customers=customers, seed=seed, language=lang)
    for name, rows in write_simulation(settings, folder, progress=ConsoleProgress()).items():
        out.print(f"{name}: {formats.number(rows, lang)}", markup=False)
    out.print(f"{folder / 'holdfast.yaml'}", markup=False)


def add_training(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command(epilog=example("holdfast tune --trials 40"))(tune)
    app.command(epilog=example("holdfast simulate --customers 5000 --lang zh"))(simulate)
