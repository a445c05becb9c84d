"""Dates and times as people and programs write them, as SQL.

Year first, months by name, counted from 1970: what can be read in one way only is read. A day and a month in figures
(`05/03/2024`) have a reading per order, of which the column takes one (see `readings`); a format from the settings
leaves nothing open.
"""

from __future__ import annotations

import re
from typing import Any

from configs.errors import SettingsError
from configs.settings import SourceSettings
from features.connection import every, literal, one
from features.ingestion.cells import bare, clean, half_width

_OFFSET = r"(Z|[-+](0[0-9]|1[0-5])(:?[0-5][0-9])?)"
PLAIN = (
    r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
    rf"([ T][0-9]{{1,2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,9}})?)?{_OFFSET}?)?"
)
"""ISO 8601 and its close relatives: cast as they stand."""
_AWARE = rf":[0-9]{{2}}(\.[0-9]+)?{_OFFSET}$"
_HALVES = r"上午|下午|AM|PM|A\.M\.|P\.M\."
_ZONE = r"Z|UTC|GMT|(?:UTC|GMT)?[-+][0-9]{2}:?(?:[0-9]{2})?"
_CLOCK = (
    rf"^(.*?)[ T,]+(?:({_HALVES}) ?)?([0-9]{{1,2}})(?::([0-9]{{2}})(?::([0-9]{{2}})(?:[.,]([0-9]{{1,9}}))?)?"
    rf"|[时時点點](?:([0-9]{{1,2}})分(?:([0-9]{{1,2}})秒)?)?)(?: ?({_HALVES}))?(?: ?({_ZONE}))?$"
)
_CLOCK_PARTS = "['day', 'half', 'h', 'm', 's', 'f', 'mz', 'sz', 'half2', 'zone']"
_MONTHS = (
    "JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|SEPT?(?:EMBER)?|OCT(?:OBER)?"
    "|NOV(?:EMBER)?|DEC(?:EMBER)?"
)
_NAMED = (
    (r"^([0-9]{1,2})(?:ST|ND|RD|TH)?[-/., ]*@([0-9]+)@[-/., ]*([0-9]{4}|[0-9]{2})$", r"\3-\2-\1"),
    (r"^@([0-9]+)@[-/., ]*([0-9]{1,2})(?:ST|ND|RD|TH)?[-/., ]+([0-9]{4})$", r"\3-\1-\2"),
    (r"^([0-9]{4})[-/., ]*@([0-9]+)@[-/., ]*([0-9]{1,2})$", r"\1-\2-\3"),
)
"""Day, month (its number between @) and year of a date with the month by name."""
_FIGURES = "[0-9]{1,2}/[0-9]{1,2}/YY|[0-9]{1,2}-[0-9]{1,2}-YY|[0-9]{1,2}\\.[0-9]{1,2}\\.YY".replace(
    "YY", "([0-9]{4}|[0-9]{2})"
)
EPOCHS = {"epoch_s": (6, 11), "epoch_ms": (3, 14), "epoch_us": (0, 17)}
"""Unit → decimal places between it and a microsecond, digits of a time in it."""
_MAGNITUDES = {10: "s", 13: "ms", 16: "us", 19: "ns"}
EXCEL = "excel"
_LAST_SERIAL = 2_958_465


DAY_AND_HOUR = "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])"
"""Ten figures that may be a day with its hour: 2024030510 is the fifth of March, ten o'clock, or a moment in 2034."""


def is_plain(text: str) -> str:
    """SQL condition: the text can be cast as it stands."""
    return f"regexp_full_match({text}, {literal(PLAIN)})"


def moment(text: str) -> tuple[str, str]:
    """SQL of a plain text as a timestamp, and whether it is UTC already."""
    aware = f"regexp_matches({text}, {literal(_AWARE)})"
    value = f"CASE WHEN {aware} THEN try_cast({text} AS TIMESTAMPTZ)::TIMESTAMP ELSE try_cast({text} AS TIMESTAMP) END"
    return value, aware


