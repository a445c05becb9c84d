"""What changed since an earlier run: who moved between tiers and states, by how much the figures differ, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs import formats
from configs.catalogue import LANGUAGES, Lang
from retention.entries import Change
from retention.profile.attributes import Floats
from retention.profile.dimensions import DIMENSIONS, LEVEL_DIMENSIONS
from retention.scoring.change_split import LATER_MOMENT, NOT_KNOWN_THEN, PARTS, Split
from retention.scoring.move_reasons import member_reasons, segment_reasons, stage_reasons
from retention.wording import MAX_LENGTH, driver_name, format_values, points_text, text, texts

MOVING = (*LEVEL_DIMENSIONS, "buying_behaviour", "tenure", "product_line", "product_role")
STATES = ("stage", "member_level", "segment")
SMALLEST_DIFFERENCE = 0.01
"""Differences of a churn probability below one point are not told."""
SMALLEST_SHARE = 0.05
"""Differences of money below this share of the larger figure are not told."""


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side.

    Attributes
    ----------
    tier_moves : DataFrame
        One row per dimension or state × before × after: dimension, before, after, customers. Those who stayed are in.
    movers : DataFrame
        One row per customer and move: customer_id, dimension, before, after (codes, and in words with _en and _zh),
        value_before, value_after, why_en, why_zh.
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


def compare(
    previous: pd.DataFrame,
    current: pd.DataFrame,
    *,
    currency: str | None = None,
    asked: Collection[str] | None = None,
) -> Comparison:
    """Tier and state moves between two runs, with the reason for each.

    The reason of a move of churn risk is the driver whose points changed most; of another dimension it is its number
    before and after; of a stage or level the event that led to it (`stage_because`); of a segment what differs most of
    that which its conditions ask for.

    Parameters
    ----------
    previous, current : DataFrame
        Two scores tables; customers are matched by id.
    currency : str, optional
        ISO code shown with money.
    asked : collection of str, optional
        Columns that the segments' conditions ask for (`SegmentFile.fields`).
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
        pair = old.iloc[rows], new.iloc[rows]
        if name in STATES:
            why = {lang: _state_reasons(name, *pair, lang, asked) for lang in LANGUAGES}
        else:
            why = {lang: _why(name, *pair, first, second, lang, currency) for lang in LANGUAGES}
        names = {lang: _code_names(name, (old, new), lang) for lang in LANGUAGES}
        moves.append(
            pd.DataFrame(
                {
                    "customer_id": shared[rows],
                    "dimension": name,
                    "before": was[rows],
                    "after": now[rows],
                    **{f"before_{lang}": [names[lang](code) for code in was[rows].tolist()] for lang in LANGUAGES},
                    **{f"after_{lang}": [names[lang](code) for code in now[rows].tolist()] for lang in LANGUAGES},
                    "value_before": first,
                    "value_after": second,
                    "why_en": why["en"],
                    "why_zh": why["zh"],
                }
            )
        )
    moved = ["customer_id", "dimension", "before", "after", "before_en", "after_en", "before_zh", "after_zh"]
    moved += ["value_before", "value_after", "why_en", "why_zh"]
    counted = ["dimension", "before", "after", "customers"]
    return Comparison(
        tier_moves=pd.concat(counts, ignore_index=True)[counted] if counts else pd.DataFrame(columns=counted),
        movers=pd.concat(moves, ignore_index=True)[moved] if moves else pd.DataFrame(columns=moved),
        appeared=sorted(after.index[~after.index.isin(before.index)].astype(str)),
        left=sorted(before.index[~before.index.isin(after.index)].astype(str)),
    )


def _code_names(name: str, scores: Sequence[pd.DataFrame], lang: Lang) -> Callable[[str], str]:
    """What a tier or state is called; segments bring their names with them."""
    own: dict[str, str] = {}
    for table in scores:
        if f"{name}_{lang}" in table.columns:
            own |= dict(zip(table[name].astype(str), table[f"{name}_{lang}"].astype(str), strict=True))
    return lambda code: own.get(code) or text(lang, "tiers", code)


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
            found.append(f"{driver_name(code, lang)} {points_text(points, lang, signed=True)}")
        return found
    unit = DIMENSIONS[name].unit
    was, now = (format_values(values, unit, lang, currency) for values in (first, second))
    return [f"{a} → {b}" for a, b in zip(was, now, strict=True)]


