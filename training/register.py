"""From a candidate to a bundle in the store, a recorded run, a registered version, and the gate's decision.

What cannot be recorded is told and recorded later: the run log never stands between a model and its use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from configs.catalogue import phrase
from configs.errors import BundleError, HoldfastError
from configs.files import read_checked, write_checked
from configs.settings import Settings
from evaluation.backtest import Evaluation
from evaluation.evaluation_files import EVALUATION_FILE, load_evaluation
from models.bundle.folder import CURRENT, Bundle, load_bundle, promote, read_pointer, save_bundle
from reporting.training_report import METRICS_FILE, REPORT_FILE, REPORT_JSON
from training.fit import FittedBundle, by_rule, evaluation_of, finish, load_candidate, parameters
from training.gate import Decision, already_in_use, decide, failed, unreadable_champion
from training.tracking import Tracking, TrackingError

CANDIDATE_FOLDER, EVALUATION_FOLDER = "candidate", "evaluation"
DECISION_FILE = "registering.json"
"""The gate's decision while it is carried out: whoever is killed on the way carries out the same one."""


def register(settings: Settings, at: datetime, *, tell: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Store the candidate of the work folder, let the gate decide, promote it if it may be, and record the run.

    Parameters
    ----------
    settings : Settings
        The work folder holds `candidate/` and, where the log is long enough for a test, `evaluation/`.
    at : datetime
        When, with its zone, from the caller's clock.
    tell : callable, optional
        Given a sentence where the run could not be recorded, or a damaged run log was moved away.

    Returns
    -------
    dict
        JSON values: bundle_id, in_use (the bundle that answers from now on), decision (`Decision.as_dict`), meta (of
        the candidate), and run_id and version (in the registry), which are None where the run could not be recorded.

    Raises
    ------
    BundleError
        No whole candidate in the work folder.
    HoldfastError
        The evaluation is not what was written, or is not this candidate's.
    """
    candidate = load_candidate(settings.work / CANDIDATE_FOLDER)
    folder = settings.work / EVALUATION_FOLDER
    evaluation = load_evaluation(folder) if (folder / EVALUATION_FILE).is_file() else None
    if evaluation is not None and evaluation.made_of != candidate.made_of:
        raise HoldfastError(
            "evaluation_of_another", code="evaluation_of_another", file=str(folder / EVALUATION_FILE), folder=folder
        )
    whole = finish(candidate, evaluation, settings)
    bundle_id = save_bundle(settings.bundle_store, whole.files, whole.meta)
    decision = _begun(settings.work, bundle_id)
    if decision is None:
        decision = _decision(bundle_id, whole, evaluation, settings)
        write_checked(settings.work / DECISION_FILE, {"bundle_id": bundle_id, "decision": decision.as_dict()})
    if decision.promote:
        promote(settings.bundle_store, bundle_id)
    ruled = by_rule(candidate, evaluation, settings) if decision.rule and evaluation is not None else None
    rule_id = None
    if ruled is not None:
        rule_id = promote(settings.bundle_store, save_bundle(settings.bundle_store, ruled.files, ruled.meta))
    run_id, version = None, None
    try:
        tracking = Tracking(settings, tell=tell)
        run_id, version = _record(tracking, whole, bundle_id, evaluation, settings, at, decision)
        if ruled is not None and rule_id is not None:
            _record(tracking, ruled, rule_id, None, settings, at, replace(decision, promote=True))
    except TrackingError as error:
        if tell is not None:
            tell(phrase("notes.run_not_recorded", reason=error.phrase()))
    return {
        "bundle_id": bundle_id,
        "in_use": read_pointer(settings.bundle_store, CURRENT),
        "decision": decision.as_dict(),
        "version": version,
        "run_id": run_id,
        "meta": whole.meta,
    }


def forget_decision(work: Path) -> None:
    """The registration is done: the next one is decided anew."""
    (work / DECISION_FILE).unlink(missing_ok=True)


def _begun(work: Path, bundle_id: str) -> Decision | None:
    """The decision of a registration of this bundle that was not finished."""
    try:
        begun = read_checked(work / DECISION_FILE)
        return Decision(**begun["decision"]) if begun["bundle_id"] == bundle_id else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _record(
    tracking: Tracking,
    whole: FittedBundle,
    bundle_id: str,
    evaluation: Evaluation | None,
    settings: Settings,
    at: datetime,
    decision: Decision,
) -> tuple[str, int]:
    """Write the run of a bundle and register it; returns the run's id and the version."""
    folder = settings.work / EVALUATION_FOLDER
    run_id = tracking.log_run(
        name=f"{whole.meta['as_of'][:10]} {bundle_id[:12]}",
        at=at,
        params=parameters(settings),
        metrics=evaluation.flat() if evaluation is not None else whole.meta.get("metrics", {}),
        tags={
            "bundle_id": bundle_id,
            "data_hash": whole.meta["data_hash"],
            "feature_fingerprint": whole.meta["feature_fingerprint"],
            "as_of": whole.meta["as_of"],
            "grade": whole.meta["grade"] or "",
            "answers": whole.meta["answers"],
            "decision": decision.code,
        },
        artefacts=[path for name in (REPORT_FILE, REPORT_JSON, METRICS_FILE) if (path := folder / name).is_file()],
        bundle_files=whole.files,
    )
    return run_id, tracking.register(run_id, bundle_id, champion=decision.promote)


def _decision(bundle_id: str, whole: FittedBundle, evaluation: Evaluation | None, settings: Settings) -> Decision:
    store = settings.bundle_store
    ruled = whole.meta["answers"] == "rule"
    if not (store / CURRENT).is_file():
        return decide(evaluation, None, seed=settings.training.seed, by_rule=ruled)
    try:
        if read_pointer(store, CURRENT) == bundle_id:
            return already_in_use()
        champion: Bundle = load_bundle(store, examine=False)
    except BundleError as error:
        if evaluation is not None and evaluation.fails and not ruled:
            return failed(kept=False)
        return unreadable_champion(error)
    return decide(
        evaluation,
        evaluation_of(champion.files),
        seed=settings.training.seed,
        champion_meta=champion.meta,
        by_rule=ruled,
    )
