"""One column from the source's value to ours, as SQL: the value, what can be wrong with it, what deserves a note.

Text is read by a strict pattern before it is cast, because a lenient cast is a silent change (`1_000`, `2020-1-5 x`,
`infinity`). Typed sources are widened, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from configs.errors import SettingsError
from configs.settings import SourceSettings
from features.connection import every, literal
from features.tables import NUMBER_LIMIT, Column

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NUMBER_COMMA = r"[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?"
_TIME = rf"[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}([ T]{_CLOCK})?"
_OFFSET = r":[0-9]{2}(\.[0-9]+)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_NOT_FINITE = "('nan', '+nan', '-nan', 'inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity')"
_EPOCHS = {"epoch_s": (1_000_000, 11), "epoch_ms": (1_000, 14)}
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Times outside are typing errors or placeholders (0001-01-01, 9999-12-31), not events."""


@dataclass(frozen=True)
class Cast:
    """How one canonical column is read.

    `source` is SQL over the raw chunk; `value`, `aware` and the conditions are SQL over ``s_<name>`` and
    ``v_<name>``, the columns that hold the source's value and ours.

    Attributes
    ----------
    value : str
        Our value; for a naive time the local one.
    aware : str
        For times: whether the value is UTC already.
    problems : tuple of (condition, reason code)
        The first that holds refuses the row.
    notes : tuple of (condition, note code)
        Counted, the row is kept.
    """

    column: Column
    source: str
    value: str
    aware: str = "true"
    problems: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The canonical column's name."""
        return self.column.name


def cast(column: Column, raw: str, kind: str, source: SourceSettings, *, required: bool) -> Cast:
    """Read one source column as `column`.

    Parameters
    ----------
    column : Column
        The canonical column.
    raw : str
        SQL of the source's value.
    kind : str
        DuckDB type of `raw`.
    source : SourceSettings
        `values`, `null_values`, `date_format`, `decimal` of the table.
    required : bool
        Whether a missing value refuses the row.
    """
    given = source.values.get(column.name, {})
    if given and kind != "VARCHAR":
        raw, kind = f"({raw})::VARCHAR", "VARCHAR"
    if kind == "VARCHAR":
        raw = _text(raw, column, source, given)
    built = _BUILDERS[column.type](column, raw, kind, source)
    problems = built.problems
    if required:
        code = "null_customer" if column.name == "customer_id" else "missing_value"
        missing = f"s_{column.name} IS NULL"
        problems = ((missing, code), *problems)
    if column.choices:
        choices = ", ".join(literal(choice) for choice in column.choices)
        problems = (*problems, (f"v_{column.name} NOT IN ({choices})", "not_a_choice"))
    if column.type == "number":
        problems = (*problems, (f"abs(v_{column.name}) > {NUMBER_LIMIT}", "out_of_range"))
    return Cast(column, raw, built.value, built.aware, problems, built.notes)


def _text(raw: str, column: Column, source: SourceSettings, given: dict[str, str]) -> str:
    """The cell, or null when it says that nothing is there."""
    empty = "trim" if column.type != "text" or column.name.endswith("_id") else ""
    raw = f"CASE WHEN {empty}({raw}) = '' THEN NULL ELSE {raw} END"
    if source.null_values:
        missing = ", ".join(literal(value) for value in source.null_values)
        raw = f"CASE WHEN {raw} IN ({missing}) THEN NULL ELSE {raw} END"
    if given:
        cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in given.items())
        raw = f"CASE {raw} {cases} ELSE {raw} END"
    return raw