def _state_reasons(
    name: str, old: pd.DataFrame, new: pd.DataFrame, lang: Lang, asked: Collection[str] | None
) -> list[str]:
    if name == "segment":
        return segment_reasons(old, new, lang, name_of=_name, asked=asked)
    return stage_reasons(old, new, lang) if name == "stage" else member_reasons(new, lang)


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


@dataclass(frozen=True)
class Changes:
    """What changed between two runs.

    Attributes
    ----------
    before : DataFrame
        The earlier scores table.
    lists : list
        Per customer of the later run the entries of the `changes` column (`retention.entries.Change`); the figures
        first.
    differences : DataFrame
        `Split.table` with text_en and text_zh, empty where the difference is too small to be told.
    comparison : Comparison
        Moves of tiers and states.
    codes : tuple of str
        What hinders the split of the whole run.
    """

    before: pd.DataFrame
    lists: list[list[dict[str, Any]]]
    differences: pd.DataFrame
    comparison: Comparison
    codes: tuple[str, ...]


def changes_since(
    previous: pd.DataFrame,
    current: pd.DataFrame,
    split: Split,
    *,
    currency: str | None = None,
    asked: Collection[str] | None = None,
) -> Changes:
    """Everything that changed, in numbers and in words.

    Parameters
    ----------
    previous, current : DataFrame
        Two scores tables.
    split : Split
        `retention.scoring.change_split.split_since`, or `differences` where nothing is split.
    currency : str, optional
        ISO code shown with money.
    asked : collection of str, optional
        Columns that the segments' conditions ask for.
    """
    ids = current["customer_id"].tolist()
    found: list[list[dict[str, Any]]] = [[] for _ in ids]
    place = {customer: row for row, customer in enumerate(ids)}
    known = set(previous["customer_id"].tolist())
    for customer, row in place.items():
        if customer not in known:
            told = {lang: text(lang, "changes", "appeared") for lang in LANGUAGES}
            found[row].append(_entry("appeared", "customer_id", None, None, None, told))
    table = split.table.assign(text_en="", text_zh="")
    worth = _worth_telling(table)
    for lang in LANGUAGES:
        table.loc[worth, f"text_{lang}"] = difference_texts(table[worth], lang, currency)
    for one in table[worth].to_dict("records"):
        kind = "probability" if one["field"] == "churn_probability" else "money"
        numbers = f"{one['before']:.6f}", f"{one['after']:.6f}", float(one["difference"])
        words: dict[Lang, str] = {"en": one["text_en"], "zh": one["text_zh"]}
        found[place[one["customer_id"]]].append(_entry(kind, str(one["field"]), *numbers, words))
    comparison = compare(previous, current, currency=currency, asked=asked)
    moves = comparison.movers
    apart = _numbers(moves, "value_after") - _numbers(moves, "value_before")
    for move, difference in zip(moves.itertuples(index=False), apart.tolist(), strict=True):
        kind = "state" if move.dimension in STATES else "tier"
        found[place[str(move.customer_id)]].append(
            _entry(
                kind,
                str(move.dimension),
                str(move.before),
                str(move.after),
                difference if np.isfinite(difference) else None,
                {lang: _move_text(move, lang) for lang in LANGUAGES},
            )
        )
    return Changes(previous, found, table, comparison, split.codes)


def _move_text(move: Any, lang: Lang) -> str:
    line = str(texts(lang)["changes"]["tier"]).format(
        name=_name(str(move.dimension), lang),
        before=getattr(move, f"before_{lang}"),
        after=getattr(move, f"after_{lang}"),
    )
    why = str(move.why_zh if lang == "zh" else move.why_en)
    if not why or len(line) + len(why) + 3 > MAX_LENGTH:
        return line
    return text(lang, "format", "aside").format(line=line, more=why)


