"""From tables to the files of a bundle: the same data and settings give the same bytes.

`fit_bundle` makes the training set as of a moment, fits the models, scores that moment's customers and learns the
retention baseline from them. `finish` adds the evaluation and the model card. Between the two the candidate can be
kept in a folder, so that fitting and evaluating may run as separate stages.

Beside the models a candidate holds the written rules alone, under `RULE_FOLDER`: `by_rule` makes a bundle of them,
which is put into use where the models fail their test.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from configs.catalogue import phrase
from configs.errors import BundleError, NotEnoughDataError
from configs.files import json_bytes, read_checked, write_bytes_atomic, write_checked
from configs.progress import SILENT, Progress
from configs.settings import Settings
from evaluation.backtest import RULE, Evaluation
from evaluation.datasets import TrainingSet, training_set
from evaluation.evaluation_files import EVALUATION_FILE, LOSSES_FILE
from evaluation.frames import parquet_bytes, read_frame
from evaluation.rhythm import find_rhythm
from evaluation.sign_standing import learn_standing
from features.definitions import definitions_fingerprint
from features.engine import Tables, compute_features, order_events, reference_prices
from features.extracts import score_scale, table_frame
from features.meaning import meaning_of
from models.bundle.declarations import FEATURES_FILE
from models.suite import ModelSuite
from reporting.model_card import card_content, card_files
from retention.experiments.measurement import effect_files
from retention.profile.baseline import Baseline
from retention.profile.categories import line_reference
from retention.profile.peers import Contribute
from retention.profile.reference_values import fit_baseline
from retention.scoring.scorer import BASELINE_FILE, PARAMETERS_FILE, PRICES_FILE
from retention.strategies.catalogue import load_catalogue

EVALUATION_FOLDER = "evaluation"
META_FILE = "meta.json"
RULE_FOLDER = "rule"
SUITE_FOLDERS = ("rules", "churn", "potential", "lifetime", "golden")

MakeSuite = Callable[[], ModelSuite]


@dataclass(frozen=True)
class FittedBundle:
    """A fitted candidate.

    Attributes
    ----------
    files : dict of str to bytes
        Files of the bundle by relative path, without evaluation and card.
    meta : dict
        JSON values for the manifest: as_of, horizons, data facts, data hash, fingerprint.
    made_of : str, optional
        What data, settings and moment it was fitted on, as the stages name it; kept with a candidate only.
    """

    files: dict[str, bytes]
    meta: dict[str, Any]
    made_of: str | None = None


def fit_bundle(
    tables: Tables,
    as_of: datetime,
    settings: Settings,
    *,
    data: TrainingSet | None = None,
    progress: Progress | None = None,
    make_suite: MakeSuite = ModelSuite,
) -> FittedBundle:
    """Fit everything that scoring needs, knowing nothing at or after `as_of`.

    Parameters
    ----------
    tables : Tables
        Canonical tables.
    as_of : datetime
        End of what may be known, UTC without zone.
    settings : Settings
        Targets, training, retention.
    data : TrainingSet, optional
        Made before for the same `as_of`; computed here if not given.
    progress : Progress, optional
        Told about the steps.
    make_suite : callable
        Gives an unfitted suite.
    """
    progress = progress or SILENT
    data = data or training_set(tables, as_of, settings, progress)
    if data.context.known_until != as_of:
        raise BundleError(
            "training_set_of_other_moment", made=f"{data.context.known_until:%Y-%m-%d}", date=f"{as_of:%Y-%m-%d}"
        )
    suite = make_suite().fit(data.frame, data.labels, data.context, progress=progress)
    with progress.step(phrase("steps.score_todays_customers")):
        frame = compute_features(tables, [as_of], data.feature_set)
        frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) >= 1].reset_index(drop=True)
        if frame.empty:
            raise NotEnoughDataError("no_customer_ordered", code="no_orders")
        predictions = suite.predict(frame)
    with progress.step(phrase("steps.learn_what_is_usual")):
        profile, lines = table_frame(tables, "customers", "customer_id"), line_reference(tables, as_of)
        scale = score_scale(tables)
        orders = order_events(tables, until=as_of)
        signs = learn_standing(tables, orders, as_of, settings)

        def usual(said: pd.DataFrame, contribute: Contribute | None) -> bytes:
            learned = fit_baseline(
                frame,
                said,
                data.feature_set,
                settings,
                profile=profile,
                lines=lines,
                contribute=contribute,
                scale=scale,
            )
            return replace(learned, signs=signs).to_json().encode()

        baseline = usual(predictions, None if suite.refusal_ else suite.contributions)
        files = dict(suite.to_files())
        if not suite.refusal_:
            ruled = suite.by_rule("failed_test")
            kept = ruled.to_files() | {BASELINE_FILE: usual(ruled.predict(frame), None)}
            files |= {f"{RULE_FOLDER}/{name}": content for name, content in kept.items()}
    if tables.has("treatments"):
        with progress.step(phrase("steps.measure_strategies")):
            files |= effect_files(tables, load_catalogue(settings), settings, as_of, suite.encoder_)
    files[FEATURES_FILE] = data.feature_set.to_json().encode()
    files[BASELINE_FILE] = baseline
    files[PRICES_FILE] = json_bytes(reference_prices(tables, as_of).to_pylist())
    files[PARAMETERS_FILE] = json_bytes(parameters(settings))
    meta = {
        "as_of": as_of.isoformat(),
        "log_start": data.context.log_start.isoformat(),
        "horizon_days": settings.targets.horizon_days,
        "lifetime_days": settings.targets.lifetime_days,
        "horizons": list(settings.targets.all_horizons),
        "has_amounts": bool(predictions["expected_spend"].notna().any()),
        "currency": settings.data.currency,
        "read_with": meaning_of(settings.data),
        "customers": len(frame),
        "training": data.facts(settings.data.timezone),
        "rhythm": find_rhythm(orders[orders["is_order"]], as_of, settings.targets.horizon_days).as_dict(),
        "data_hash": data.data_hash,
        "feature_fingerprint": data.feature_set.fingerprint,
        "feature_definitions": definitions_fingerprint(tuple(data.feature_set.names)),
        "answers": "rule" if suite.refusal_ else "model",
    }
    return FittedBundle(files, meta)


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide what is learned, as JSON values; nothing about places, so no path or secret."""
    return {
        "targets": settings.targets.model_dump(mode="json"),
        "training": settings.training.model_dump(mode="json", exclude={"threads"}),
        "retention": settings.retention.model_dump(mode="json", exclude={"strategies", "segments"}),
        "profile": settings.profile.model_dump(mode="json"),
    }