def _as_text(column: Column, raw: str, kind: str, source: SourceSettings) -> Cast:
    s = f"s_{column.name}"
    problems: tuple[tuple[str, str], ...] = ()
    value = s if kind == "VARCHAR" else f"{s}::VARCHAR"
    if kind in ("DOUBLE", "FLOAT"):
        # Exporters turn ids with gaps into floats: 13085.0 is the id 13085. Beyond 2^53 digits are lost already.
        limit = 2**53 if kind == "DOUBLE" else 2**24
        value = (
            f"CASE WHEN NOT isfinite({s}) THEN NULL WHEN {s} = trunc({s}) AND abs({s}) < {limit} "
            f"THEN ({s}::BIGINT)::VARCHAR ELSE {s}::VARCHAR END"
        )
        raw = f"CASE WHEN isnan({raw}) THEN NULL ELSE {raw} END"
        if column.name.endswith("_id"):
            problems = ((f"abs({s}) >= {limit}", "inexact_id"),)
    notes: tuple[tuple[str, str], ...] = ()
    if kind == "VARCHAR" and column.name.endswith("_id"):
        notes = ((f"{s} <> trim({s})", "spaces_in_id"),)
    return Cast(column, raw, value, problems=problems, notes=notes)


def _as_number(column: Column, raw: str, kind: str, source: SourceSettings) -> Cast:
    s, v = f"s_{column.name}", f"v_{column.name}"
    money = column.type == "money"
    goal = "DECIMAL(18,4)" if money else "DOUBLE"
    if column.type == "integer":
        goal = "BIGINT"
    notes: list[tuple[str, str]] = []
    if kind in ("VARCHAR", "FLOAT"):
        plain = f"trim({s}::VARCHAR)"
        point = f"replace({plain}, ',', '.')" if source.decimal == "," else plain
        pattern = _NUMBER_COMMA if source.decimal == "," and kind == "VARCHAR" else _NUMBER
        value = f"CASE WHEN regexp_full_match({plain}, {literal(pattern)}) THEN try_cast({point} AS {goal}) END"
        wrong: tuple[tuple[str, str], ...] = (
            (f"{s} IS NOT NULL AND {v} IS NULL AND lower({plain}) IN {_NOT_FINITE}", "not_finite"),
            (f"{s} IS NOT NULL AND {v} IS NULL AND regexp_full_match({plain}, {literal(pattern)})", "out_of_range"),
            (f"{s} IS NOT NULL AND {v} IS NULL", "not_a_number"),
        )
        if money:
            more = f"regexp_matches({point}, '\\.[0-9]{{4}}[0-9]*[1-9]')"
            notation = f"(contains(lower({plain}), 'e') AND try_cast({point} AS DECIMAL(38,20)) <> {v})"
            notes.append((f"{v} IS NOT NULL AND ({more} OR {notation})", "more_decimals"))
    elif kind in _INTEGERS or kind.startswith(("DECIMAL", "DOUBLE", "BOOLEAN")):
        value = f"try_cast({s} AS {goal})"
        wrong = ((f"{s} IS NOT NULL AND {v} IS NULL", "out_of_range"),)
        if kind == "DOUBLE":
            wrong = ((f"NOT isfinite({s})", "not_finite"), *wrong)
        if money and kind == "DOUBLE":
            notes.append((f"abs({s} - {v}::DOUBLE) > 1e-9 * greatest(1, abs({s}))", "more_decimals"))
        elif money and kind.startswith("DECIMAL"):
            notes.append((f"{s} <> {v}", "more_decimals"))
    else:
        value, wrong = f"NULL::{goal}", ((f"{s} IS NOT NULL", "not_a_number"),)
    if kind in ("DOUBLE", "FLOAT") and column.name != "amount":
        # Outside the amount NaN is how pandas and R write "missing"; an infinite number stays refused.
        raw = f"CASE WHEN isnan({raw}) THEN NULL ELSE {raw} END"
    return Cast(column, raw, value, problems=wrong, notes=tuple(notes))