def time_steps(name: str, *, day_only: bool) -> tuple[tuple[str, str], ...]:
    """SQL of what is worked out once per cell that is not plain, level after level.

    ``g_`` to ``n_`` are the tidied cell, ``x_`` its clock parts, ``c_`` day and clock as texts, ``r_`` the readings.
    """
    s, g, h, n, x, c = (f"{letter}_{name}" for letter in "sghnxc")
    tidied = (
        f"CASE WHEN {s} IS NULL OR {is_plain(f'{s}::VARCHAR')} THEN NULL ELSE upper({half_width(f'{s}::VARCHAR')}) END"
    )
    # Programs make floats of compact dates too.
    floats = f"regexp_full_match({g}, '([0-9]{{8}}|[0-9]{{12}}|[0-9]{{14}})\\.0')"
    whole = f"CASE WHEN {floats} THEN left({g}, -2) ELSE {bare(g)} END"
    # Of digits alone only 12 and 14 are a date with its time; 10, 13 and 16 are counted from 1970.
    compact = rf"([0-9]{{8}}[ T][0-9]{{4}}([0-9]{{2}})?({_ZONE})?|(19|20)[0-9]{{10}}([0-9]{{2}})?)"
    spread = (
        f"regexp_replace(regexp_replace({h}, '^([0-9]{{8}})[ T]?([0-9]{{2}})([0-9]{{2}})', '\\1 \\2:\\3'), "
        "'^(.{14})([0-9]{2})', '\\1:\\2')"
    )
    apart = f"trim(regexp_replace(regexp_replace({h}, '([日号])', '\\1 ', 'g'), ' +', ' ', 'g'))"
    spaced = (
        f"CASE WHEN regexp_full_match({h}, {literal(compact)}) THEN {spread} "
        f"WHEN regexp_matches({h}, '[日号]|  ') THEN {apart} ELSE {h} END"
    )
    parts = f"CASE WHEN {n} IS NOT NULL THEN regexp_extract({n}, {literal(_CLOCK)}, {_CLOCK_PARTS}) END"
    both = (
        f"CASE WHEN {n} IS NULL THEN NULL WHEN {x}.h = '' THEN struct_pack(day := {n}, clock := '') "
        f"ELSE struct_pack(day := rtrim({x}.day, ' ,T'), clock := {_clock(x)}) END"
    )
    day = f"{c}.day"
    month = f"regexp_extract({day}, {literal(_MONTHS)})"
    number = f"((strpos('JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC', left({month}, 3)) + 2) // 3)"
    numbered = f"CASE WHEN {month} = '' THEN {day} ELSE replace({day}, {month}, '@' || {number} || '@') END"
    plain_day = f"CASE WHEN regexp_matches({day}, '[A-Z]{{3}}') THEN {numbered} ELSE {day} END"
    dashed = f"string_split(translate({day}, '年月/.日号', '----'), '-')"
    figures = f"CASE WHEN regexp_full_match({day}, {literal(_FIGURES)}) THEN {dashed} END"
    return (
        (g, tidied),
        (h, whole),
        (n, spaced),
        (x, parts),
        (c, both),
        (f"d_{name}", plain_day),
        (f"y_{name}", figures),
        (f"r_{name}", _readings(name, day_only=day_only)),
    )


