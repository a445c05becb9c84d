"""One column from the source's value to ours, as SQL: the value, what can be wrong with it, what deserves a note.

Text is read by a strict pattern before it is cast, because a lenient cast is a silent change (`1_000`, `2020-1-5 x`,
`infinity`); which patterns there are stands in `numbers`, `times` and `ids`. Typed sources are widened, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from configs.settings import SourceSettings
from features.connection import literal
from features.ingestion import ids, numbers, times
from features.ingestion.cells import clean, half_width, is_nothing, when, words_for_nothing
from features.ingestion.readings import Answers
from features.tables import NUMBER_LIMIT, Column

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Times outside are typing errors or placeholders (0001-01-01, 9999-12-31), not events."""


@dataclass(frozen=True)
class Cast:
    """How one canonical column is read.

    `source` is SQL over the raw chunk; the steps, `value`, `aware`, `kind` and the conditions are SQL over
    ``s_<name>`` (the source's value), the steps before and ``v_<name>`` (ours).

    Attributes
    ----------
    steps : tuple of (name, SQL)
        What is worked out once per cell, level after level.
    value : str
        Our value; for a naive time the local one.
    aware : str
        For times: whether the value is UTC already.
    missing : str
        Condition: nothing is there.
    kind : str, optional
        What sort of cell it is, where the column as a whole decides how some are read (see `readings`).
    mark : str, optional
        The currency mark beside the number.
    plain : str, optional
        Condition: the cell is read as it stands. Where this holds for a whole chunk, `simple` does the same for less.
    plain_kinds : tuple of (kind, condition)
        The kinds of plain cells.
    simple : Cast, optional
        See `plain`.
    problems : tuple of (condition, reason code)
        The first that holds refuses the row.
    notes : tuple of (condition, note code)
        Counted, the row is kept.
    """

    column: Column
    source: str
    value: str
    aware: str = "true"
    steps: tuple[tuple[str, str], ...] = ()
    missing: str = ""
    kind: str | None = None
    mark: str | None = None
    plain: str | None = None
    plain_kinds: tuple[tuple[str, str], ...] = ()
    simple: Cast | None = None
    problems: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The canonical column's name."""
        return self.column.name


