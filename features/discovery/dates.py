"""How a column writes its times: the forms that read every value, and whether day and month can be told apart.

A form is what `date_format` takes. It is looked for among a few hundred written out here, on a sample, and then held
against the whole column: one value that a form cannot read, or that would lie in the future, rules it out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from features.connection import literal, one
from features.ingestion.readings import few_beside_many

ISO = "iso"
"""Year, month, day with - or / between, perhaps a time: read without a `date_format`."""
_ISO = (
    r"[0-9]{4}([-/])[0-9]{1,2}\1[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"( ?(Z|[+-][0-9]{2}(:[0-9]{2})?))?)?"
)
_ISO_SQL = _ISO.replace(r"\1", "[-/]")
_YEAR_FIRST = (
    r"[0-9]{4}(?:[-/.年]) ?[0-9]{1,2}(?:[-/.月]) ?[0-9]{1,2} ?[日号]?[ T]*(上午|下午|AM|PM|am|pm)? ?"
    r"[0-9]{1,2}([:：时時点點][0-9]{0,2}){1,2}[分秒0-9.]*( ?(AM|PM|am|pm))?"
)
"""Year first with a clock of two halves or in words: what the ingest reads by itself, but no form of one pattern."""
_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%Y 年 %m 月 %d 日",
    "%y/%m/%d", "%y-%m-%d", "%y.%m.%d",
    "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y", "%d %m %Y",
    "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%y", "%m-%d-%y",
    "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d %B %Y", "%d. %B %Y", "%b %d, %Y", "%b %d %Y", "%B %d, %Y",
    "%B %d %Y", "%a, %d %b %Y", "%a %b %d %Y", "%A, %d %B %Y", "%A, %B %d, %Y",
)  # fmt: skip
_CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p",
    " %I:%M%p", " %I:%M:%S%p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p", ", %I:%M:%S %p", " %H:%M:%S %z", " %H:%M:%S%z",
    "T%H:%M:%S%z", "T%H:%M:%S.%f%z", " %H:%M %z", " %H时%M分%S秒", " %H时%M分", "%H%M%S",
    " - %H:%M", " %H.%M", " at %I:%M %p",
)  # fmt: skip
_PARTS = {
    "%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%m": "[0-9]{1,2}", "%d": "[0-9]{1,2}", "%H": "[0-9]{1,2}", "%I": "[0-9]{1,2}",
    "%M": "[0-9]{1,2}", "%S": "[0-9]{1,2}", "%f": "[0-9]{1,9}", "%p": "[AaPp][Mm]",
    "%z": "(Z|[+-][0-9]{2}:?([0-9]{2})?)",
    "%b": "[A-Za-z]{3}", "%B": "[A-Za-z]{3,}", "%a": "[A-Za-z]{3}", "%A": "[A-Za-z]{3,}",
}  # fmt: skip
_MONTH_FIRST = ("%m/%d", "%m-%d", "%m.%d")
_DAY_FIRST = ("%d/%m", "%d-%m", "%d.%m")
_FIRST, _LAST = 1900, 2199
_EPOCHS = {"epoch_s": (10, 1), "epoch_ms": (13, 1000)}
_MAX_FORMS = 4
ENOUGH = 0.97
"""Share of values that must be readable for a column to be one of times."""
IN_ORDER, CLEARLY = 0.995, 0.02
"""Share of neighbouring rows that go forward in time for a file to be in order; by how much the other reading fails."""


@dataclass(frozen=True)
class Dates:
    """How one column writes its times.

    Attributes
    ----------
    forms : tuple of str
        What `date_format` takes, the commonest first; `iso` for what needs none.
    other : tuple of str
        The reading with day and month the other way round, where the values allow it too.
    why : str
        What decided between them: `values`, `order` (only one reading goes forward in time), `future`, `""` (nothing).
    example : str
        A value that the two readings take differently.
    share : float
        Share of the values that the forms read.
    spelled : tuple of str
        The forms written out, also where `iso` needs none: for a table whose other columns need theirs named.
    """

    forms: tuple[str, ...]
    other: tuple[str, ...] = ()
    why: str = ""
    example: str = ""
    share: float = 1.0
    spelled: tuple[str, ...] = ()

    @property
    def month_first(self) -> bool | None:
        """Whether the month is written before the day; None where the year or a name goes first."""
        return next((_month_first(form) for form in self.forms if form.startswith((*_MONTH_FIRST, *_DAY_FIRST))), None)

    @property
    def open(self) -> bool:
        """Whether nothing decides between day and month."""
        return bool(self.other) and not self.why


def read_dates(
    connection: Any, table: str, column: str, sample: Sequence[str], today: datetime | None = None
) -> Dates | None:
    """How a text column writes its times; None if it holds none.

    Parameters
    ----------
    connection : DuckDB connection
    table, column : str
        Where all values are, in the order of the file.
    sample : sequence of str
        Some of the values, which say what forms to try.
    today : datetime, optional
        Nothing later can have happened.
    """
    values = [value.strip() for value in sample if value.strip()]
    if not values or sum(_may_be_a_time(value) for value in values) < ENOUGH * len(values):
        return None
    read = _read_by(connection, values)
    whole = {form: hits for form, hits in read.items() if len(hits) >= ENOUGH * len(values)}
    if not whole:
        if sum(re.fullmatch(_YEAR_FIRST, value) is not None for value in values) >= ENOUGH * len(values):
            return Dates((ISO,))
        return _together(connection, read, values)
    whole = _without_guessed_years(whole, values)
    most = max(map(len, whole.values()))
    best = [form for form, hits in whole.items() if len(hits) == most]
    if ISO in best:
        spelled = _cover({form: hits for form, hits in read.items() if form.startswith("%Y")}, len(values))
        return Dates((ISO,), share=most / len(values), spelled=spelled)
    if len(best) == 1:
        why = "values" if _turned(best[0]) != best[0] and _turned(best[0]) in read else ""
        return Dates(tuple(best), share=most / len(values), why=why)
    return _decide(connection, table, column, best, today)


def _without_guessed_years(read: dict[str, set[int]], values: list[str]) -> dict[str, set[int]]:
    """Forms left when two figures go first and two last: years stay few where days run through the month."""
    years = {form: hits for form, hits in read.items() if form.startswith("%y")}
    if not years or len(years) == len(read):
        return read
    parts = [found for value in values if (found := re.match(r"([0-9]{1,2})[/.-][0-9]{1,2}[/.-]([0-9]{1,2})", value))]
    first, last = ({int(found[place]) for found in parts} for place in (1, 2))
    if parts and few_beside_many(first, last) and not few_beside_many(last, first):
        return years
    return {form: hits for form, hits in read.items() if form not in years}


def _decide(connection: Any, table: str, column: str, forms: list[str], today: datetime | None) -> Dates:
    """Choose between the readings of a column by all of its values."""
    good = ", ".join(f"count(*) FILTER ({_good(form)})" for form in forms)
    late = ", ".join(f"count(*) FILTER ({_later(form, today)})" for form in forms)
    distinct = f"(SELECT DISTINCT {_text(column)} AS v FROM {table})"
    total, *rest = one(connection, f"SELECT count(v), {good}, {late} FROM {distinct}")
    read = dict(zip(forms, rest[: len(forms)], strict=True))
    future = dict(zip(forms, rest[len(forms) :], strict=True))
    most = max(read.values())
    left = [form for form in forms if read[form] == most]
    share = most / total if total else 1.0
    if not _two_ways(left):
        return Dates((_shortest(left),), share=share, why="values" if _two_ways(forms) else "")
    first, second = (_shortest([form for form in left if _month_first(form) == month]) for month in (False, True))
    example = one(
        connection, f"SELECT v FROM {distinct} WHERE v IS NOT NULL AND {_on(first, 'v')} <> {_on(second, 'v')} LIMIT 1"
    )
    if example is None:
        return Dates((first,), share=share, why="values")
    if (future[first] == 0) != (future[second] == 0):
        kept, other = (first, second) if future[first] == 0 else (second, first)
        return Dates((kept,), (other,), "future", str(example[0]), share)
    forward = [_forward(connection, table, column, form) for form in (first, second)]
    if max(forward) > IN_ORDER and min(forward) < max(forward) - CLEARLY:
        kept, other = (first, second) if forward[0] > forward[1] else (second, first)
        return Dates((kept,), (other,), "order", str(example[0]), share)
    return Dates((first,), (second,), "", str(example[0]), share)


def readings_sql(dates: Dates, column: str, table: str, today: datetime | None) -> str:
    """SQL that counts the values that either reading of undecided times takes as a time up to today."""
    counted = ", ".join(
        "count(*) FILTER (" + " OR ".join(f"({_good(form)} AND NOT {_later(form, today)})" for form in forms) + ")"
        for forms in (dates.forms, dates.other)
    )
    return f"SELECT {counted} FROM (SELECT DISTINCT {_text(column)} AS v FROM {table})"


def shown_as(connection: Any, value: str, form: str) -> str:
    """A value as a form reads it: ``2024-03-04``."""
    found = one(connection, f"SELECT strftime({_on(form, 'v')}, '%Y-%m-%d') FROM (SELECT {literal(value)} AS v)")
    return str(found[0])


def moment_sql(column: str, kind: str, forms: tuple[str, ...]) -> str:
    """SQL of the time that a column holds, null where it holds none."""
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"({column})::TIMESTAMP"
    parsed = [_on(form, _text(column)) for form in forms]
    return f"coalesce({', '.join(parsed)})" if len(parsed) > 1 else parsed[0]


def epoch_of(low: float, high: float) -> str | None:
    """`epoch_s` or `epoch_ms` for numbers between 2000 and 2040, else None."""
    for form, (_, factor) in _EPOCHS.items():
        if 946_684_800 * factor <= low and high < 2_208_988_800 * factor:
            return form
    return None


def _may_be_a_time(value: str) -> bool:
    digits = sum(character.isdigit() for character in value)
    if digits == len(value):
        return len(value) in (8, 14) and value[:2] in ("19", "20")
    return digits >= 4 and len(value) <= 45 and bool(re.search(r"[-/.:年月 ]", value)) and not _money(value)


def _money(value: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9]+([.,][0-9]+)?", value) is not None


@cache
def _candidates() -> tuple[str, ...]:
    return (ISO, *(day + clock for day in _DAYS for clock in _CLOCKS if not (clock == "%H%M%S" and day != "%Y%m%d")))


def _read_by(connection: Any, values: list[str]) -> dict[str, set[int]]:
    """Which of the values each form reads."""
    # one value of each shape tells which forms are worth a trial
    shapes = {re.sub(r"[0-9]", "0", re.sub(r"[A-Za-z]+", "A", value)): value for value in values}
    fitting = [form for form in _candidates() if any(_pattern(form).fullmatch(value) for value in shapes.values())]
    if not fitting:
        return {}
    listed = ", ".join(f"({number}, {literal(value)})" for number, value in enumerate(values))
    lists = ", ".join(f"list(n) FILTER ({_good(form)})" for form in fitting)
    row = one(connection, f"SELECT {lists} FROM (VALUES {listed}) AS t(n, v)")
    return {form: set(hits) for form, hits in zip(fitting, row, strict=True) if hits}


@cache
def _pattern(form: str) -> re.Pattern[str]:
    if form == ISO:
        return re.compile(_ISO)
    parts = re.split(r"(%[a-zA-Z])", form)
    return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in parts))


def _together(connection: Any, read: dict[str, set[int]], values: list[str]) -> Dates | None:
    """Forms that read the values only together: a column in which forms are mixed."""
    # a table that names its forms names all of them
    read = {form: hits for form, hits in read.items() if form != ISO}
    months = {form for form in read if _month_first(form)}
    days = {form for form in read if _turned(form) in months}
    # day before month and month before day are never mixed: that could not be told apart
    first, second = (_cover({form: hits for form, hits in read.items() if form not in out}, len(values))
                     for out in (months, days))  # fmt: skip
    if not (first or second):
        return None
    if not (first and second) or first == second:
        return Dates(first or second, why="values" if months and days else "")
    pairs = [(a, b) for a, b in zip(first, second, strict=False) if a != b]
    example = next(
        (values[hit] for a, b in pairs for hit in sorted(read[a] & read[b]) if _differ(connection, values[hit], a, b)),
        "",
    )
    return Dates(first, second if example else (), "", example)


def _differ(connection: Any, value: str, first: str, second: str) -> bool:
    return shown_as(connection, value, first) != shown_as(connection, value, second)


def _cover(read: dict[str, set[int]], total: int) -> tuple[str, ...]:
    """The fewest forms that read nearly all values, the commonest first; none if they do not."""
    left: set[int] = set(range(total))
    chosen: list[str] = []
    while left and len(chosen) < _MAX_FORMS and read:
        form = max(read, key=lambda form: (len(read[form] & left), -len(form)))
        if not read[form] & left:
            break
        chosen.append(form)
        left -= read[form]
    return tuple(chosen) if len(left) <= (1 - ENOUGH) * total else ()


def _turned(form: str) -> str:
    return form.replace("%m", "%0").replace("%d", "%m").replace("%0", "%d")


def _two_ways(forms: list[str]) -> bool:
    return len({_month_first(form) for form in forms}) == 2


def _month_first(form: str) -> bool:
    return form.startswith(_MONTH_FIRST)


def _shortest(forms: list[str]) -> str:
    return min(forms, key=lambda form: (len(form), form))


def _forward(connection: Any, table: str, column: str, form: str) -> float:
    """Share of neighbouring rows whose times do not go back (or, in a file from new to old, do not go forward)."""
    up, down, pairs = one(
        connection,
        f"SELECT count(*) FILTER (t >= before), count(*) FILTER (t <= before), count(*) FROM (SELECT t, lag(t) OVER "
        f"(ORDER BY rowid) AS before FROM (SELECT rowid, {_on(form, _text(column))} AS t FROM {table})) "
        "WHERE t <> before",
    )
    return max(up, down) / pairs if pairs >= 20 else 0.0


def _text(column: str) -> str:
    return f"nullif(trim(({column})::VARCHAR), '')"


def _on(form: str, value: str) -> str:
    if form == ISO:
        day = f"regexp_replace({value}, '^([0-9]{{4}})[^0-9]+([0-9]{{1,2}})[^0-9]+([0-9]{{1,2}}).*$', '\\1-\\2-\\3')"
        plain = f"regexp_full_match({value}, {literal(_ISO_SQL)})"
        loose = f"regexp_full_match({value}, {literal(_YEAR_FIRST)})"
        return (
            f"CASE WHEN {plain} THEN try_cast({value} AS TIMESTAMP) WHEN {loose} THEN try_cast({day} AS TIMESTAMP) END"
        )
    if form in _EPOCHS:
        return f"make_timestamp((try_cast({value} AS DOUBLE) * {1_000_000 // _EPOCHS[form][1]})::BIGINT)"
    if form == "excel":
        return f"TIMESTAMP '1899-12-30' + to_microseconds((try_cast({value} AS DOUBLE) * 86400000000)::BIGINT)"
    parsed = f"try_strptime({value}, {literal(form)})"
    return f"({parsed})::TIMESTAMP" if "%z" in form else parsed


def _good(form: str) -> str:
    """Whether a form reads a value as a time of our time; with the digits that it should have."""
    parsed = _on(form, "v")
    good = f"year({parsed}) BETWEEN {_FIRST} AND {_LAST}"
    if "%Y%m%d" in form:
        good += f" AND length(v) = {8 if form == '%Y%m%d' else 14 if form == '%Y%m%d%H%M%S' else 'length(v)'}"
    if "%y" in form:
        good += " AND NOT regexp_matches(v, '[0-9]{4}')"
    return good


def _later(form: str, today: datetime | None) -> str:
    return "false" if today is None else f"{_on(form, 'v')} > TIMESTAMP '{today.isoformat(sep=' ')}'"
