"""What changed since an earlier run: who moved between tiers, and where a difference of two scores comes from.

The difference of a score is split by five predictions, each differing from the one before in one thing only, in this
order::

    p1  old model, data as known then,            at the old moment     the score shown then
    p2  old model, data as known now (corrected), at the old moment     p2 - p1  = corrected data
    p3  old model, no events after the old moment, at the new moment    p3 - p2  = time passing
    p4  old model, all events,                     at the new moment    p4 - p3  = new behaviour
    p5  new model, all events,                     at the new moment    p5 - p4  = another model

The parts telescope, so they add up to ``p5 - p1`` exactly; the order is fixed and stated because another order would
share interactions differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import InvariantError
from retention.attributes import Floats
from retention.dimensions import DIMENSIONS, LEVEL_DIMENSIONS
from retention.wording import LANGUAGES, MAX_LENGTH, Lang, driver_name, format_value, text, texts

MOVING = (*LEVEL_DIMENSIONS, "buying_behaviour", "tenure", "product_line", "product_role")
STATES = ("stage", "member_level", "segment")
PARTS = ("data", "time", "behaviour", "model")
SMALLEST_DIFFERENCE = 0.01
"""Differences of a churn probability below one point are not told."""


def split_difference(
    old: pd.Series,
    corrected: pd.Series,
    no_new_events: pd.Series,
    all_events: pd.Series,
    new: pd.Series,
) -> pd.DataFrame:
    """Split the difference of two scores into corrected data, time passing, behaviour and model.

    Parameters
    ----------
    old : Series
        p1, index customer_id: old model, data as known then, old moment.
    corrected : Series
        p2: old model, data as known now, old moment.
    no_new_events : Series
        p3: old model, only events before the old moment, new moment.
    all_events : Series
        p4: old model, all events, new moment.
    new : Series
        p5: new model, all events, new moment.

    Returns
    -------
    DataFrame
        Index customer_id (customers that all five know); columns before, after, data, time, behaviour, model,
        difference, with the four parts adding up to the difference.

    Raises
    ------
    InvariantError
        The parts do not add up.
    """
    shared = old.dropna().index
    for other in (corrected, no_new_events, all_events, new):
        shared = shared.intersection(other.dropna().index)
    p1, p2, p3, p4, p5 = (one.loc[shared].astype(float) for one in (old, corrected, no_new_events, all_events, new))
    found = pd.DataFrame(
        {
            "before": p1,
            "after": p5,
            "data": p2 - p1,
            "time": p3 - p2,
            "behaviour": p4 - p3,
            "model": p5 - p4,
            "difference": p5 - p1,
        }
    )
    gap = (found[list(PARTS)].sum(axis=1) - found["difference"]).abs()
    limit = 1e-9 * np.maximum(1.0, found[["before", "after"]].abs().max(axis=1))
    if bool((gap > limit).any()):
        worst = str(gap.idxmax())
        raise InvariantError(
            f"the parts of the change of customer {worst} do not add up to the difference",
            "report it with the two score files",
            customer_id=worst,
        )
    return found


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side.

    Attributes
    ----------
    tier_moves : DataFrame
        One row per dimension or state × before × after: dimension, before, after, customers. Those who stayed are in.
    movers : DataFrame
        One row per customer and move: customer_id, dimension, before, after, value_before, value_after, why_en,
        why_zh.
    appeared, left : list of str
        Customers only in the later run, and only in the earlier one.
    """

    tier_moves: pd.DataFrame
    movers: pd.DataFrame
    appeared: list[str]
    left: list[str]

    def matrix(self, dimension: str) -> pd.DataFrame:
        """Customers by tier before (rows) and after (columns)."""
        part = self.tier_moves[self.tier_moves["dimension"] == dimension]
        return part.pivot_table(index="before", columns="after", values="customers", fill_value=0, aggfunc="sum")


