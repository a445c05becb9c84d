"""The stages of the pipeline: each reads its inputs, calls one room and writes its outputs. No logic of their own.

ingest → features → fit → evaluate → register, and score. A stage whose inputs, settings and code are unchanged
reuses what it wrote; an interrupted one runs again and ends the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from configs.errors import NotEnoughDataError, UnknownCustomerError
from configs.files import remove_leftovers, write_json_atomic
from configs.moments import format_moment, parse_moment
from configs.progress import Progress
from configs.settings import Settings
from pipelines.stage_cache import lock_folder, run_stage, sha256_of

if TYPE_CHECKING:
    import pandas as pd

    from features.engine import Tables
    from features.intake import DataReport
    from retention.changes import Changes
    from retention.scorer import Scorer
    from training.evaluate import Evaluation
    from training.gate import Decision


@dataclass(frozen=True)
class Registered:
    """What the last stage of training did.

    Attributes
    ----------
    bundle_id : str
        Id of the candidate in the bundle store.
    in_use : str
        Id of the bundle that answers from now on.
    decision : Decision
        Whether the gate promoted it, and why.
    version : int
        Version in the model registry.
    meta : dict
        The bundle's facts.
    """

    bundle_id: str
    in_use: str
    decision: Decision
    version: int
    meta: dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """A whole training run: `evaluation` is None where the log is too short to hold a horizon back."""

    registered: Registered
    evaluation: Evaluation | None
    report: Path | None


def ingest_stage(settings: Settings, progress: Progress, *, force: bool = False) -> DataReport:
    """Canonical tables and the data report; reused while sources and settings are unchanged."""
    from features.intake import ingest

    with lock_folder(settings.work):
        return ingest(_with_present(settings), progress=progress, force=force)


def _with_present(settings: Settings) -> Settings:
    """Rows of the future are refused; the present time is asked for here and nowhere below."""
    if settings.data.future_after is not None:
        return settings
    tomorrow = (datetime.now(tz=UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    return settings.model_copy(update={"data": settings.data.model_copy(update={"future_after": tomorrow})})


def resolve_as_of(settings: Settings, tables: Tables, as_of: str | None) -> datetime:
    """The moment asked for, or the midnight after the last event."""
    if as_of is None:
        return tables.end(settings.data.timezone)
    return parse_moment(as_of, settings.data.timezone, field="--as-of")


def features_stage(settings: Settings, as_of: str | None, progress: Progress, *, force: bool = False) -> Path:
    """The training set in `<workdir>/training`."""
    from features.engine import open_tables
    from training.datasets import CONTEXT_FILE, FRAME_FILE, LABELS_FILE, save_training_set, training_set

    folder = settings.work / "training"
    with lock_folder(settings.work), open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)

        def run() -> None:
            remove_leftovers(folder)
            save_training_set(training_set(tables, moment, settings, progress), folder)

        outputs = [folder / name for name in (FRAME_FILE, LABELS_FILE, CONTEXT_FILE)]
        run_stage(settings.work, "features", _inputs(settings, moment), outputs, run, force=force)
    return folder


def fit_stage(settings: Settings, as_of: str | None, progress: Progress, *, force: bool = False) -> Path:
    """A fitted candidate in `<workdir>/candidate`."""
    from features.engine import open_tables
    from training.datasets import load_training_set
    from training.fit import META_FILE, fit_bundle, save_candidate

    data_folder = features_stage(settings, as_of, progress)
    folder = settings.work / "candidate"
    with lock_folder(settings.work), open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)

        def run() -> None:
            remove_leftovers(folder)
            data = load_training_set(data_folder)
            save_candidate(fit_bundle(tables, moment, settings, data=data, progress=progress), folder)

        run_stage(settings.work, "fit", _inputs(settings, moment), [folder / META_FILE], run, force=force)
    return folder


def evaluate_stage(
    settings: Settings, as_of: str | None, progress: Progress, *, force: bool = False
) -> tuple[Evaluation, Path]:
    """The out-of-time evaluation and its report in `<workdir>/evaluation`."""
    from features.engine import open_tables
    from training.evaluate import EVALUATION_FILE, LOSSES_FILE, backtest, load_evaluation, save_evaluation
    from training.report import METRICS_FILE, REPORT_FILE, REPORT_JSON, write_report

    folder = settings.work / "evaluation"
    with lock_folder(settings.work), open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)

        def run() -> None:
            remove_leftovers(folder)
            evaluation = backtest(tables, moment, settings, progress=progress)
            with progress.step("Writing the report"):
                save_evaluation(evaluation, folder)
                write_report(evaluation, folder, language=settings.language)

        names = (EVALUATION_FILE, LOSSES_FILE, REPORT_FILE, REPORT_JSON, METRICS_FILE)
        outputs = [folder / name for name in names]
        run_stage(settings.work, "evaluate", _inputs(settings, moment), outputs, run, force=force)
    return load_evaluation(folder), folder / REPORT_FILE


def register_stage(settings: Settings, progress: Progress, *, force: bool = False) -> Registered:
    """Put the candidate with its evaluation into the bundle store, record the run, let the gate decide."""
    from training.fit import META_FILE
    from training.register import register

    record = settings.work / "registered.json"
    candidate = settings.work / "candidate" / META_FILE
    evaluation = settings.work / "evaluation" / "evaluation.json"
    inputs = {
        "candidate": sha256_of(candidate) if candidate.is_file() else None,
        "evaluation": sha256_of(evaluation) if evaluation.is_file() else None,
        "tracking": settings.tracking.model_dump(mode="json"),
        "store": str(settings.bundle_store),
    }
    with lock_folder(settings.work):

        def run() -> None:
            with progress.step("Registering the model"):
                write_json_atomic(record, register(settings, datetime.now(tz=UTC)))

        current = settings.bundle_store / "CURRENT"
        run_stage(settings.work, "register", inputs, [record], run, force=force or not current.is_file())
    return _registered(json.loads(record.read_text(encoding="utf-8")))


def _registered(record: dict[str, Any]) -> Registered:
    from training.gate import Decision

    return Registered(
        record["bundle_id"], record["in_use"], Decision(**record["decision"]), record["version"], record["meta"]
    )


def train_stages(settings: Settings, as_of: str | None, progress: Progress, *, force: bool = False) -> Trained:
    """Everything up to a usable model; a log too short to be tested is trained and says so."""
    ingest_stage(settings, progress)
    fit_stage(settings, as_of, progress, force=force)
    evaluation: Evaluation | None = None
    report: Path | None = None
    try:
        evaluation, report = evaluate_stage(settings, as_of, progress, force=force)
    except NotEnoughDataError:
        _remove_evaluation(settings)
    return Trained(register_stage(settings, progress, force=force), evaluation, report)


def _remove_evaluation(settings: Settings) -> None:
    """An evaluation of other data must not be taken for this candidate's."""
    folder = settings.work / "evaluation"
    for file in folder.glob("*") if folder.is_dir() else []:
        file.unlink()