def _clock(x: str) -> str:
    """SQL of the clock of a cell as ISO has it, null where it shows no time of the day."""
    half = f"{x}.half || {x}.half2"
    hour = f"{x}.h::INT"
    evening = f"left({half}, 1) IN ('P', '下')"
    clock = (
        f"CASE WHEN {half} = '' THEN {hour} WHEN {hour} BETWEEN 1 AND 12 AND ({x}.half = '' OR {x}.half2 = '') "
        f"THEN {hour} % 12 + CASE WHEN {evening} THEN 12 ELSE 0 END END"
    )
    minute = f"CASE WHEN {x}.m || {x}.mz = '' THEN '00' ELSE lpad({x}.m || {x}.mz, 2, '0') END"
    second = f"CASE WHEN {x}.s || {x}.sz = '' THEN '' ELSE ':' || lpad({x}.s || {x}.sz, 2, '0') END"
    part = f"CASE WHEN {x}.f = '' THEN '' ELSE '.' || {x}.f END"
    zone = f"replace(replace({x}.zone, 'UTC', ''), 'GMT', '')"
    shown = (
        f"CASE WHEN {x}.zone = '' THEN '' WHEN {zone} IN ('', 'Z') THEN '+00:00' "
        f"WHEN regexp_full_match({zone}, {literal(_OFFSET)}) THEN left({zone}, 3) || ':' || "
        f"CASE WHEN length({zone}) > 3 THEN right({zone}, 2) ELSE '00' END END"
    )
    return f"' ' || lpad(({clock})::VARCHAR, 2, '0') || ':' || {minute} || {second} || {part} || {shown}"


def _readings(name: str, *, day_only: bool) -> str:
    """SQL of the days that a cell can mean, as ISO text: one certain, or one per order of day, month and year."""
    n, d, y = f"n_{name}", f"d_{name}", f"y_{name}"
    dashed = f"translate({d}, '年月/.日号', '----')"
    named = " ".join(
        f"WHEN regexp_matches({d}, {literal(pattern)}) THEN regexp_replace({d}, {literal(pattern)}, {literal(goal)})"
        for pattern, goal in _NAMED
    )
    by_name = f"CASE {named} END"
    full = f"CASE WHEN {by_name}[3:3] = '-' THEN {_century(f'{by_name}[:2]')} || {by_name}[3:] ELSE {by_name} END"
    certain = (
        f"CASE WHEN contains({d}, '@') THEN {full} "
        f"WHEN regexp_full_match({dashed}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}') THEN {dashed} "
        f"WHEN regexp_full_match({d}, '[0-9]{{8}}') "
        f"THEN left({d}, 4) || '-' || substr({d}, 5, 2) || '-' || right({d}, 2) END"
    )
    first, second, last = f"{y}[1]", f"{y}[2]", f"{y}[3]"
    orders = {
        "d": f"{_century(last)} || '-' || {second} || '-' || {first}",
        "m": f"{_century(last)} || '-' || {first} || '-' || {second}",
        "y": f"CASE WHEN length({last}) = 2 AND length({first}) = 2 "
        f"THEN {_century(first)} || '-' || {second} || '-' || {last} END",
    }
    listed = ", ".join(
        f"{letter} := strftime(CASE WHEN {y} IS NOT NULL THEN try_cast({text} AS DATE) END, '%Y-%m-%d')"
        for letter, text in orders.items()
    )
    # A date of birth is no moment.
    counted = "false" if day_only else f"regexp_full_match({n}, '[0-9]{{9,19}}(\\.[0-9]{{1,9}})?')"
    return (
        f"CASE WHEN {n} IS NOT NULL THEN struct_pack(certain := {certain}, {listed}, "
        f"mark := CASE WHEN {y} IS NULL THEN '' ELSE regexp_extract({d}, '[-/.]') END, "
        f"first := {first}, last := {last}, counted := CASE WHEN {counted} THEN {n} END) END"
    )


def _century(year: str) -> str:
    """SQL of a year of two digits in full, as POSIX has it: 69 to 99 are of the last century."""
    return f"CASE WHEN length({year}) = 4 THEN {year} WHEN {year} >= '69' THEN '19' || {year} ELSE '20' || {year} END"


