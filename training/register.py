"""From a candidate to a bundle in the store, a recorded run, a registered version, and the gate's decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from configs.errors import BundleError
from configs.settings import Settings
from models.bundle import CURRENT, Bundle, load_bundle, promote, read_pointer, save_bundle
from training.evaluate import EVALUATION_FILE, Evaluation, load_evaluation
from training.fit import FittedBundle, by_rule, evaluation_of, finish, load_candidate, parameters
from training.gate import Decision, already_in_use, decide, failed, unreadable_champion
from training.report import METRICS_FILE, REPORT_FILE, REPORT_JSON
from training.tracking import Tracking

CANDIDATE_FOLDER, EVALUATION_FOLDER = "candidate", "evaluation"


def register(settings: Settings, at: datetime) -> dict[str, Any]:
    """Store the candidate of the work folder, let the gate decide, record the run, and promote it if it may be.

    The bundle in use changes last but one: if the run log cannot be written, what is served stays as it is.

    Parameters
    ----------
    settings : Settings
        The work folder holds `candidate/` and, where the log is long enough for a test, `evaluation/`.
    at : datetime
        When, with its zone, from the caller's clock.

    Returns
    -------
    dict
        JSON values: bundle_id, in_use (the bundle that answers from now on), decision (`Decision.as_dict`), version (in
        the registry), run_id, meta (of the candidate).

    Raises
    ------
    BundleError
        No whole candidate in the work folder.
    TrackingError
        The run log cannot be used.
    """
    candidate = load_candidate(settings.work / CANDIDATE_FOLDER)
    folder = settings.work / EVALUATION_FOLDER
    evaluation = load_evaluation(folder) if (folder / EVALUATION_FILE).is_file() else None
    whole = finish(candidate, evaluation, settings)
    bundle_id = save_bundle(settings.bundle_store, whole.files, whole.meta)
    decision = _decision(bundle_id, whole, evaluation, settings)
    tracking = Tracking(settings)
    version, run_id = _record(tracking, whole, bundle_id, evaluation, settings, at, decision)
    if decision.rule and evaluation is not None:
        ruled = by_rule(candidate, evaluation, settings)
        assert ruled is not None  # only a candidate with models of its own can fail
        rule_id = save_bundle(settings.bundle_store, ruled.files, ruled.meta)
        _record(tracking, ruled, rule_id, None, settings, at, replace(decision, promote=True))
    return {
        "bundle_id": bundle_id,
        "in_use": read_pointer(settings.bundle_store, CURRENT),
        "decision": decision.as_dict(),
        "version": version,
        "run_id": run_id,
        "meta": whole.meta,
    }


def _record(
    tracking: Tracking,
    whole: FittedBundle,
    bundle_id: str,
    evaluation: Evaluation | None,
    settings: Settings,
    at: datetime,
    decision: Decision,
) -> tuple[int, str]:
    """Write the run of a bundle, promote it if it may be, and register it; returns its version and the run's id."""
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
    if decision.promote:
        promote(settings.bundle_store, bundle_id)
    return tracking.register(run_id, bundle_id, champion=decision.promote), run_id


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