def _inputs(settings: Settings, as_of: datetime) -> dict[str, Any]:
    manifest = settings.canonical / "MANIFEST.json"
    return {
        "as_of": as_of.isoformat(),
        "data": sha256_of(manifest),
        "settings": settings.model_dump(mode="json", exclude={"tracking", "serving", "workdir", "artifacts"}),
    }


@dataclass(frozen=True)
class Scored:
    """A scoring run: the table, its file, the page for people, and what changed since the run before (None: none)."""

    scores: pd.DataFrame
    path: Path
    report: Path
    changes: Changes | None


def score_stage(
    settings: Settings, as_of: str | None, out: Path | None, progress: Progress, *, previous: Path | None = None
) -> Scored:
    """Score every customer and write Parquet, CSV, what changed and a report; nothing at or after `as_of` is seen."""
    from features.engine import open_tables
    from pipelines.runs import data_of, earlier_run, keep_run, since_earlier, write_changes
    from retention.campaigns import measure_campaigns
    from retention.scorer import load_scorer
    from retention.scores_table import RunStamp, write_scores
    from training.scores_report import write_scores_report

    path = out if out is not None else settings.work / "scores.parquet"
    if not settings.canonical.is_dir():
        ingest_stage(settings, progress)
    with open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)
        with progress.step("Loading the model"):
            scorer = load_scorer(settings)
        _tell_if_later(scorer, moment, settings)
        measured = measure_campaigns(tables, scorer.catalogue, scorer.settings, moment)
        scores = scorer.score(
            tables, moment, measured_effects=measured.beliefs or None, scored_at=_now(), progress=progress
        )
        if scores.empty:
            raise NotEnoughDataError(
                f"the data holds no customer before {format_moment(moment, settings.data.timezone)}",
                "give a later --as-of",
                code="no_customers",
            )
        stamp = RunStamp(moment.isoformat(), scorer.version, data_of(settings))
        earlier = previous if previous is not None else earlier_run(settings, stamp)
        scores, changes = since_earlier(settings, scorer, tables, scores, earlier, progress)
    with progress.step("Writing scores"):
        write_scores(scores, path, stamp=stamp)
        if path.suffix == ".parquet":
            write_scores(scores, path.with_suffix(".csv"))
        write_changes(changes, path)
        report = write_scores_report(
            scores, path, scorer.settings, scorer.catalogue, changes=changes, effects=measured.effects
        )
        keep_run(settings, scores, path, stamp)
    return Scored(scores, path, report, changes)


