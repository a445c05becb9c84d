"""The stages of the pipeline: each reads its inputs, calls one room and writes its outputs. No logic of their own.

ingest → features → fit → evaluate → register, and score. A stage whose inputs, settings and code are unchanged
reuses what it wrote; an interrupted one runs again and ends the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.catalogue import Lang, phrase
from configs.errors import DataError, HoldfastError, NotEnoughDataError, UnknownCustomerError
from configs.extras import is_installed, require
from configs.files import Content, json_bytes, remove_leftovers, sha256_of, write_json_atomic, write_set
from configs.progress import Progress
from configs.settings import Settings
from configs.timestamps import format_moment, parse_moment
from pipelines.console import note
from pipelines.fresh import fresh_tables, inputs_of, tell_of_model
from pipelines.ingest import ingest_stage
from pipelines.results import Registered, Scored, Trained
from pipelines.stage_cache import forget, is_recorded, lock_folder, run_stage

if TYPE_CHECKING:
    from evaluation.backtest import Evaluation
    from features.engine import Tables
    from features.engines.protocol import Opener
    from retention.scoring.scores_table import RunStamp

TESTING = ("sklearn", "matplotlib", "shap")
"""What the out-of-time test and its report need beside a plain installation."""


def resolve_as_of(settings: Settings, tables: Tables, as_of: str | None) -> datetime:
    """The moment asked for, or the midnight after the last event."""
    if as_of is None:
        return tables.end(settings.data.timezone)
    return parse_moment(as_of, settings.data.timezone, field="--as-of")


def features_stage(
    settings: Settings,
    as_of: str | None,
    progress: Progress,
    *,
    force: bool = False,
    engine: Opener | None = None,
) -> Path:
    """The training set in `<workdir>/training`; it is the same whoever computes it, so an engine makes no new one."""
    from evaluation.datasets import CONTEXT_FILE, FRAME_FILE, LABELS_FILE, save_training_set, training_set
    from features.engine import open_tables

    folder = settings.work / "training"
    with lock_folder(settings.work), open_tables(settings.canonical, engine=engine) as tables:
        moment = resolve_as_of(settings, tables, as_of)

        def run() -> None:
            remove_leftovers(folder)
            save_training_set(training_set(tables, moment, settings, progress), folder)

        outputs = [folder / name for name in (FRAME_FILE, LABELS_FILE, CONTEXT_FILE)]
        run_stage(settings.work, "features", inputs_of(settings, moment), outputs, run, force=force)
    return folder


def fit_stage(settings: Settings, as_of: str | None, progress: Progress, *, force: bool = False) -> Path:
    """A fitted candidate in `<workdir>/candidate`."""
    from evaluation.datasets import load_training_set
    from features.engine import open_tables
    from training.fit import META_FILE, fit_bundle, save_candidate

    data_folder = features_stage(settings, as_of, progress)
    folder = settings.work / "candidate"
    with lock_folder(settings.work), open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)

        def run() -> None:
            remove_leftovers(folder)
            data = load_training_set(data_folder)
            fitted = fit_bundle(tables, moment, settings, data=data, progress=progress)
            save_candidate(replace(fitted, made_of=_made_of(settings, moment)), folder)

        run_stage(settings.work, "fit", inputs_of(settings, moment), [folder / META_FILE], run, force=force)
    return folder


def evaluate_stage(
    settings: Settings, as_of: str | None, progress: Progress, *, force: bool = False
) -> tuple[Evaluation, Path]:
    """The out-of-time evaluation and its report in `<workdir>/evaluation`."""
    from evaluation.backtest import backtest
    from evaluation.evaluation_files import EVALUATION_FILE, LOSSES_FILE, evaluation_files, load_evaluation
    from features.engine import open_tables
    from reporting.training_report import CURVES, METRICS_FILE, REPORT_FILE, REPORT_JSON, report_files

    require(*TESTING, task="`holdfast evaluate`")
    folder = settings.work / "evaluation"
    with lock_folder(settings.work), open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)

        def run() -> None:
            remove_leftovers(folder)
            evaluation = replace(
                backtest(tables, moment, settings, progress=progress), made_of=_made_of(settings, moment)
            )
            with progress.step(phrase("steps.write_report")):
                files = evaluation_files(evaluation) | report_files(evaluation, language=settings.language)
                write_set({folder / name: data for name, data in files.items()})

        names = (EVALUATION_FILE, LOSSES_FILE, REPORT_FILE, REPORT_JSON, METRICS_FILE, *CURVES.values())
        outputs = [folder / name for name in names]
        run_stage(settings.work, "evaluate", inputs_of(settings, moment), outputs, run, force=force)
    return load_evaluation(folder), folder / REPORT_FILE


def _made_of(settings: Settings, moment: datetime) -> str:
    return hashlib.sha256(json_bytes(inputs_of(settings, moment))).hexdigest()


def register_stage(settings: Settings, progress: Progress, *, force: bool = False) -> Registered:
    """Put the candidate with its evaluation into the bundle store, record the run, let the gate decide.

    A run that could not be recorded is told and recorded the next time.

    Raises
    ------
    HoldfastError
        Candidate or evaluation is missing, changed, or they do not belong together.
    """
    from training.fit import META_FILE
    from training.register import forget_decision, register

    record = settings.work / "registered.json"
    candidate = settings.work / "candidate" / META_FILE
    evaluation = settings.work / "evaluation" / "evaluation.json"
    inputs = {
        "candidate": sha256_of(candidate) if candidate.is_file() else None,
        "evaluation": sha256_of(evaluation) if evaluation.is_file() else None,
        "tracking": settings.tracking.model_dump(mode="json"),
        "store": str(settings.bundle_store),
    }
    if inputs["evaluation"] is None and is_recorded(settings.work, "evaluate"):
        raise HoldfastError("evaluation_missing", code="evaluation_missing", file=str(evaluation))
    with lock_folder(settings.work):

        def run() -> None:
            with progress.step(phrase("steps.register_model")):
                write_json_atomic(record, register(settings, stamp_time(), tell=note))

        again = force or not (settings.bundle_store / "CURRENT").is_file() or _unrecorded(record)
        run_stage(settings.work, "register", inputs, [record], run, force=again)
        forget_decision(settings.work)
    return _registered(json.loads(record.read_text(encoding="utf-8")))


def _unrecorded(record: Path) -> bool:
    """Whether the run log could not be written the last time."""
    try:
        return bool(json.loads(record.read_text(encoding="utf-8"))["run_id"] is None)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _registered(record: dict[str, Any]) -> Registered:
    from training.gate import Decision

    return Registered(
        record["bundle_id"], record["in_use"], Decision(**record["decision"]), record["version"], record["meta"]
    )


def train_stages(settings: Settings, as_of: str | None, progress: Progress, *, force: bool = False) -> Trained:
    """Everything up to a usable model; a log too short to be tested is trained and says so."""
    require("mlflow", *TESTING, task="`holdfast train`")  # before the work, not after the fit
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
    forget(settings.work, "evaluate")


def score_stage(
    settings: Settings, as_of: str | None, out: Path | None, progress: Progress, *, previous: Path | None = None
) -> Scored:
    """Score every customer and write Parquet, CSV, what changed and a report; nothing at or after `as_of` is seen."""
    from features.engine import open_tables
    from pipelines import outputs
    from pipelines.runs import changes_files, data_of, keep_run, since_earlier
    from reporting.scores_report import scores_report_files
    from retention.experiments.measurement import measure_campaigns
    from retention.scoring.scorer import load_scorer
    from retention.scoring.scores_table import RunStamp, to_csv, write_parquet

    path = out if out is not None else outputs.default_scores(settings)
    outputs.check_out(settings, outputs.scores_files(path))
    fresh_tables(settings, progress, ask_database=True, tell=True)
    with lock_folder(settings.work), open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)
        with progress.step(phrase("steps.load_model")):
            scorer = load_scorer(settings)
        tell_of_model(scorer.meta, moment, settings)
        measured = measure_campaigns(tables, scorer.catalogue, moment, horizon_days=scorer.horizon_days)
        scores = scorer.score(
            tables,
            moment,
            measured_effects=measured.measured_effects or None,
            scored_at=stamp_time().replace(tzinfo=None),
            progress=progress,
        )
        if scores.empty:
            raise NotEnoughDataError(
                "no_customers_before", code="no_customers", date=format_moment(moment, settings.data.timezone)
            )
        stamp = RunStamp(moment.isoformat(), scorer.version, data_of(settings))
        earlier = previous if previous is not None else _earlier(settings, stamp)
        scores, changes = since_earlier(settings, scorer, tables, scores, earlier, progress)
        with progress.step(phrase("steps.write_scores")):
            main: Content = to_csv(scores)
            files: dict[Path, Content] = {path: main}
            if path.suffix == ".parquet":
                files = {path: lambda aside: write_parquet(scores, aside, stamp=stamp), path.with_suffix(".csv"): main}
            report = scores_report_files(
                scores, path, scorer.settings, scorer.catalogue, changes=changes, effects=measured.effects
            )
            if not is_installed("matplotlib"):
                note(phrase("notes.report_without_pictures", name=next(iter(report)).name))
            files |= {**report, **changes_files(changes, path)}
            gone = [file for file in outputs.scores_files(path) if file not in files]
            outputs.put(settings, files, gone=gone)
            keep_run(settings, scores, path, stamp)
    return Scored(scores, path, next(iter(report)), changes)


def _earlier(settings: Settings, stamp: RunStamp) -> Path | None:
    """The run to compare with; one that is damaged is told and not used."""
    from pipelines.runs import earlier_run

    try:
        return earlier_run(settings, stamp)
    except DataError as error:
        note(phrase("notes.nothing_compared", reason=error.phrase()))
        return None


def explain_stage(
    settings: Settings,
    customer_id: str,
    as_of: str | None,
    lang: Lang,
    progress: Progress,
    *,
    previous: Path | None = None,
) -> None:
    """Print one customer's page, computed as the service computes it: of that customer's rows alone."""
    from features.engine import open_tables
    from features.part import part_of
    from models.boosting.booster import prefer_lean_import
    from pipelines.console import out
    from pipelines.runs import data_of, since_earlier
    from reporting.customer_explanation import page
    from retention.experiments.measurement import measure_campaigns
    from retention.profile.customer_facts import customer_facts
    from retention.scoring.scorer import load_scorer
    from retention.scoring.scores_table import RunStamp

    prefer_lean_import()
    fresh_tables(settings, progress)
    with open_tables(settings.canonical) as tables, part_of(tables, [customer_id]) as part:
        moment = resolve_as_of(settings, tables, as_of)
        scorer = load_scorer(settings, threads=1, examine=False)
        tell_of_model(scorer.meta, moment, settings)
        measured = measure_campaigns(tables, scorer.catalogue, moment, horizon_days=scorer.horizon_days)
        scores = scorer.score(part, moment, measured_effects=measured.measured_effects or None)
        if scores.empty:
            raise UnknownCustomerError(
                "customer_unknown", customer_id=customer_id, date=format_moment(moment, settings.data.timezone)
            )
        stamp = RunStamp(moment.isoformat(), scorer.version, data_of(settings))
        earlier = previous if previous is not None else _earlier(settings, stamp)
        scores, changes = since_earlier(settings, scorer, part, scores, earlier, progress)
        facts = customer_facts(part, moment, settings.data.timezone)
        out.print(
            page(
                scores.iloc[0],
                scorer.baseline,
                lang,
                currency=settings.data.currency,
                rules=settings.retention.lifecycle.model_dump(),
                changes=changes,
                timezone=settings.data.timezone,
                facts=None if facts is None or facts.empty else {str(name): facts[name].iloc[0] for name in facts},
            )
        )


def stamp_time() -> datetime:
    """When files say that they were made, UTC: now, or what SOURCE_DATE_EPOCH says, for files that can be made again.

    See reproducible-builds.org/specs/source-date-epoch.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(tz=UTC).replace(microsecond=0)