def _name(code: str, lang: Lang) -> str:
    entry = texts(lang)["dimensions"].get(code)
    return str(entry["name"]) if entry else str(texts(lang)["explain"].get(code, code))


def _worth_telling(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of `Split.table` that are told: a point of probability, five per cent of money and one unit of it."""
    size = np.abs(_numbers(table, "difference"))
    larger = np.maximum(np.abs(_numbers(table, "before")), np.abs(_numbers(table, "after")))
    risk = (table["field"] == "churn_probability").to_numpy(dtype=bool)
    return np.where(risk, size >= SMALLEST_DIFFERENCE, (size >= SMALLEST_SHARE * larger) & (size >= 1.0))


def difference_texts(table: pd.DataFrame, lang: Lang, currency: str | None = None) -> list[str]:
    """Differences in words, one text per row of `Split.table`.

    The figures are rounded so that before, after and the parts shown add up as they stand: tenths of a point, and whole
    money from 100 up, else hundredths.
    """
    words = texts(lang)["changes"]
    joined = text(lang, "format", "list")
    numbers = table[["before", "after", *PARTS]].to_numpy(dtype=np.float64)
    labels = zip(table["field"].tolist(), table["code"].tolist(), strict=True)
    found = []
    for (field, code), (first, second, *own) in zip(labels, numbers.tolist(), strict=True):
        risk = field == "churn_probability"
        step = 0.001 if risk else 1.0 if max(abs(first), abs(second)) >= 100 else 0.01
        before, after = round(first / step), round(second / step)
        if code in (LATER_MOMENT, NOT_KNOWN_THEN) or not np.isfinite(own).all():
            tail = str(words["codes"][code]) if code else ""
        else:
            shown = rounded_parts([part / step for part in own], after - before)
            told = sorted(((-abs(part), name, part) for name, part in zip(PARTS, shown, strict=True) if part))
            tail = joined.join(f"{words[name]} {_signed(part * step, step, risk, lang)}" for _, name, part in told)
        key = "rose" if after >= before else "fell"
        line = str(words[key]).format(
            name=words["names"][field],
            size=_shown(abs(after - before) * step, step, risk, lang, currency, size=True),
            before=_shown(before * step, step, risk, lang, currency),
            after=_shown(after * step, step, risk, lang, currency),
        )
        found.append(text(lang, "format", "because").format(line=line, parts=tail) if tail else line)
    return found


def rounded_parts(parts: Sequence[float], total: int) -> list[int]:
    """Whole numbers near the parts that add up to a total, by largest remainders; a part of zero stays zero.

    Examples
    --------
    >>> rounded_parts([9.4, 3.4, 0.0], 13)
    [10, 3, 0]
    """
    whole = [math.floor(part) for part in parts]
    movable = [place for place, part in enumerate(parts) if part]
    left = total - sum(whole)
    if not movable:
        return whole
    order = sorted(movable, key=lambda place: (whole[place] - parts[place], place))
    for turn in range(abs(left)):
        place = order[turn % len(order)] if left > 0 else order[-1 - turn % len(order)]
        whole[place] += 1 if left > 0 else -1
    return whole


def _shown(value: float, step: float, risk: bool, lang: Lang, currency: str | None, *, size: bool = False) -> str:
    if risk:
        return points_text(value, lang) if size else formats.percent(value, lang, 1)
    return formats.money(value, lang, currency, _decimals(step))


def _signed(value: float, step: float, risk: bool, lang: Lang) -> str:
    shown, digits = (value * 100.0, 1) if risk else (value, _decimals(step))
    return formats.number(shown, lang, digits, signed=True)


def _decimals(step: float) -> int:
    return 0 if step == 1.0 else 2


def _entry(
    kind: str, field: str, before: str | None, after: str | None, difference: float | None, told: Mapping[Lang, str]
) -> dict[str, Any]:
    change = Change(
        kind=kind,
        field=field,
        before=before,
        after=after,
        difference=difference,
        text_en=told["en"],
        text_zh=told["zh"],
    )
    return vars(change)