def cast(
    column: Column, raw: str, kind: str, source: SourceSettings, *, required: bool, answers: Answers | None = None
) -> Cast:
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
    answers : Answers, optional
        What the columns of the table decide; until they are known, cells in doubt have no value.
    """
    answers = answers or Answers()
    given = source.values.get(column.name, {})
    if given and kind != "VARCHAR":
        raw, kind = f"({raw})::VARCHAR", "VARCHAR"
        # A number that a program printed has a point.
        source = source.model_copy(update={"decimal": "."})
    if kind == "VARCHAR":
        raw = _text(raw, column, source, given)
    built = _BUILDERS[column.type](column, raw, kind, source, answers)
    simple = built.simple and _completed(built.simple, required=required)
    return replace(_completed(built, required=required), simple=simple)


def _completed(built: Cast, *, required: bool) -> Cast:
    """With the problems that any column can have."""
    column, problems = built.column, built.problems
    if required:
        code = "null_customer" if column.name == "customer_id" else "missing_value"
        problems = ((built.missing or f"s_{column.name} IS NULL", code), *problems)
    if column.choices:
        choices = ", ".join(literal(choice) for choice in column.choices)
        problems = (*problems, (f"v_{column.name} NOT IN ({choices})", "not_a_choice"))
    if column.type == "number":
        problems = (*problems, (f"abs(v_{column.name}) > {NUMBER_LIMIT}", "out_of_range"))
    return replace(built, problems=problems)


def _text(raw: str, column: Column, source: SourceSettings, given: dict[str, str]) -> str:
    """The cell, or null when it says that nothing is there; words of the settings hold before our own."""
    trimmed = clean(raw)
    if column.type in ("text", "texts"):
        # Of ids and categories the words for nothing are looked at later, so that the quarantine shows them.
        empty = f"{raw if column.name in _FREE else trimmed} = ''"
    else:
        empty = is_nothing(trimmed, words_for_nothing(column))
    if source.null_values:
        missing = ", ".join(literal(value) for value in source.null_values)
        empty = f"{raw} IN ({missing}) OR {trimmed} IN ({missing}) OR {empty}"
    kept = f"WHEN {empty} THEN NULL"
    if given:
        cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in given.items())
        known = ", ".join(literal(theirs) for theirs in given)
        mapped = (
            f"WHEN {raw} IN ({known}) THEN CASE {raw} {cases} END "
            f"WHEN {trimmed} IN ({known}) THEN CASE {trimmed} {cases} END"
        )
        kept = f"{kept} {mapped}" if source.null_values else f"{mapped} {kept}"
    if not (given or source.null_values):
        # Nothing that begins with a digit or an ASCII letter is blank, and no word for nothing begins with a digit.
        last = "{" if column.type in ("text", "texts") else ":"
        kept = f"WHEN {raw} >= '0' AND {raw} < '{last}' THEN {raw} {kept}"
    return f"CASE {kept} ELSE {raw} END"


_FREE = ("text", "name")
"""What people wrote is kept as it is."""


def _as_text(column: Column, raw: str, kind: str, source: SourceSettings, answers: Answers) -> Cast:
    s = f"s_{column.name}"
    is_id = column.is_id
    if kind == "VARCHAR":
        if column.name in _FREE:
            return Cast(column, raw, s)
        ours = {text.lower() for text in source.values.get(column.name, {}).values()}
        words = tuple(word for word in words_for_nothing(column) if word not in ours)
        p = f"p_{column.name}"
        if not is_id:
            cleaned = clean(s)
            step = (p, f"CASE WHEN {is_nothing(cleaned, words)} THEN NULL ELSE {cleaned} END")
            if column.words:
                return _as_choice(column, raw, p, steps=(step,))
            return Cast(column, raw, p, steps=(step,), missing=f"{p} IS NULL")
        floats = column.name in answers.floats
        return Cast(
            column,
            raw,
            ids.id_value(column.name, floats=floats),
            steps=ids.id_steps(column.name, words),
            missing=f"{p} IS NULL",
            kind=ids.id_kind(column.name),
            problems=ids.id_problems(column.name, floats=floats),
            notes=ids.id_notes(column.name, floats=floats),
            plain=f"regexp_full_match({s}, {literal(ids.SAFE)})",
            simple=Cast(column, raw, s),
        )
    if column.words:
        return _as_choice(column, raw, f"{s}::VARCHAR")
    problems: tuple[tuple[str, str], ...] = ()
    value = f"{s}::VARCHAR"
    if kind in ("DOUBLE", "FLOAT"):
        # Exporters turn ids with gaps into floats: 13085.0 is the id 13085. Beyond 2^53 digits are lost already.
        limit = ids.EXACT if kind == "DOUBLE" else 2**24
        value = (
            f"CASE WHEN NOT isfinite({s}) THEN NULL WHEN {s} = trunc({s}) AND abs({s}) < {limit} "
            f"THEN ({s}::BIGINT)::VARCHAR ELSE {s}::VARCHAR END"
        )
        raw = f"CASE WHEN isnan({raw}) THEN NULL ELSE {raw} END"
        if is_id:
            problems = ((f"abs({s}) >= {limit}", "inexact_id"),)
    return Cast(column, raw, value, problems=problems)


def _as_choice(column: Column, raw: str, text: str, steps: tuple[tuple[str, str], ...] = ()) -> Cast:
    """A column whose words are known: the choice that a word means, and a count of the words that mean none."""
    known = {**{choice: choice for choice in column.choices}, **dict(column.words)}
    written = f"lower({half_width(text)})"
    cases = " ".join(f"WHEN {literal(word)} THEN {literal(ours)}" for word, ours in known.items() if ours)
    listed = ", ".join(literal(word) for word in known)
    unread = f"{text} IS NOT NULL AND {written} NOT IN ({listed})"
    value = f"CASE {written} {cases} END"
    return Cast(column, raw, value, steps=steps, missing=f"{text} IS NULL", notes=((unread, "word_unread"),))


def _as_number(column: Column, raw: str, kind: str, source: SourceSettings, answers: Answers) -> Cast:
    s, v = f"s_{column.name}", f"v_{column.name}"
    money = column.type == "money"
    goal = "DECIMAL(18,4)" if money else "DOUBLE"
    if column.type == "integer":
        goal = "BIGINT"
    if kind == "VARCHAR":
        return _number_of_text(column, raw, source, answers, goal)
    notes: list[tuple[str, str]] = []
    if kind == "FLOAT":
        plain = f"{s}::VARCHAR"
        value = f"CASE WHEN regexp_full_match({plain}, {literal(_NUMBER)}) THEN try_cast({plain} AS {goal}) END"
        wrong: tuple[tuple[str, str], ...] = (
            (f"NOT isfinite({s})", "not_finite"),
            (f"{s} IS NOT NULL AND {v} IS NULL", "out_of_range"),
        )
        if money:
            notes.append(_more_decimals(plain, v))
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


def _number_of_text(column: Column, raw: str, source: SourceSettings, answers: Answers, goal: str) -> Cast:
    name = column.name
    s, v, t, r = (f"{letter}_{name}" for letter in "svtr")
    money = column.type == "money"
    decided = answers.decimal.get(name)
    text = numbers.number_text(name, source.decimal, decided)
    steps = (*numbers.number_steps(name, source.decimal, money=money), (t, text))
    unread = f"{s} IS NOT NULL AND {v} IS NULL"
    doubtful = f"coalesce({r}.point <> {r}.comma, false)"
    problems = (
        (when(unread, numbers.is_not_finite(name)), "not_finite"),
        (f"{unread} AND {t} IS NOT NULL", "out_of_range"),
        (f"{unread} AND {doubtful}" if source.decimal is None else "false", "ambiguous_number"),
        (unread, "not_a_number"),
    )
    simple = Cast(
        column,
        raw,
        f"try_cast({s} AS {goal})",
        problems=((unread, "out_of_range"),),
        notes=(_more_decimals(s, v),) if money else (),
    )
    point = f"contains({s}, '.')"
    short = f"length(ltrim({s}, '+-')) <= 3"
    kinds = (("point", point), ("small", f"NOT {point} AND {short}"), ("large", f"NOT {point} AND NOT {short}"))
    notes = [_more_decimals(t, v)] if money else []
    if decided is not None:
        notes.append((f"{doubtful} AND {v} IS NOT NULL", "decimal_point" if decided == "." else "decimal_comma"))
    return Cast(
        column,
        raw,
        f"try_cast({t} AS {goal})",
        steps=steps,
        kind=numbers.number_kind(name) if source.decimal is None else None,
        mark=f"{r}.mark" if money else None,
        plain=f"regexp_full_match({s}, {literal(numbers.plain(source.decimal))})",
        plain_kinds=kinds if source.decimal is None else (),
        simple=simple,
        problems=problems,
        notes=tuple(notes),
    )


def _more_decimals(text: str, value: str) -> tuple[str, str]:
    more = f"regexp_matches({text}, '\\.[0-9]{{4}}[0-9]*[1-9]')"
    notation = f"(contains(lower({text}), 'e') AND try_cast({text} AS DECIMAL(38,20)) <> {value})"
    return f"{value} IS NOT NULL AND ({more} OR {notation})", "more_decimals"


def _as_time(column: Column, raw: str, kind: str, source: SourceSettings, answers: Answers) -> Cast:
    s, v = f"s_{column.name}", f"v_{column.name}"
    built = Cast(column, raw, "NULL::TIMESTAMP", "false")
    unread = (f"{s} IS NOT NULL AND {v} IS NULL", "not_a_date" if column.type == "date" else "not_a_time")
    if kind == "VARCHAR" or kind in _INTEGERS or kind.startswith(("DECIMAL", "DOUBLE")):
        # Numbers too: 20240305 or 1704240300 is the same time whether a file has types or not.
        built, unread = _time_of_text(column, raw, source, answers, unread)
    elif "TIME ZONE" in kind or kind.startswith("TIMESTAMPTZ"):
        moment = f"{s}::TIMESTAMPTZ"
        built = Cast(column, raw, f"CASE WHEN isfinite({moment}) THEN ({moment})::TIMESTAMP END", "true")
    elif kind.startswith("TIMESTAMP") or kind == "DATE":
        finer = ((f"epoch_ns({s}) % 1000 <> 0", "finer_time"),) if kind == "TIMESTAMP_NS" else ()
        built = Cast(column, raw, f"CASE WHEN isfinite({s}) THEN {s}::TIMESTAMP END", "false", notes=finer)
    if kind in ("DOUBLE", "FLOAT"):
        built = replace(built, source=f"CASE WHEN isnan({raw}) THEN NULL ELSE {raw} END")
    simple = built.simple and _bounded(built.simple, unread)
    return replace(_bounded(built, unread), simple=simple)


def _bounded(built: Cast, unread: tuple[str, str]) -> Cast:
    """With the problems that any time can have."""
    v = f"v_{built.name}"
    if built.column.type == "date":
        # A birthday is a day in a calendar: no zone moves it.
        built = replace(built, value=f"({built.value})::DATE", aware="true")
    range_ = (f"year({v}) < {FIRST_YEAR} OR year({v}) > {LAST_YEAR}", "out_of_range")
    return replace(built, problems=(*built.problems, unread, range_))


def _time_of_text(
    column: Column, raw: str, source: SourceSettings, answers: Answers, unread: tuple[str, str]
) -> tuple[Cast, tuple[str, str]]:
    name = column.name
    s, v = f"s_{name}", f"v_{name}"
    fraction = f"{v} IS NOT NULL AND length({s}::VARCHAR) > 16"
    finer = (when(fraction, f"regexp_matches({s}::VARCHAR, '[.,][0-9]{{6}}[0-9]*[1-9]')"), "finer_time")
    if source.date_formats:
        steps, value, aware, disagree = times.time_by_forms(name, source.date_formats)
        problems = ((disagree, "ambiguous_format"),) if len(source.date_formats) > 1 else ()
        found = Cast(column, raw, value, aware, steps, problems=problems, notes=(finer,))
        return found, (unread[0], "not_in_date_format")
    order = {mark: first for (theirs, mark), first in answers.order.items() if theirs == name}
    epoch = answers.epoch.get(name)
    value, aware, doubtful = times.time_value(name, order, epoch)
    notes = [finer]
    for mark, letter in order.items():
        code = {"d": "day_first", "m": "month_first", "y": "year_first"}[letter]
        notes.append((f"{doubtful} AND r_{name}.mark = '{mark}' AND {v} IS NOT NULL", code))
    if epoch is not None:
        notes.append((f"r_{name}.counted IS NOT NULL AND {v} IS NOT NULL", "epoch_time"))
    found = Cast(
        column,
        raw,
        value,
        aware,
        times.time_steps(name, day_only=column.type == "date"),
        plain=times.is_plain(f"{s}::VARCHAR"),
        plain_kinds=(("certain", f"{s} IS NOT NULL"),),
        simple=Cast(column, raw, *times.moment(f"{s}::VARCHAR"), notes=(finer,)),
        kind=times.time_kind(name),
        problems=((f"{s} IS NOT NULL AND {v} IS NULL AND {doubtful}", "ambiguous_date"),),
        notes=tuple(notes),
    )
    return found, unread


def _as_texts(column: Column, raw: str, kind: str, source: SourceSettings, answers: Answers) -> Cast:
    s = f"s_{column.name}"
    separator = source.splitters.get(column.name)
    if kind == "VARCHAR[]":
        parts = s
    elif separator:
        parts = f"string_split({s}::VARCHAR, {literal(separator)})"
    elif column.split:
        parts = f"string_split_regex({s}::VARCHAR, {literal(column.split)})"
    else:
        parts = f"[{s}::VARCHAR]"
    nothing = is_nothing("x", words_for_nothing(column))
    kept = f"list_filter(list_transform({parts}, lambda x: {clean('x')}), lambda x: x IS NOT NULL AND NOT {nothing})"
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


def list_of(columns: list[str]) -> str:
    """SQL of a list made of several source columns."""
    return "[" + ", ".join(f"{column}::VARCHAR" for column in columns) + "]"