def _as_time(column: Column, raw: str, kind: str, source: SourceSettings) -> Cast:
    s, v = f"s_{column.name}", f"v_{column.name}"
    code = "not_a_date" if column.type == "date" else "not_a_time"
    aware, notes = "false", []
    if kind == "VARCHAR" or (kind in _INTEGERS and source.date_formats):
        value, aware = _parsed_time(f"trim({s}::VARCHAR)", next(iter(source.date_formats), None))
        if kind == "VARCHAR":
            notes.append((f"{v} IS NOT NULL AND regexp_matches({s}, '\\.[0-9]{{6}}[0-9]*[1-9]')", "finer_time"))
    elif "TIME ZONE" in kind or kind.startswith("TIMESTAMPTZ"):
        moment = f"{s}::TIMESTAMPTZ"
        value, aware = f"CASE WHEN isfinite({moment}) THEN ({moment})::TIMESTAMP END", "true"
    elif kind.startswith("TIMESTAMP") or kind == "DATE":
        value = f"CASE WHEN isfinite({s}) THEN {s}::TIMESTAMP END"
        if kind == "TIMESTAMP_NS":
            notes.append((f"epoch_ns({s}) % 1000 <> 0", "finer_time"))
    else:
        value = "NULL::TIMESTAMP"
    if column.type == "date":
        # A birthday is a day in a calendar: no zone moves it.
        value, aware = f"({value})::DATE", "true"
    problems = (
        (f"{s} IS NOT NULL AND {v} IS NULL", code),
        (f"year({v}) < {FIRST_YEAR} OR year({v}) > {LAST_YEAR}", "out_of_range"),
    )
    return Cast(column, raw, value, aware, problems, tuple(notes))


def _parsed_time(text: str, date_format: str | None) -> tuple[str, str]:
    if date_format in _EPOCHS:
        factor, digits = _EPOCHS[date_format]
        whole = f"regexp_full_match({text}, '-?[0-9]{{1,{digits}}}')"
        return f"CASE WHEN {whole} THEN make_timestamp({text}::BIGINT * {factor}) END", "true"
    if date_format:
        parsed = f"try_strptime({text}, {literal(date_format)})"
        if "%z" in date_format:
            return f"{parsed}::TIMESTAMP", "true"
        if re.search(r"%[A-Za-z]%[A-Za-z]", date_format):
            # Without separators a missing digit moves the others (1997113 is no date), so the length must fit.
            return f"CASE WHEN length({text}) = length(strftime({parsed}, {literal(date_format)})) THEN {parsed} END", (
                "false"
            )
        return parsed, "false"
    aware = f"regexp_matches({text}, {literal(_OFFSET)})"
    value = (
        f"CASE WHEN NOT regexp_full_match({text}, {literal(_TIME)}) THEN NULL "
        f"WHEN {aware} THEN try_cast({text} AS TIMESTAMPTZ)::TIMESTAMP ELSE try_cast({text} AS TIMESTAMP) END"
    )
    return value, aware


def _as_texts(column: Column, raw: str, kind: str, source: SourceSettings) -> Cast:
    s = f"s_{column.name}"
    separator = source.splitters.get(column.name)
    if kind == "VARCHAR[]":
        parts = s
    elif separator:
        parts = f"string_split({s}::VARCHAR, {literal(separator)})"
    else:
        parts = f"[{s}::VARCHAR]"
    kept = f"list_filter(list_transform({parts}, lambda x: trim(x)), lambda x: x IS NOT NULL AND x <> '')"
    return Cast(column, raw, f"CASE WHEN {s} IS NOT NULL AND len({kept}) > 0 THEN {kept} END")


_BUILDERS = {
    "text": _as_text,
    "time": _as_time,
    "date": _as_time,
    "money": _as_number,
    "number": _as_number,
    "integer": _as_number,
    "texts": _as_texts,
}


def check_date_format(connection: Any, table: str, source: SourceSettings) -> None:
    """Refuse a date format that cannot be read, before any row is.

    Raises
    ------
    SettingsError
        The format is not one.
    """
    import duckdb

    for text in source.date_formats:
        if text in _EPOCHS:
            continue
        try:
            if "%" not in text:
                raise duckdb.InvalidInputException("no % directive")
            every(connection, "SELECT try_strptime('x', ?)", [text])
        except duckdb.Error as error:
            raise SettingsError(
                f"data.{table}.date_format {text!r} is not a format ({str(error).splitlines()[0][:120]})",
                "write it like %d/%m/%Y %H:%M, or epoch_s, epoch_ms",
                field=f"data.{table}.date_format",
                value=text,
            ) from None


def list_of(columns: list[str]) -> str:
    """SQL of a list made of several source columns."""
    return "[" + ", ".join(f"{column}::VARCHAR" for column in columns) + "]"
