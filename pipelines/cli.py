"""The command line `holdfast`: verbs only; what they do lives in `pipelines.stages` and below.

Exit codes: 0 done, 1 failed, 2 what was given is wrong. Results go to standard output, progress and errors to
standard error.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from configs.errors import HoldfastError
from configs.messages import system_reason
from configs.settings import load_settings
from pipelines.cli_actions import add_actions
from pipelines.cli_init import add_init
from pipelines.cli_models import models_app
from pipelines.cli_training import add_training, benchmark_app
from pipelines.console import ConsoleProgress, show_error, speak
from pipelines.ingest import ingest_stage
from pipelines.options import DEFAULT_CONFIG, AsOf, Config, Force, Lang, Previous, chosen_language, example, table_file
from pipelines.spark import add_spark, chosen_engine
from pipelines.usage import command_line, usage_error

app = typer.Typer(
    name="holdfast",
    help="Which customers will stop buying, how much each may still buy, what each is worth, why, and what to do.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


add_init(app)


@app.command(epilog=example("holdfast ingest --config holdfast.yaml"))
def ingest(config: Config = DEFAULT_CONFIG, force: Force = False) -> None:
    """Read the sources, check every row, write canonical tables and the data report."""
    from pipelines import summary

    settings = load_settings(config)
    report = ingest_stage(settings, ConsoleProgress(), force=force, tell=False, refuse=False)
    summary.show_ingest(report, settings)


@app.command(epilog=example("holdfast features --engine spark --master spark://127.0.0.1:7077"))
def features(
    config: Config = DEFAULT_CONFIG,
    as_of: AsOf = None,
    force: Force = False,
    engine: Annotated[
        Literal["duckdb", "spark"], typer.Option("--engine", help="Who computes; the answers are the same.")
    ] = "duckdb",
    master: Annotated[
        str | None, typer.Option("--master", help="The Spark cluster: spark://host:port, or local[2] for threads.")
    ] = None,
) -> None:
    """Compute the training set: features and labels of every customer at every cut-off."""
    from pipelines import stages, summary

    opener = chosen_engine(engine, master)
    settings = load_settings(config)
    progress = ConsoleProgress()
    ingest_stage(settings, progress)
    summary.show_path("Training set", stages.features_stage(settings, as_of, progress, force=force, engine=opener))


@app.command(epilog=example("holdfast train --config holdfast.yaml"))
def train(config: Config = DEFAULT_CONFIG, as_of: AsOf = None, force: Force = False) -> None:
    """Ingest, fit the models, evaluate them out of time, record and register: everything up to a usable model."""
    from pipelines import stages, summary

    settings = load_settings(config)
    summary.show_training(stages.train_stages(settings, as_of, ConsoleProgress(), force=force), settings)


@app.command(epilog=example("holdfast fit --config holdfast.yaml"))
def fit(config: Config = DEFAULT_CONFIG, as_of: AsOf = None, force: Force = False) -> None:
    """Fit the models and write a candidate bundle, without evaluation."""
    from pipelines import stages, summary

    settings = load_settings(config)
    progress = ConsoleProgress()
    ingest_stage(settings, progress)
    summary.show_path("Candidate", stages.fit_stage(settings, as_of, progress, force=force))


@app.command(epilog=example("holdfast evaluate --config holdfast.yaml"))
def evaluate(config: Config = DEFAULT_CONFIG, as_of: AsOf = None, force: Force = False) -> None:
    """Evaluate the whole procedure out of time beside the baselines and write the report."""
    from pipelines import stages, summary

    settings = load_settings(config)
    progress = ConsoleProgress()
    ingest_stage(settings, progress)
    summary.show_evaluation(stages.evaluate_stage(settings, as_of, progress, force=force), settings)


@app.command(epilog=example("holdfast register --config holdfast.yaml"))
def register(config: Config = DEFAULT_CONFIG, force: Force = False) -> None:
    """Record the run, register the candidate and let the gate decide whether it becomes the champion."""
    from pipelines import stages, summary

    settings = load_settings(config)
    summary.show_gate(stages.register_stage(settings, ConsoleProgress(), force=force), settings)


@app.command(epilog=example("holdfast score --config holdfast.yaml --as-of 2011-09-10 --out scores.parquet"))
def score(
    config: Config = DEFAULT_CONFIG,
    as_of: AsOf = None,
    out: Annotated[
        Path | None, typer.Option("--out", callback=table_file, help="Parquet file to write; a CSV is put beside it.")
    ] = None,
    previous: Previous = None,
) -> None:
    """Score every customer: probabilities, values, tiers, reasons, warnings and strategies."""
    from pipelines import stages, summary

    settings = load_settings(config)
    summary.show_scores(stages.score_stage(settings, as_of, out, ConsoleProgress(), previous=previous), settings)


@app.command(epilog=example("holdfast explain 17850 --config holdfast.yaml --lang zh"))
def explain(
    customer_id: Annotated[str, typer.Argument(help="The customer's id.")],
    config: Config = DEFAULT_CONFIG,
    as_of: AsOf = None,
    lang: Lang = None,
    previous: Previous = None,
) -> None:
    """Print one customer's page: scores, tiers with their rules, reasons, what changed, what to do next."""
    from pipelines import stages

    settings = load_settings(config)
    stages.explain_stage(settings, customer_id, as_of, lang or settings.language, ConsoleProgress(), previous=previous)


