"""Verbs for trained models: list, compare, promote, roll back, pack into a bento."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from configs import formats
from configs.settings import Settings, load_settings
from pipelines.console import note, out
from pipelines.options import DEFAULT_CONFIG, Config, example

models_app = typer.Typer(help="List trained models, promote one, roll back.", no_args_is_help=True)

FIGURES = ("churn_auc", "churn_log_loss", "churn_ece", "orders_bias", "spend_bias", "spend_gini")


@models_app.command("list", epilog=example("holdfast models list"))
def list_models(config: Config = DEFAULT_CONFIG) -> None:
    """Every bundle in the store, newest data last, with its grade and main figures."""
    from models.bundle.folder import list_bundles

    table = Table("bundle", "in use", "answers", "as of", "grade", *FIGURES)
    settings = load_settings(config)
    bundles = list_bundles(settings.bundle_store)
    for bundle in sorted(bundles, key=lambda found: str((found["meta"] or {}).get("as_of"))):
        meta = bundle["meta"] or {}
        mark = "current" if bundle["current"] else "last good" if bundle["last_good"] else ""
        figures = [formats.number(meta.get("metrics", {}).get(name), settings.language, 3) for name in FIGURES]
        facts = (str(meta.get("answers", "model")), str(meta.get("as_of"))[:10], str(meta.get("grade")))
        table.add_row(bundle["id"][:12], mark, *facts, *figures)
    out.print(table)


@models_app.command(epilog=example("holdfast models runs"))
def runs(config: Config = DEFAULT_CONFIG) -> None:
    """The newest training runs of the run log."""
    from training.tracking import Tracking

    settings = load_settings(config)
    found = Tracking(settings, tell=note).list_runs()
    columns = [name for name in ("run_id", "started_at", "as_of", "grade", "bundle_id", *FIGURES) if name in found]
    table = Table(*columns)
    for row in found[columns].itertuples(index=False):
        table.add_row(
            *(
                formats.number(value, settings.language, 3) if isinstance(value, float) else str(value)[:19]
                for value in row
            )
        )
    out.print(table)


@models_app.command(epilog=example("holdfast models compare 4f1c… 9a02…"))
def compare(
    run_ids: Annotated[list[str], typer.Argument(help="Two or more run ids of `holdfast models runs`.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Parameters that differ and all figures of several runs, side by side."""
    from training.tracking import Tracking

    found = Tracking(load_settings(config), tell=note).compare(run_ids)
    table = Table("kind", "name", *(run[:12] for run in found.columns))
    for place, values in zip(found.index.tolist(), found.to_numpy().tolist(), strict=True):
        table.add_row(*map(str, place), *(str(value)[:14] for value in values))
    out.print(table)


@models_app.command(epilog=example("holdfast models promote 659d10e85131"))
def promote(
    bundle: Annotated[str, typer.Argument(help="Id of a bundle, or its first digits.")],
    config: Config = DEFAULT_CONFIG,
    despite_grade: Annotated[
        bool, typer.Option("--despite-grade", help="Use a model of grade C, which failed its test.")
    ] = False,
) -> None:
    """Use this model from now on; the one in use becomes the one to roll back to."""
    from models.bundle.folder import load_bundle
    from models.bundle.folder import promote as set_current
    from training.gate import check_grade

    settings = load_settings(config)
    if not despite_grade:
        check_grade(load_bundle(settings.bundle_store, bundle_id=bundle, examine=False).meta, bundle)
    chosen = set_current(settings.bundle_store, bundle)
    _set_champion(settings, chosen)
    out.print(f"In use: {chosen}", markup=False)


@models_app.command(epilog=example("holdfast models rollback"))
def rollback(config: Config = DEFAULT_CONFIG) -> None:
    """Use the model that was in use before."""
    from models.bundle.folder import roll_back

    settings = load_settings(config)
    chosen = roll_back(settings.bundle_store)
    _set_champion(settings, chosen)
    out.print(f"In use: {chosen}", markup=False)


def _set_champion(settings: Settings, bundle_id: str) -> None:
    """Point the run log's champion to the model in use; a run log that cannot be used changes nothing about that."""
    from training.tracking import Tracking, TrackingError

    try:
        Tracking(settings, tell=note).set_champion(bundle_id)
    except TrackingError as error:
        note(f"the run log does not show it, because {error.message}")


@models_app.command(epilog=example("holdfast models bento"))
def bento(config: Config = DEFAULT_CONFIG) -> None:
    """Pack service and model into a bento that needs no checkout."""
    from serving.bento import build_bento

    built = build_bento(load_settings(config))
    out.print(f"{built.tag}: {built.path}", markup=False)