def finish(fitted: FittedBundle, evaluation: Evaluation | None, settings: Settings) -> FittedBundle:
    """The candidate with its evaluation and model card: ready for `models.bundle.folder.save_bundle`."""
    files = {name: content for name, content in fitted.files.items() if not name.startswith(f"{RULE_FOLDER}/")}
    meta = dict(fitted.meta)
    content = card_content(settings, meta, evaluation)
    files |= card_files(content, settings.language)
    meta["grade"] = None
    if evaluation is not None:
        files[BASELINE_FILE] = _with_stability(files[BASELINE_FILE], evaluation)
        files[f"{EVALUATION_FOLDER}/{EVALUATION_FILE}"] = json_bytes(evaluation.content)
        files[f"{EVALUATION_FOLDER}/{LOSSES_FILE}"] = parquet_bytes(evaluation.losses)
        meta["grade"] = evaluation.letter
        meta["metrics"] = _rounded(evaluation.flat())
    return FittedBundle(files, meta, fitted.made_of)


def by_rule(fitted: FittedBundle, evaluation: Evaluation, settings: Settings) -> FittedBundle | None:
    """A bundle in which the written rules answer in place of the candidate's models, and say that these failed.

    None where the rules answer in the candidate already. The grade is that of the models that were tested, the figures
    are those of the rules in the same test.
    """
    prefix = f"{RULE_FOLDER}/"
    if not any(name.startswith(prefix) for name in fitted.files):
        return None
    rule_files = {
        name.removeprefix(prefix): content for name, content in fitted.files.items() if name.startswith(prefix)
    }
    suite = ModelSuite.from_files(rule_files)
    apart = evaluation.content["grade"]["reason"] == "not_told_apart"
    rule_files |= suite.by_rule("not_told_apart" if apart else "failed_test").to_files()
    parts = tuple(f"{name}/" for name in (*SUITE_FOLDERS, RULE_FOLDER))
    shared = {name: content for name, content in fitted.files.items() if not name.startswith(parts)}
    meta = fitted.meta | {"answers": "rule"}
    files = shared | rule_files | card_files(card_content(settings, meta, evaluation), settings.language)
    meta |= {"grade": evaluation.letter, "metrics": _rounded(evaluation.flat(RULE))}
    return FittedBundle(files, meta)


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in sorted(figures.items())}


def _with_stability(baseline: bytes, evaluation: Evaluation) -> bytes:
    """The baseline with what the test of the same procedure found of the drivers' stability."""
    tested = evaluation.content.get("reasons") or {"by_driver": {}}
    extended = replace(Baseline.from_json(baseline.decode()), driver_stability=tested["by_driver"])
    return extended.to_json().encode()


def evaluation_of(files: Mapping[str, bytes]) -> Evaluation | None:
    """The evaluation inside a bundle's files, if it was tested."""
    content = files.get(f"{EVALUATION_FOLDER}/{EVALUATION_FILE}")
    losses = files.get(f"{EVALUATION_FOLDER}/{LOSSES_FILE}")
    if content is None or losses is None:
        return None
    return Evaluation(json.loads(content), read_frame(losses))


def save_candidate(fitted: FittedBundle, folder: Path) -> list[Path]:
    """Write a candidate to a folder of its own, replacing what was there; returns the files, meta last."""
    (folder / META_FILE).unlink(missing_ok=True)
    paths = [folder / name for name in sorted(fitted.files)]
    kept = {*paths, folder / META_FILE}
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        if path.is_file() and path not in kept:
            path.unlink()
    for name, path in zip(sorted(fitted.files), paths, strict=True):
        write_bytes_atomic(path, fitted.files[name])
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in fitted.files.items()}
    write_checked(folder / META_FILE, {"files": hashes, "meta": fitted.meta, "made_of": fitted.made_of})
    return [*paths, folder / META_FILE]


def load_candidate(folder: Path) -> FittedBundle:
    """Read what `save_candidate` wrote.

    Raises
    ------
    BundleError
        No candidate there, or not all of it.
    """
    try:
        meta = read_checked(folder / META_FILE)
        files = {name: (folder / name).read_bytes() for name in meta["files"]}
        if any(hashlib.sha256(content).hexdigest() != meta["files"][name] for name, content in files.items()):
            raise ValueError("a file was changed")
        return FittedBundle(files, meta["meta"], meta["made_of"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError("candidate_not_whole", folder=folder, reason=type(error).__name__) from None