def explain_stage(
    settings: Settings,
    customer_id: str,
    as_of: str | None,
    lang: Literal["en", "zh"],
    progress: Progress,
    *,
    previous: Path | None = None,
) -> None:
    """Print one customer's page."""
    from features.engine import open_tables
    from pipelines.console import out
    from pipelines.runs import data_of, earlier_run, since_earlier
    from retention.campaigns import measure_campaigns
    from retention.explain import page
    from retention.scorer import load_scorer
    from retention.scores_table import RunStamp

    if not settings.canonical.is_dir():
        ingest_stage(settings, progress)
    with open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)
        scorer = load_scorer(settings)
        beliefs = measure_campaigns(tables, scorer.catalogue, scorer.settings, moment).beliefs or None
        scores = scorer.score(tables, moment, customers=[customer_id], measured_effects=beliefs, scored_at=_now())
        if scores.empty:
            raise UnknownCustomerError(
                f"the data holds no customer {customer_id!r} before {format_moment(moment, settings.data.timezone)}",
                "check the id (leading zeros count) or give a later --as-of",
                customer_id=customer_id,
            )
        stamp = RunStamp(moment.isoformat(), scorer.version, data_of(settings))
        earlier = previous if previous is not None else earlier_run(settings, stamp)
        scores, changes = since_earlier(settings, scorer, tables, scores, earlier, progress)
        out.print(
            page(
                scores.iloc[0],
                scorer.baseline,
                lang,
                currency=settings.data.currency,
                rules=settings.retention.lifecycle.model_dump(),
                changes=changes,
                timezone=settings.data.timezone,
            )
        )


def _tell_if_later(scorer: Scorer, as_of: datetime, settings: Settings) -> None:
    """Say so when the model has learned from what came after the moment scored: such scores are no test of it."""
    from pipelines.console import err

    learned = datetime.fromisoformat(str(scorer.meta["as_of"]))
    if learned > as_of:
        shown = [format_moment(moment, settings.data.timezone) for moment in (learned, as_of)]
        err.print(
            f"Note: the model was trained on data up to {shown[0]}, later than {shown[1]}; "
            f"for a fair test run `holdfast train --as-of {shown[1]}` first.",
            markup=False,
        )


def _now() -> datetime:
    return datetime.now(tz=UTC).replace(tzinfo=None, microsecond=0)