def time_kind(name: str) -> str:
    """SQL of the kind of a cell (see `readings`)."""
    s, n, r = f"s_{name}", f"n_{name}", f"r_{name}"
    letters = "".join(f" || CASE WHEN {r}.{letter} IS NOT NULL THEN '{letter}' ELSE '' END" for letter in "dmy")[4:]
    short = f"length({r}.last) = 2"
    shown = f"{r}.mark || CASE WHEN {short} THEN '2:' ELSE '4:' END || {letters}"
    years = f"CASE WHEN {short} THEN ':' || {r}.first || ':' || {r}.last ELSE '' END"
    in_doubt = f"CASE WHEN {_differ(r)} THEN '?' ELSE '' END"
    digits = f"length(split_part({r}.counted, '.', 1))"
    units = " ".join(f"WHEN {digits} = {length} THEN '?epoch_{unit}'" for length, unit in _MAGNITUDES.items())
    hours = f"regexp_full_match({r}.counted, {literal(DAY_AND_HOUR)})"
    counted = f"CASE WHEN {hours} THEN '?epoch_s_or_hour' {units} ELSE 'odd' END"
    return (
        f"CASE WHEN {s} IS NULL THEN NULL WHEN {n} IS NULL OR {r}.certain IS NOT NULL THEN 'certain' "
        f"WHEN {r}.counted IS NOT NULL THEN {counted} WHEN {r}.mark = '' OR {letters} = '' THEN NULL "
        f"ELSE {in_doubt} || {shown} || {years} END"
    )


def _differ(r: str) -> str:
    """SQL condition: the readings of a day in figures are not all the same day."""
    days = [f"{r}.{letter}" for letter in "dmy"]
    return f"least({', '.join(days)}) <> greatest({', '.join(days)})"


def time_value(name: str, order: dict[str, str], epoch: str | None) -> tuple[str, str, str]:
    """SQL of the moment, whether it is UTC already, and the day in figures that the column did not decide."""
    s, n, c, r = f"s_{name}", f"n_{name}", f"c_{name}", f"r_{name}"
    chosen = " ".join(
        f"WHEN {r}.mark = '{mark}' AND {r}.{letter} IS NOT NULL THEN {r}.{letter}" for mark, letter in order.items()
    )
    alone = f"WHEN NOT coalesce({_differ(r)}, false) THEN coalesce({r}.d, {r}.m, {r}.y)"
    day = f"coalesce({r}.certain, CASE {chosen} {alone} END)"
    text = f"CASE WHEN {n} IS NULL THEN {s}::VARCHAR ELSE {day} || {c}.clock END"
    value, aware = moment(text)
    if epoch is not None:
        unit = {"s": 6, "ms": 3, "us": 0, "ns": -3}[epoch]
        value = f"CASE WHEN {r}.counted IS NOT NULL THEN {_counted(f'{r}.counted', unit)} ELSE {value} END"
        aware = f"coalesce({r}.counted IS NOT NULL, false) OR {aware}"
    return value, aware, f"coalesce({_differ(r)}, false)"


def _counted(text: str, places: int) -> str:
    """SQL of a time counted from 1970 in units of 10^-places … of a second; what is finer than a microsecond is cut."""
    scaled = (
        f"try_cast({text} AS DECIMAL(38,9)) * {10**places}"
        if places >= 0
        else f"try_cast({text} AS DECIMAL(38,9)) / 1000"
    )
    return f"make_timestamp(try_cast(trunc({scaled}) AS BIGINT))"


def time_by_forms(name: str, forms: tuple[str, ...]) -> tuple[tuple[tuple[str, str], ...], str, str, str]:
    """SQL by the forms of the settings: levels, the moment, whether it is UTC already, whether forms disagree."""
    text, f = clean(f"s_{name}::VARCHAR"), f"w_{name}"
    fields, problems = [], []
    for index, form in enumerate(forms):
        value, aware = _by_form(text, form)
        fields += [f"v{index} := {value}", f"a{index} := {aware}"]
        problems += [
            f"({f}.v{earlier} <> {f}.v{index} OR ({f}.v{earlier} = {f}.v{index} AND {f}.a{earlier} <> {f}.a{index}))"
            for earlier in range(index)
        ]
    places = range(len(forms))
    value = f"coalesce({', '.join(f'{f}.v{index}' for index in places)})"
    aware = f"CASE {' '.join(f'WHEN {f}.v{index} IS NOT NULL THEN {f}.a{index}' for index in places)} ELSE false END"
    disagree = f"coalesce({' OR '.join(problems)}, false)" if problems else "false"
    steps = ((f, f"struct_pack({', '.join(fields)})"),)
    return steps, f"CASE WHEN NOT {disagree} THEN {value} END", aware, disagree


