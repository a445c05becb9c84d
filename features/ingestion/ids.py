"""Ids and categories as SQL: what surrounds them is taken off, what means nothing is null, what lost digits is told.

Programs that have no missing integers write `13085.0`, spreadsheets `="00123"`, `'00123` and `1.23E+12`. The first
three are the id in other clothes; of the last one the digits are gone, and several customers have become one.
"""

from __future__ import annotations

from features.connection import literal
from features.ingestion.cells import clean, is_nothing, when

SAFE = "[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*"
"""Nothing to take off and no word for nothing."""
WHOLE = r"-?(0|[1-9][0-9]*)\.0"
_FRACTION = r"-?[0-9]+\.[0-9]+"
_SCIENTIFIC = r"[-+]?[0-9]([.,][0-9]+)?[eE]\+[0-9]+"
_FORMULA = '^=?"+([^"]*)"+$'
_APOSTROPHE = "^'([^']+)$"
EXACT = 2**53


def id_steps(name: str, words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """SQL levels of an id: ``k_`` without blanks around it, ``u_`` without wrapping, ``p_`` null for nothing."""
    s, k, u = f"s_{name}", f"k_{name}", f"u_{name}"
    bare = (
        f"CASE WHEN regexp_matches({k}, {literal(_FORMULA)}) "
        f"THEN {clean(f'regexp_extract({k}, {literal(_FORMULA)}, 1)')} "
        f"WHEN regexp_matches({k}, {literal(_APOSTROPHE)}) THEN {clean(f'{k}[2:]')} ELSE {k} END"
    )
    return (
        (k, f"CASE WHEN regexp_full_match({s}, {literal(SAFE)}) THEN {s} ELSE {clean(s)} END"),
        (u, f"CASE WHEN regexp_matches({k}, '^[=\"'']') THEN {bare} ELSE {k} END"),
        (f"p_{name}", f"CASE WHEN {is_nothing(u, words)} THEN NULL ELSE {u} END"),
    )


def id_value(name: str, *, floats: bool) -> str:
    """SQL of the id; `floats` where the column was written as floating-point numbers."""
    p = f"p_{name}"
    return f"CASE WHEN {is_float(name)} THEN left({p}, length({p}) - 2) ELSE {p} END" if floats else p


def is_float(name: str) -> str:
    """SQL condition: a whole number with the fraction of a float."""
    return when(f"ends_with(p_{name}, '.0')", f"regexp_full_match(p_{name}, {literal(WHOLE)})")


def id_kind(name: str) -> str:
    """SQL of the kind of a cell (see `readings`)."""
    p = f"p_{name}"
    return (
        f"CASE WHEN NOT contains({p}, '.') THEN NULL WHEN {is_float(name)} THEN '?whole' "
        f"WHEN regexp_full_match({p}, {literal(_FRACTION)}) THEN 'fraction' END"
    )


def id_problems(name: str, *, floats: bool) -> tuple[tuple[str, str], ...]:
    """Conditions that refuse the row, with their codes."""
    p = f"p_{name}"
    found = [(when(f"contains({p}, '+')", f"regexp_full_match({p}, {literal(_SCIENTIFIC)})"), "scientific_id")]
    if floats:
        found.append((when(is_float(name), f"abs(try_cast({p} AS DECIMAL(38,1))) >= {EXACT}"), "inexact_id"))
    return tuple(found)


def id_notes(name: str, *, floats: bool) -> tuple[tuple[str, str], ...]:
    """Conditions that are counted, with their codes."""
    s, k, u = f"s_{name}", f"k_{name}", f"u_{name}"
    found = [(f"{s} <> {k}", "spaces_in_id"), (f"{k} <> {u}", "wrapped_id")]
    if floats:
        found.append((is_float(name), "float_id"))
    return tuple(found)