@app.command(epilog=example("holdfast serve --config holdfast.yaml --port 3000"))
def serve(
    config: Config = DEFAULT_CONFIG,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address; this machine only unless set.")] = None,
) -> None:
    """Serve scores over HTTP until stopped."""
    from serving.run import serve as run

    settings = load_settings(config)
    run(settings, host=host or settings.serving.host, port=port or settings.serving.port)


@app.command(epilog=example("holdfast demo --no-serve"))
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Folder to work in.")] = Path("demo"),
    data: Annotated[
        Literal["journey", "cdnow", "simulated"], typer.Option("--data", help="Which log to show.")
    ] = "journey",
    serve_after: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve when done.")] = True,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 3000,
) -> None:
    """Everything at once on a purchase log that is already on this machine."""
    from pipelines.demo import run_demo

    run_demo(folder, data, ConsoleProgress())
    if serve_after:
        # a process that serves imports little; this one has trained
        config = str(folder / "holdfast.yaml")
        os.execv(sys.executable, [sys.executable, "-m", "pipelines", "serve", "--config", config, "--port", str(port)])


add_actions(app)
app.add_typer(models_app, name="models")
app.add_typer(benchmark_app, name="benchmark")
add_spark(app)
add_training(app)

PANELS = {
    "Your data": ("init", "ingest", "features"),
    "Models": ("train", "fit", "evaluate", "register", "tune", "models", "benchmark"),
    "Daily work": ("score", "explain", "worklist", "outcomes", "plan", "audience", "view", "next-product", "serve"),
    "To try it": ("demo", "simulate", "spark-cluster"),
}
"""Verbs of one kind stand together in `--help`."""


def _name(command: Any) -> str:
    return str(command.name or command.callback.__name__.replace("_", "-"))


def _grouped(parts: list[Any]) -> None:
    panel_of = {verb: panel for panel, verbs in PANELS.items() for verb in verbs}
    for part in parts:
        part.rich_help_panel = panel_of[_name(part)]
    parts.sort(key=lambda part: list(panel_of).index(_name(part)))


_grouped(app.registered_commands)
_grouped(app.registered_groups)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"holdfast {version('holdfast-retention')}")
        raise typer.Exit


@app.callback()
def _options(
    told: Annotated[
        bool, typer.Option("--version", help="Tell the version and stop.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    pass


COLLECT_AFTER = 50_000
"""New objects after which Python looks for circles among them; its own default is 700."""


def main() -> None:
    """Entry point: every error ends as one sentence and an exit code."""
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    # Modules and rows come by the hundred thousand and stay: looking for circles among them is mostly in vain.
    gc.set_threshold(COLLECT_AFTER)
    language = chosen_language(sys.argv[1:], os.environ)
    speak(language)
    try:
        # what is wrong with the call is told as everything else that is wrong
        sys.exit(command_line(app, language)(standalone_mode=False, prog_name="holdfast") or 0)
    except HoldfastError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.exit(2)  # the help is told already
        if (wrong := usage_error(error)) is not None:
            show_error(wrong)
            sys.exit(wrong.exit_code)
        if os.environ.get("HOLDFAST_DEBUG"):
            raise
        show_error(_foreseen(error))
        sys.exit(1)


def _foreseen(error: Exception) -> HoldfastError:
    """An error that no check of ours has met, as one of ours."""
    if isinstance(error, OSError):
        # libraries give some of these without the file's name, but with it in their text
        fields = {"file": str(error.filename), "reason": system_reason(error)}
        if error.filename:
            return HoldfastError("path_unusable", code="file_failed", **fields)
        return HoldfastError("some_file_unusable", code="file_failed", **fields)
    return HoldfastError("unforeseen", code="internal", kind=type(error).__name__, reason=str(error))