def _by_form(text: str, form: str) -> tuple[str, str]:
    if form in EPOCHS:
        places, digits = EPOCHS[form]
        whole = f"regexp_full_match({text}, '-?[0-9]{{8,{digits}}}(\\.[0-9]{{1,9}})?')"
        return f"CASE WHEN {whole} THEN {_counted(text, places)} END", "true"
    if form == EXCEL:
        return _serial(text), "false"
    if re.fullmatch("(%[YymdHMS])+", form):
        text = f"regexp_replace({text}, '\\.0$', '')"  # 20240305.0: a program held the figures as a number
    parsed = f"try_strptime({text}, {literal(form)})"
    if "%z" in form:
        return f"{parsed}::TIMESTAMP", "true"
    if re.search(r"%[A-Za-z]%[A-Za-z]", form):
        # Without separators a missing digit moves the others (1997113 is no date), so the length must fit.
        return f"CASE WHEN length({text}) = length(strftime({parsed}, {literal(form)})) THEN {parsed} END", "false"
    return parsed, "false"


def _serial(text: str) -> str:
    """SQL of a day number of a spreadsheet (1900 system) with its fraction.

    Day 60 is 29 February 1900, which never was; the days before it count from another day. Fractions are binary, so
    the time is taken to the millisecond, and to the second where that is less than ten milliseconds away.
    """
    number = f"try_cast({text} AS DECIMAL(38,18))"
    fits = f"regexp_full_match({text}, '[0-9]{{1,7}}(\\.[0-9]+)?') AND floor({number}) BETWEEN 1 AND {_LAST_SERIAL}"
    day = f"CASE WHEN {number} < 60 THEN TIMESTAMP '1899-12-31' WHEN {number} >= 61 THEN TIMESTAMP '1899-12-30' END"
    milli = f"round({number} * 86400000)::BIGINT"
    whole = f"round({milli} / 1000.0)::BIGINT * 1000"
    snapped = f"CASE WHEN abs({milli} - {whole}) < 10 THEN {whole} ELSE {milli} END"
    return f"CASE WHEN {fits} THEN {day} + to_milliseconds({snapped}) END"


_SAMPLES = ("2024-03-05", "2023-03-05", "2024-04-05", "2024-03-06")


def check_date_format(connection: Any, table: str, source: SourceSettings) -> None:
    """Refuse a date format that cannot be read, before any row is.

    Raises
    ------
    SettingsError
        The format is not one, or leaves a part of the date open.
    """
    import duckdb

    for text in source.date_formats:
        if text in EPOCHS or text == EXCEL:
            continue
        try:
            if "%" not in text:
                raise duckdb.InvalidInputException("no % directive")
            every(connection, "SELECT try_strptime('x', ?)", [text])
            shown = {one(connection, "SELECT strftime(?::TIMESTAMP, ?)", [day, text])[0] for day in _SAMPLES}
            if len(shown) < len(_SAMPLES):
                raise duckdb.InvalidInputException("it lacks the year, the month or the day")
            if re.search(r"%-?I", text) and "%p" not in text:
                raise duckdb.InvalidInputException("%I without %p leaves morning or evening open")
        except duckdb.Error as error:
            raise SettingsError(
                "date_format_wrong",
                field=f"data.{table}.date_format",
                value=text,
                table=table,
                reason=str(error).splitlines()[0][:120],
            ) from None
