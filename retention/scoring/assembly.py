"""From predictions to the scores table: one row per customer with everything that people and systems read.

Batch, command line and service call `score` with the same objects, so a customer gets the same answer everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES
from configs.errors import InvariantError
from configs.settings import Settings
from models.contract import KEYS, Contributions
from retention.contacts.segments import assign_segments
from retention.explanation.data_warnings import add_range_warnings, add_silent_drivers, plain_warning, without_data
from retention.explanation.false_alarms import without_false_alarms
from retention.explanation.ground import Ground
from retention.explanation.reason_lists import (
    all_tellings,
    find_support,
    reason_lists,
    rule_reasons,
    supported_drivers,
)
from retention.explanation.reasons import Attribution, Target, choose, driver_lists, rest_of
from retention.explanation.reasons import attribute as attribute_points
from retention.explanation.summary import summaries
from retention.explanation.warnings import Sign, find_signs, not_of_the_lost, warning_lists
from retention.profile.attributes import Floats, attribute, code_of, looked_up, number
from retention.profile.baseline import Baseline
from retention.profile.dimension_values import comparison_band, measure_all
from retention.profile.lifecycle import OrderDays, order_days, stages, transitions
from retention.profile.membership import member_levels, member_transitions
from retention.profile.reference_values import (
    comparison_types,
    headroom_groups,
    level_share,
    spend_per_day,
)
from retention.profile.rfm import quintiles
from retention.profile.sign_records import is_warning
from retention.profile.tiers import classify
from retention.schema import column_order
from retention.scoring.inputs import History, Predicted, Rules
from retention.scoring.next_order import conditional, next_order_dates
from retention.scoring.promises import PREFIX, SHOWN, check_scores
from retention.strategies.choice import select_strategies, with_profile
from retention.wording import evidence_reason

MAX_MONEY_REASONS = 3
"""Reasons shown for spend and for lifetime value; all families stand in the drivers columns."""


def score(predicted: Predicted, history: History, rules: Rules, *, scored_at: datetime | None) -> pd.DataFrame:
    """Build the scores table.

    Parameters
    ----------
    predicted : Predicted
        Features and what the models say.
    history : History
        What the tables say of the same customers.
    rules : Rules
        What they are held against.
    scored_at : datetime or None
        When the run was started (UTC, from the caller's clock).

    Returns
    -------
    DataFrame
        One row per row of the frame, in its order, with a fresh index; columns as in `retention.schema.COLUMNS`.

    Raises
    ------
    InvariantError
        A probability outside 0–1, an interval the wrong way round, or reasons that do not add up.
    """
    if not predicted.frame.index.equals(predicted.predictions.index):
        raise InvariantError("predictions_of_other_rows")
    frame = predicted.frame.reset_index(drop=True)
    predictions = predicted.predictions.reset_index(drop=True)
    baseline, settings, profile, lines = rules.baseline, rules.settings, history.profile, history.lines
    as_of = pd.Timestamp(frame["as_of"].max()) if len(frame) else pd.Timestamp(baseline.as_of)
    days = order_days(history.events, as_of, frame["customer_id"], history.open_days)
    measured = measure_all(
        frame,
        predictions,
        baseline.reference,
        profile=profile,
        lines=lines,
        membership=level_share(frame, baseline.membership),
        measures={code: rule.measure for code, rule in settings.retention.tiers.items() if rule.measure},
    )
    dimensions = classify(measured, baseline)
    types = comparison_types(measured)
    moves = transitions(days, as_of, settings.retention.lifecycle, baseline.typical_gap_days)
    signs = _signs(_with_breadth(frame, lines), days, moves, history.false_alarms)
    scores = pd.concat(
        [
            frame[KEYS],
            _numbers(frame, predictions, settings),
            dimensions,
            quintiles(frame, baseline.quintiles),
            _stage(frame, predictions, dimensions, moves, _warned(signs, baseline)),
            _membership(frame, days, as_of, baseline, profile),
        ],
        axis=1,
    )
    scores["next_order_conditional"] = _lists(
        conditional(predictions, scores["stage"].to_numpy(dtype=object), settings.targets)
    )
    scores["headroom"] = headroom(frame, dimensions, types, baseline, settings.targets.horizon_days)
    if lines is not None and "categories" in lines.columns:
        keys, levels = lines["customer_id"].to_numpy(dtype=object), lines["categories"].to_numpy(dtype=object)
        levels = looked_up(frame["customer_id"], keys, levels, None)
        scores["categories"] = _lists([one if isinstance(one, list) else [] for one in levels.tolist()])
    lists = _reasons(frame, predictions, predicted.contributions, rules, days)
    for name, values in lists.items():
        scores[name] = _lists(values) if isinstance(values, list) else values
    signs = not_of_the_lost(signs, (scores["stage"] == "lost").to_numpy())
    told = warning_lists(signs, len(frame), settings.data.currency, records=baseline.signs)
    scores["warnings"] = _lists(_with_notices(told, predictions, lists["warnings"]))
    scores["changes"] = _lists([[] for _ in range(len(scores))])  # `retention.scoring.changes` fills them
    scores = _with_choices(scores, frame, predicted.own_effects, history, rules)
    for name, sentences in summaries(scores, frame, settings.data.currency).items():
        scores[name] = sentences
    scores["model_version"] = rules.version
    scores["feature_fingerprint"] = rules.feature_set.fingerprint
    scores["scored_at"] = pd.Series(pd.NaT if scored_at is None else pd.Timestamp(scored_at), index=scores.index)
    scores = scores[column_order(list(scores.columns))]
    check_scores(scores)
    return scores


def _with_choices(
    scores: pd.DataFrame, frame: pd.DataFrame, own_effects: pd.DataFrame | None, history: History, rules: Rules
) -> pd.DataFrame:
    """The scores with segment and strategies, and with the features that their conditions ask for.

    Those features stay in the table, so that a work list or an audience made from the file decides alike.
    """
    segments, catalogue = rules.segments, rules.catalogue
    asked = with_profile(_with_features(scores, frame), history.profile)
    scores["segment"] = assign_segments(asked, segments).to_numpy()
    for lang in LANGUAGES:
        names = {segment.code: segment.name.of(lang) for segment in segments.segments}
        scores[f"segment_{lang}"] = [names.get(code) for code in scores["segment"].tolist()]
    wanted = catalogue.fields | segments.fields
    scores = pd.concat([scores, frame[[name for name in frame if name in wanted and name not in scores]]], axis=1)
    if own_effects is not None:
        scores = pd.concat([scores, own_effects.reset_index(drop=True)], axis=1)
    chosen = select_strategies(
        _with_features(scores, frame),
        catalogue,
        rules.settings,
        profile=history.profile,
        recent_contacts=history.recent_contacts,
        measured=rules.measured_effects,
    )
    scores["strategies"] = chosen.tolist()
    return scores


def _lists(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype=object)


def _with_features(scores: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    further = [name for name in frame.columns if name not in scores.columns]
    return pd.concat([scores, frame[further]], axis=1)


def _with_breadth(frame: pd.DataFrame, lines: pd.DataFrame | None) -> pd.DataFrame:
    if lines is None:
        return frame
    keys = lines["customer_id"].to_numpy(dtype=object)
    names = ("categories_90d", "categories_prior_90d")
    return frame.assign(**{name: looked_up(frame["customer_id"], keys, number(lines, name), np.nan) for name in names})


def _numbers(frame: pd.DataFrame, predictions: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    targets = settings.targets
    found: dict[str, Any] = {"horizon_days": np.full(len(frame), targets.horizon_days, dtype=np.int64)}
    for name in ("churn_probability", "expected_orders", "expected_spend"):
        found[name] = number(predictions, name)
    found |= next_order_dates(frame, predictions, settings.data.timezone)
    found["lifetime_days"] = np.full(len(frame), targets.lifetime_days, dtype=np.int64)
    for name in ("lifetime_value", "lifetime_value_low", "lifetime_value_high"):
        found[name] = number(predictions, name)
    for name in predictions.columns:
        if name not in found and name.startswith(("churn_probability_", "orders_", "spend_")):
            further = name if name.startswith("churn") else f"expected_{name}"
            found[further] = number(predictions, name)
    for name in ("evidence", "evidence_reason"):
        if name in predictions.columns:
            found[name] = predictions[name].to_numpy(dtype=object)
    return pd.DataFrame(found)


def _warned(signs: list[Sign], baseline: Baseline) -> NDArray[np.bool_]:
    """Who shows a sign that is a warning in this company, shape (n,)."""
    return np.asarray(np.any([sign.on for sign in signs if is_warning(sign.code, baseline.signs)], axis=0))


def _stage(
    frame: pd.DataFrame,
    predictions: pd.DataFrame,
    dimensions: pd.DataFrame,
    moves: pd.DataFrame,
    warned: NDArray[np.bool_],
) -> pd.DataFrame:
    high = number(dimensions, "churn_risk_high_from")
    known = dimensions["churn_risk_evidence"].to_numpy(dtype=object) != "none"
    stage = stages(
        frame,
        moves,
        churn_probability=np.where(known, number(predictions, "churn_probability"), np.nan),
        high_from=np.where(np.isfinite(high), high, np.inf),
        warned=warned,
    )
    return stage.drop(columns="usual_gap_days")


def _membership(
    frame: pd.DataFrame, days: OrderDays, as_of: pd.Timestamp, baseline: Baseline, profile: pd.DataFrame | None
) -> pd.DataFrame:
    given = code_of("member_level", attribute(frame, profile, "member_level"))
    moves = member_transitions(days, as_of, baseline.membership)
    return member_levels(frame["customer_id"], moves, baseline.membership, given)


def headroom(
    frame: pd.DataFrame, dimensions: pd.DataFrame, types: NDArray[np.object_], baseline: Baseline, horizon_days: int
) -> Floats:
    """What similar customers spend in the horizon minus what this one spends, never below zero; shape (n,).

    Similar are customers of the same type, tenure band and purchase-frequency tier (wider groups where there are fewer
    than 50). What they spend is the 75th percentile of their net spend per day over the last 365 days; what this one
    spends is the same measure. Both are multiplied by the horizon. NaN where there are no amounts or no orders.
    """
    bands = comparison_band(frame, baseline.reference.new_customer_days)
    frequency = dimensions["purchase_frequency_tier"].to_numpy(dtype=object)
    pace = spend_per_day(frame)
    usual = np.full(len(frame), np.nan)
    for names in headroom_groups(types, bands, frequency):
        known = np.array([baseline.headroom.get(str(name), np.nan) for name in names.tolist()], dtype=np.float64)
        usual = np.where(np.isnan(usual), known, usual)
    found = np.maximum(0.0, usual - pace) * horizon_days
    return np.where(number(frame, "orders_ever") > 0, found, np.nan)


def _reasons(
    frame: pd.DataFrame,
    predictions: pd.DataFrame,
    contributions: Mapping[str, Contributions],
    rules: Rules,
    days: OrderDays,
) -> dict[str, list[Any] | Floats]:
    n = len(frame)
    baseline, feature_set, settings = rules.baseline, rules.feature_set, rules.settings
    currency = settings.data.currency
    peers = baseline.peers
    groups = peers.groups_of(frame, baseline.reference.new_customer_days)
    ground = Ground(frame, baseline, groups, days)
    tellings = all_tellings(ground, feature_set, float(settings.targets.horizon_days))
    ids = frame["customer_id"].tolist()
    ruled = np.zeros(n, dtype=bool)
    if "evidence" in predictions:
        ruled = predictions["evidence"].to_numpy(dtype=object) == "none"
    found: dict[str, list[Any] | Floats] = {}
    notices: list[list[dict[str, Any]]] = [[] for _ in range(n)]
    for target, column in SHOWN.items():
        prefix = PREFIX[target]
        base_name = "churn_base" if target == "churn" else f"{prefix}base"
        shown = number(predictions, column)
        parts: Attribution | None = None
        if target in contributions and np.isfinite(shown).any():
            columns = [str(name) for name in contributions[target].values.columns]
            # a written rule answers for itself: no customer is typical of it
            reference = np.where(ruled[:, None], 0.0, peers.reference(target, groups, columns))
            parts = attribute_points(
                contributions[target], feature_set, target=target, shown=shown, ids=ids, reference=reference
            )
        if parts is None:
            found[f"{prefix}reasons"] = [[] for _ in range(n)]
            found[f"{prefix}drivers"] = [[] for _ in range(n)]
            found[base_name] = np.full(n, np.nan)
            if target == "churn":
                found["churn_rest"], found["comparison_group"] = np.full(n, np.nan), list(groups)
        else:
            answered = np.isfinite(shown)
            unstable = baseline.unstable if target == "churn" else frozenset()
            support = find_support(parts, tellings)
            supported = supported_drivers(parts, support) & ~ruled[:, None]
            lacking = without_data(parts, frame)
            choice = choose(parts, supported, limit=_limit(target, settings), unstable=unstable, unknown=lacking)
            found[f"{prefix}reasons"] = reason_lists(parts, choice, support, ground, feature_set, currency)
            found[f"{prefix}drivers"] = driver_lists(parts, answered)
            found[base_name] = np.where(answered, parts.base, np.nan)
            if target == "churn":
                found["churn_rest"] = np.where(answered, rest_of(parts, choice), np.nan)
                found["comparison_group"] = list(groups)
                add_silent_drivers(notices, parts, frame, currency)
        if target == "churn":
            reasons = found["reasons"]
            empty = np.array([len(one) == 0 for one in reasons], dtype=bool)
            rows = np.flatnonzero(empty & (ruled | ~np.isfinite(shown) | (parts is None)))
            assert isinstance(reasons, list)  # the column of lists made above
            for row, one in zip(rows.tolist(), rule_reasons(ground, rows), strict=True):
                reasons[row] = one
    add_range_warnings(notices, frame, feature_set, baseline, currency)
    found["warnings"] = notices
    return found


def _limit(target: Target, settings: Settings) -> int:
    most = settings.retention.max_reasons
    return most if target == "churn" else min(most, MAX_MONEY_REASONS)


def _signs(frame: pd.DataFrame, days: OrderDays, moves: pd.DataFrame, false_alarms: pd.DataFrame | None) -> list[Sign]:
    """Early signs of every row by the rhythm of the life cycle, without what staff called a false alarm."""
    latest = moves.drop_duplicates("customer_id", keep="last")
    keys = latest["customer_id"].to_numpy(dtype=object)
    usual = looked_up(frame["customer_id"], keys, number(latest, "usual_gap_days"), np.nan)
    return without_false_alarms(find_signs(frame, days, usual_gap=usual), frame, false_alarms)


def _with_notices(
    found: list[list[dict[str, Any]]], predictions: pd.DataFrame, notices: list[Any] | Floats
) -> list[list[dict[str, Any]]]:
    """The signs, and after them what is to be known of the evidence and the data."""
    reasons = predictions["evidence_reason"].tolist() if "evidence_reason" in predictions else [""] * len(found)
    grades = predictions["evidence"].tolist() if "evidence" in predictions else ["strong"] * len(found)
    told = {code: {lang: evidence_reason(code, lang) for lang in LANGUAGES} for code in set(reasons) if code}
    for row, (code, grade) in enumerate(zip(reasons, grades, strict=True)):
        if code and grade != "strong":
            found[row].append(plain_warning(f"{grade}_evidence", code, told[code]))
    assert isinstance(notices, list)  # a column of lists
    for row, more in enumerate(notices):
        found[row].extend(more)
    return found