def compare(previous: pd.DataFrame, current: pd.DataFrame, *, currency: str | None = None) -> Comparison:
    """Tier and state moves between two runs, with the reason for each.

    The reason of a move of churn risk is the driver whose points changed most; of another dimension it is its number
    before and after; of stage and level the rule that led to it stands in the scores (`stage_because`).

    Parameters
    ----------
    previous, current : DataFrame
        Two scores tables; customers are matched by id.
    currency : str, optional
        ISO code shown with money.
    """
    before = previous.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    after = current.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    shared = after.index[after.index.isin(before.index)]
    old, new = before.loc[shared], after.loc[shared]
    counts, moves = [], []
    for name in [*MOVING, *STATES]:
        column = name if name in STATES else f"{name}_tier"
        if column not in old.columns or column not in new.columns:
            continue
        was, now = _known(old[column]), _known(new[column])
        pairs = pd.DataFrame({"before": was, "after": now}).value_counts().sort_index()
        counts.append(pairs.rename("customers").reset_index().assign(dimension=name))
        rows = np.flatnonzero(was != now)
        if not len(rows):
            continue
        numeric = name in DIMENSIONS and DIMENSIONS[name].unit != "code"
        first = _numbers(old, name)[rows] if numeric else np.full(len(rows), np.nan)
        second = _numbers(new, name)[rows] if numeric else np.full(len(rows), np.nan)
        why = {lang: _why(name, old.iloc[rows], new.iloc[rows], first, second, lang, currency) for lang in LANGUAGES}
        moves.append(
            pd.DataFrame(
                {
                    "customer_id": shared[rows],
                    "dimension": name,
                    "before": was[rows],
                    "after": now[rows],
                    "value_before": first,
                    "value_after": second,
                    "why_en": why["en"],
                    "why_zh": why["zh"],
                }
            )
        )
    moved = ["customer_id", "dimension", "before", "after", "value_before", "value_after", "why_en", "why_zh"]
    counted = ["dimension", "before", "after", "customers"]
    return Comparison(
        tier_moves=pd.concat(counts, ignore_index=True)[counted] if counts else pd.DataFrame(columns=counted),
        movers=pd.concat(moves, ignore_index=True)[moved] if moves else pd.DataFrame(columns=moved),
        appeared=sorted(after.index[~after.index.isin(before.index)].astype(str)),
        left=sorted(before.index[~before.index.isin(after.index)].astype(str)),
    )


def _known(column: pd.Series[Any]) -> NDArray[np.object_]:
    return column.astype(object).where(column.notna(), "unknown").to_numpy(dtype=object)


def _numbers(scores: pd.DataFrame, name: str) -> Floats:
    if name not in scores.columns:
        return np.full(len(scores), np.nan)
    return np.asarray(pd.to_numeric(scores[name], errors="coerce"), dtype=np.float64)


def _why(
    name: str, old: pd.DataFrame, new: pd.DataFrame, first: Floats, second: Floats, lang: Lang, currency: str | None
) -> list[str]:
    if name == "churn_risk" and {"drivers"} <= set(old.columns) & set(new.columns):
        found = []
        for was, now in zip(old["drivers"].tolist(), new["drivers"].tolist(), strict=True):
            shift = driver_shift(was, now)
            if not shift:
                found.append("")
                continue
            code, points = max(shift.items(), key=lambda pair: (abs(pair[1]), pair[0]))
            sign = "+" if points > 0 else "-"
            found.append(f"{driver_name(code, lang)} {sign}{format_value(abs(points), 'points', lang)}")
        return found
    if name in DIMENSIONS:
        unit = DIMENSIONS[name].unit
        return [
            f"{format_value(a, unit, lang, currency)} → {format_value(b, unit, lang, currency)}"
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        ]
    return ["" for _ in range(len(old))]


def driver_shift(before: Sequence[dict[str, Any]] | None, after: Sequence[dict[str, Any]] | None) -> dict[str, float]:
    """Change of points per driver between two runs; empty where either has no answer from a model.

    Examples
    --------
    >>> driver_shift([{"driver": "recency", "points": 0.1}], [{"driver": "recency", "points": 0.25}])
    {'recency': 0.15}
    """
    if not before or not after:
        return {}
    old = {entry["driver"]: float(entry["points"]) for entry in before}
    new = {entry["driver"]: float(entry["points"]) for entry in after}
    return {code: new.get(code, 0.0) - old.get(code, 0.0) for code in sorted(old.keys() | new.keys())}


