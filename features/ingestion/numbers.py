"""Numbers as people and programs write them, as SQL: signs, currency marks, groups of digits, decimal marks.

A cell has a reading with a decimal point and one with a decimal comma; mostly one of them is none (`1.234,50`,
`0.500`, `12.50`), or both are equal (`950`, `1 234`). Only where they differ (`1,234`) the column decides.
"""

from __future__ import annotations

from features.connection import literal
from features.ingestion.cells import bare, clean, half_width
from features.ingestion.marks import GROUPS_BY_COMMA, MARK, MEANINGS

_NEVER_FINER = ("amount", "discount", "cost")
"""Sums of money; a price may be in thousandths (fuel)."""
_POWER = r"([eE][-+]?[0-9]+)?"
_PLAIN = rf"[-+]?([0-9]+|[0-9]+\.([0-9]{{0,2}}|[0-9]{{4,}})|(0[0-9]*|[0-9]{{4,}})?\.[0-9]+){_POWER}"
"""Read as it stands: no groups, and a point that cannot part thousands."""
_PLAIN_COMMA = r"[-+]?[0-9]+"
NOT_FINITE = ("nan", "inf", "infinity")
_POINT = (
    rf"[0-9]+(\.[0-9]*)?{_POWER}|\.[0-9]+{_POWER}"
    r"|[1-9][0-9]{0,2}((,[0-9]{3})+|( [0-9]{3})+|('[0-9]{3})+)(\.[0-9]+)?"
    r"|[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}(\.[0-9]+)?"
)
_COMMA = (
    rf"[0-9]+(,[0-9]*)?{_POWER}|,[0-9]+{_POWER}"
    r"|[1-9][0-9]{0,2}((\.[0-9]{3})+|( [0-9]{3})+|('[0-9]{3})+)(,[0-9]+)?"
)
_WHOLE = (
    rf"^(\()? ?([-+])? ?({MARK})? ?([-+])? ?((?:[0-9](?:[0-9.,' ]*[0-9.,])?|[.,][0-9]+)(?:E[-+]?[0-9]+)?)"
    rf" ?({MARK})? ?(-)? ?(\))? ?({MARK})?$"
)
_PARTS = "['open', 'sign', 'mark', 'sign2', 'digits', 'mark2', 'sign3', 'shut', 'mark3']"


def plain(decimal: str | None) -> str:
    """Regular expression of cells that are read as they stand, by the setting for the decimal mark."""
    return _PLAIN_COMMA if decimal == "," else _PLAIN


def number_steps(name: str, decimal: str | None, *, money: bool) -> tuple[tuple[str, str], ...]:
    """SQL of what is worked out once per cell, one level after the other: (name, expression over those before it).

    ``n_`` is the tidied cell, null where it is plain; ``x_`` its parts; ``r_`` its two readings as plain digits and
    the currency mark.

    Parameters
    ----------
    name : str
        Canonical column.
    decimal : {".", ","} or None
        The setting.
    money : bool
        Whether a currency mark may stand beside it.
    """
    s, n, x = f"s_{name}", f"n_{name}", f"x_{name}"
    tidied = (
        f"CASE WHEN {s} IS NULL OR regexp_full_match({s}, {literal(plain(decimal))}) THEN NULL "
        f"ELSE upper({half_width(s)}) END"
    )
    parts = f"CASE WHEN {n} IS NOT NULL THEN regexp_extract({bare(n)}, {literal(_WHOLE)}, {_PARTS}) END"
    digits = f"{x}.digits"
    count = " + ".join(f"({x}.{part} <> '')::INT" for part in ("sign", "sign2", "sign3", "open"))
    marks = " + ".join(f"({x}.{part} <> '')::INT" for part in ("mark", "mark2", "mark3"))
    mark = f"{x}.mark || {x}.mark2 || {x}.mark3"
    known = ", ".join(literal(sign) for sign in ("", *MEANINGS))
    fits = (
        f"{digits} <> '' AND {count} <= 1 AND {marks} <= {int(money)} AND {mark} IN ({known}) "
        f"AND ({x}.open = '') = ({x}.shut = '')"
    )
    minus = f"CASE WHEN {x}.open <> '' OR '-' IN ({x}.sign, {x}.sign2, {x}.sign3) THEN '-' ELSE '' END"
    comma = f"regexp_full_match({digits}, {literal(_COMMA)})"
    if name in _NEVER_FINER:
        listed = ", ".join(literal(sign) for sign in GROUPS_BY_COMMA)
        comma += f" AND NOT ({mark} IN ({listed}) AND regexp_full_match({digits}, '[1-9][0-9]{{0,2}},[0-9]{{3}}'))"
    point = f"regexp_full_match({digits}, {literal(_POINT)})"
    readings = (
        f"CASE WHEN {fits} THEN struct_pack(mark := {mark}, "
        f"point := CASE WHEN {point} THEN {minus} || translate({digits}, ','' ', '') END, "
        f"comma := CASE WHEN {comma} THEN {minus} || translate({digits}, ',.'' ', '.') END) END"
    )
    return ((n, tidied), (x, parts), (f"r_{name}", readings))


def number_text(name: str, setting: str | None, decided: str | None) -> str:
    """SQL of the plain digits of a cell by the setting, else by what the column decided, else where one reading is."""
    s, n, r = f"s_{name}", f"n_{name}", f"r_{name}"
    if setting is not None:
        chosen = f"{r}.point" if setting == "." else f"{r}.comma"
    elif decided is not None:
        chosen = f"coalesce({r}.point, {r}.comma)" if decided == "." else f"coalesce({r}.comma, {r}.point)"
    else:
        both = f"{r}.point <> {r}.comma"
        chosen = f"CASE WHEN coalesce({both}, false) THEN NULL ELSE coalesce({r}.point, {r}.comma) END"
    return f"CASE WHEN {n} IS NULL THEN {s} ELSE {chosen} END"


def number_kind(name: str) -> str:
    """SQL of the kind of a cell (see `readings`), with the currency mark after a bar."""
    s, n, r = f"s_{name}", f"n_{name}", f"r_{name}"
    kind = (
        f"CASE WHEN {r}.point <> {r}.comma THEN CASE WHEN contains({n}, ',') THEN '?,' ELSE '?.' END "
        f"WHEN {r}.comma IS NULL THEN 'point' WHEN {r}.point IS NULL THEN 'comma' ELSE 'whole' END"
    )
    return (
        f"CASE WHEN {s} IS NULL THEN NULL WHEN {n} IS NULL THEN CASE WHEN contains({s}, '.') THEN 'point' "
        f"WHEN length(ltrim({s}, '+-')) <= 3 THEN 'small' ELSE 'large' END "
        f"WHEN {r}.point IS NULL AND {r}.comma IS NULL THEN NULL "
        f"ELSE {kind} || CASE WHEN {r}.mark <> '' THEN '|' || {r}.mark ELSE '' END END"
    )


def is_not_finite(name: str) -> str:
    """SQL condition: the cell says that it is no number, or an infinite one."""
    listed = ", ".join(literal(word) for word in NOT_FINITE)
    return f"lower(ltrim({clean(f's_{name}')}, '+-')) IN ({listed})"