def change_lists(
    previous: pd.DataFrame | None,
    current: pd.DataFrame,
    *,
    split: pd.DataFrame | None = None,
    currency: str | None = None,
) -> list[list[dict[str, Any]]]:
    """The `changes` column: moves of tiers and states, and the difference of the churn probability.

    Each entry has kind (`appeared`, `probability`, `tier`, `state`), field, before, after, difference, text_en,
    text_zh. Without an earlier run all lists are empty.

    Parameters
    ----------
    previous, current : DataFrame
        Two scores tables.
    split : DataFrame, optional
        `split_difference` of the churn probability; its parts are named in the text.
    currency : str, optional
        ISO code shown with money.
    """
    ids = current["customer_id"].tolist()
    found: list[list[dict[str, Any]]] = [[] for _ in ids]
    if previous is None or previous.empty:
        return found
    place = {customer: row for row, customer in enumerate(ids)}
    known = set(previous["customer_id"].tolist())
    for customer, row in place.items():
        if customer not in known:
            told = {lang: text(lang, "changes", "appeared") for lang in LANGUAGES}
            found[row].append(_entry("appeared", "customer_id", None, None, None, told))
    _add_probability(found, place, previous, current, split)
    moves = compare(previous, current, currency=currency).movers
    differences = _numbers(moves, "value_after") - _numbers(moves, "value_before")
    for move, difference in zip(moves.itertuples(index=False), differences.tolist(), strict=True):
        told = {}
        for lang in LANGUAGES:
            line = texts(lang)["changes"]["tier"].format(
                name=_name(str(move.dimension), lang),
                before=text(lang, "tiers", str(move.before)),
                after=text(lang, "tiers", str(move.after)),
            )
            why = str(move.why_zh if lang == "zh" else move.why_en)
            told[lang] = f"{line} ({why})" if why and len(line) + len(why) + 3 <= MAX_LENGTH else line
        found[place[str(move.customer_id)]].append(
            _entry(
                "state" if move.dimension in STATES else "tier",
                str(move.dimension),
                str(move.before),
                str(move.after),
                difference if np.isfinite(difference) else None,
                told,
            )
        )
    return found


def _name(code: str, lang: Lang) -> str:
    entry = texts(lang)["dimensions"].get(code)
    return str(entry["name"]) if entry else str(texts(lang)["explain"].get(code, code))


def _add_probability(
    found: list[list[dict[str, Any]]],
    place: dict[Any, int],
    previous: pd.DataFrame,
    current: pd.DataFrame,
    split: pd.DataFrame | None,
) -> None:
    before = previous.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    old = np.asarray(current["customer_id"].map(before["churn_probability"]), dtype=np.float64)
    new = np.asarray(current["churn_probability"], dtype=np.float64)
    if "horizon_days" in before.columns and "horizon_days" in current.columns:
        # probabilities of different horizons are not compared
        same = current["customer_id"].map(before["horizon_days"]).to_numpy() == current["horizon_days"].to_numpy()
        old = np.where(same, old, np.nan)
    for row in np.flatnonzero(np.abs(new - old) >= SMALLEST_DIFFERENCE).tolist():
        difference = float(new[row] - old[row])
        customer = current["customer_id"].iloc[row]
        told = {}
        for lang in LANGUAGES:
            parts = ""
            if split is not None and customer in split.index:
                parts = text(lang, "format", "list").join(
                    f"{text(lang, 'changes', part)} {_signed_points(float(split.loc[customer, part]), lang)}"
                    for part in PARTS
                    if abs(float(split.loc[customer, part])) >= 0.0005
                )
            line = texts(lang)["changes"]["text"].format(
                name=_name("churn_risk", lang),
                before=format_value(old[row], "probability", lang),
                after=format_value(new[row], "probability", lang),
                difference=_signed_points(difference, lang),
                parts=parts,
            )
            told[lang] = line.rstrip(" ；;")
        found[row].append(
            _entry("probability", "churn_probability", f"{old[row]:.6f}", f"{new[row]:.6f}", difference, told)
        )


def _signed_points(value: float, lang: Lang) -> str:
    return ("+" if value >= 0 else "-") + format_value(abs(value), "points", lang)


def _entry(
    kind: str, field: str, before: str | None, after: str | None, difference: float | None, told: Mapping[Lang, str]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "field": field,
        "before": before,
        "after": after,
        "difference": difference,
        "text_en": told["en"],
        "text_zh": told["zh"],
    }
