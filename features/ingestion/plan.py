"""Which source column feeds which canonical column, decided before a row is read; all that does not fit at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from configs.errors import DataError, HoldfastError, SettingsError, together
from configs.settings import Settings, SourceSettings
from features.connection import literal
from features.ingestion.casts import Cast, cast, list_of
from features.ingestion.fill import TOTALS
from features.ingestion.headers import DELIMITERS, listed, looked_for, meant, nearest, normalised, real_header
from features.ingestion.raw import RawFile
from features.ingestion.readings import Answers
from features.tables import Column, Table

MADE_IDS = {"feedback": "feedback_id", "interactions": "interaction_id", "treatments": "treatment_id"}
"""Tables whose id may be missing in the source: it is then made from the row's content."""


@dataclass(frozen=True)
class Plan:
    """How the rows of one file become rows of one canonical table.

    Attributes
    ----------
    casts : tuple of Cast
        Columns that the source gives, in the contract's order.
    columns : tuple of str
        Canonical columns of the result, in the contract's order.
    derived_amount, made_order : bool
        Whether the amount is quantity × unit price, and the order id made of customer and time.
    left_out, blank, total : str
        SQL conditions over the raw chunk: the settings leave this row out; it holds nothing at all; it sums up others.
    fill : tuple of int
        Places of the columns whose empty cells take what stands above them in the same order.
    order, time : int or None
        Places of the columns with the order id and the time.
    loose : int
        Columns that the file calls a little differently from the settings.
    """

    table: Table
    casts: tuple[Cast, ...]
    columns: tuple[str, ...]
    derived_amount: bool
    made_order: bool
    left_out: str
    blank: str
    total: str
    fill: tuple[int, ...]
    order: int | None
    time: int | None
    loose: int

    def has(self, name: str) -> bool:
        """Whether the source gives this canonical column."""
        return any(item.name == name for item in self.casts)


def place_of(index: int) -> str:
    """SQL name of a source column: its place, because SQL does not tell `Amount` from `amount`."""
    return f"c{index}"


def make_plan(
    raw: RawFile,
    kinds: dict[str, str],
    table: Table,
    source: SourceSettings,
    settings: Settings,
    answers: Answers | None = None,
) -> Plan:
    """Match settings and file; `answers` is what the columns decide of cells in doubt, once it is known.

    Raises
    ------
    SettingsError
        A name that the contract does not have.
    DataError
        A column that the file does not have, or has in a form that cannot be used.
    """
    problems: list[HoldfastError] = list(_name_problems(table, source))
    wrong_split = _one_column(raw, table, source)
    header = None if problems or wrong_split else _title_instead(raw, table, source)
    found: dict[str, tuple[str, str]] = {}
    for column in table.columns:
        try:
            origin = _origin(column, raw, kinds, table, source)
        except DataError as error:
            problems.append(error)
            continue
        if origin is not None:
            found[column.name] = origin
    derived = table.name == "transactions" and "amount" not in found and {"quantity", "unit_price"} <= found.keys()
    made_order = table.name == "transactions" and "order_id" not in found
    problems += _lacking(raw, table, source, found, made_order=made_order)
    left_out, fill = "false", []
    for name, values in source.drop_where.items():
        try:
            theirs = _theirs(source.columns.get(name) or name, name, raw, table, "drop_where")
        except DataError as error:
            problems.append(error)
            continue
        chosen = ", ".join(literal(value) for value in values)
        if values:
            left_out += f" OR coalesce({place_of(raw.columns.index(theirs))}::VARCHAR, '') IN ({chosen})"
    for name in source.fill_down:
        try:
            fill += _filled_down(name, raw, table, source)
        except (DataError, SettingsError) as error:
            problems.append(error)
    if problems:
        # a header in the wrong place or cells set apart otherwise explain all that is missing
        raise header or wrong_split or together(problems)
    casts = tuple(
        cast(
            column,
            *found[column.name],
            source,
            required=column.required or (column.name == "amount" and table.name == "transactions"),
            answers=answers,
        )
        for column in table.columns
        if column.name in found
    )
    added = {"amount"} if derived else set()
    added |= {"order_id"} if made_order else set()
    order = None if made_order or table.name != "transactions" else _place("order_id", raw, source)
    return Plan(
        table,
        casts,
        tuple(column.name for column in table.columns if column.name in found or column.name in added),
        derived,
        made_order,
        left_out,
        _blank(raw, kinds),
        _total(raw, kinds, table, source),
        tuple(dict.fromkeys(fill)),
        order,
        _place(table.time, raw, source) if table.time else None,
        _loose(raw, table, source),
    )


def _origin(
    column: Column, raw: RawFile, kinds: dict[str, str], table: Table, source: SourceSettings
) -> tuple[str, str] | None:
    """SQL and type of what feeds a column, None if nothing does."""
    name = column.name
    if name in source.constants:
        return literal(source.constants[name]), "VARCHAR"
    if name in source.lists:
        theirs = [_theirs(one, name, raw, table, "lists") for one in source.lists[name]]
        return list_of([place_of(raw.columns.index(one)) for one in theirs]), "VARCHAR[]"
    if name in source.columns:
        if source.columns[name] == "":
            return None
        one = _theirs(source.columns[name], name, raw, table)
    else:
        found = _unmapped(name, raw, source)
        if found is None:
            return None
        one = _theirs(found, name, raw, table)
    kind = kinds[one]
    if kind == "VARCHAR[]" and column.type != "texts":
        raise _nested(one, kind, raw)
    return place_of(raw.columns.index(one)), kind


def _unmapped(name: str, raw: RawFile, source: SourceSettings) -> str | None:
    """The column that has our own name, or one that differs by accident and is mapped to nothing else."""
    if name in raw.columns or name in raw.unusable or name in raw.repeated:
        return name
    theirs = meant(name, raw.columns)
    used = {meant(given, raw.columns) for given in source.columns.values()}
    return None if theirs in used else theirs


def _place(name: str, raw: RawFile, source: SourceSettings) -> int | None:
    """Place of the column that feeds one of ours, None for a constant, a list or nothing."""
    theirs = source.columns.get(name)
    one = meant(theirs, raw.columns) if theirs else _unmapped(name, raw, source)
    return raw.columns.index(one) if one in raw.columns and name not in source.constants else None


def _theirs(theirs: str, name: str, raw: RawFile, table: Table, place: str = "columns") -> str:
    """The column that the settings mean."""
    if theirs in raw.repeated:
        names = ", ".join(repr(one) for one in raw.repeated[theirs])
        raise DataError(
            "column_repeated_in_header",
            code="duplicate_column",
            file=raw.label,
            field=name,
            value=theirs,
            table=table.name,
            count=len(raw.repeated[theirs]),
            names=names,
        )
    if theirs in raw.unusable:
        raise _nested(theirs, raw.unusable[theirs], raw)
    found = meant(theirs, raw.columns)
    if found is not None:
        return found
    near = nearest(theirs, raw.columns)
    fields = {
        "file": raw.label,
        "field": name,
        "value": theirs,
        "table": table.name,
        "setting": f"data.{table.name}.{place}.{name}",
        "names": listed(raw.columns),
    }
    if near:
        raise DataError("mapped_column_missing_but_near", code="missing_column", **fields, near=near)
    raise DataError("mapped_column_missing", code="missing_column", **fields)


def _lacking(
    raw: RawFile, table: Table, source: SourceSettings, found: dict[str, tuple[str, str]], *, made_order: bool
) -> Iterable[DataError]:
    """Required columns that nothing feeds."""
    for column in table.columns:
        made = column.name == MADE_IDS.get(table.name) or (column.name == "order_id" and made_order)
        if not column.required or column.name in found or made or source.columns.get(column.name):
            continue
        # a column that is something else already is not what was meant
        used = {place for place, _ in found.values()}
        near = nearest(column.name, [name for place, name in enumerate(raw.columns) if place_of(place) not in used])
        fields = {
            "file": raw.label,
            "field": column.name,
            "table": table.name,
            "names": listed(raw.columns),
        }
        if near:
            yield DataError("column_unmapped_but_near", code="missing_column", **fields, near=near)
        else:
            yield DataError("column_unmapped", code="missing_column", **fields)


def _filled_down(name: str, raw: RawFile, table: Table, source: SourceSettings) -> list[int]:
    """Places of the columns behind a name under `fill_down`: ours, or one of the file's that only drop_where uses."""
    if name in source.lists:
        return [raw.columns.index(_theirs(one, name, raw, table, "fill_down")) for one in source.lists[name]]
    place = _place(name, raw, source) if name in table.by_name else None
    if place is None and name not in table.by_name:
        place = raw.columns.index(_theirs(source.columns.get(name) or name, name, raw, table, "fill_down"))
    if place is None:
        raise SettingsError(
            "fill_down_without_column",
            field=f"data.{table.name}.fill_down",
            value=name,
            table=table.name,
            file=raw.label,
        )
    return [place]


def _title_instead(raw: RawFile, table: Table, source: SourceSettings) -> DataError | None:
    """The refusal of a file whose first line is a title, not the header."""
    if not source.header:
        return None
    rows = raw.head()
    number = real_header(rows, raw.columns, looked_for(table, source))
    if number is None or number <= source.skip_rows + 1:
        return None
    first = next((at for at, cells in rows if at > source.skip_rows and any(cell.strip() for cell in cells)), 1)
    if number <= first:
        return None
    return DataError(
        "header_in_other_line",
        code="wrong_header",
        file=raw.label,
        line=first,
        value=number - 1,
        table=table.name,
        number=number,
    )


def _blank(raw: RawFile, kinds: dict[str, str]) -> str:
    """Whether a row holds nothing at all; the first cell with something in it ends the question."""
    return " AND ".join(
        f"coalesce(trim({place_of(index)}), '') = ''" if kinds[name] == "VARCHAR" else f"{place_of(index)} IS NULL"
        for index, name in enumerate(raw.columns)
    )


def _total(raw: RawFile, kinds: dict[str, str], table: Table, source: SourceSettings) -> str:
    """Whether a row without a time says that it sums up others."""
    place = _place(table.time, raw, source) if table.time else None
    texts = [place_of(index) for index, name in enumerate(raw.columns) if kinds[name] == "VARCHAR"]
    if place is None or not texts:
        return "false"
    empty = f"coalesce(trim({place_of(place)}::VARCHAR), '') = ''"
    says = " OR ".join(f"regexp_full_match(lower(trim({text})), {literal(TOTALS)})" for text in texts[:20])
    # CASE, because both sides of AND are worked out for every row
    return f"CASE WHEN {empty} THEN coalesce({says}, false) ELSE false END"


def _loose(raw: RawFile, table: Table, source: SourceSettings) -> int:
    named = [name for name in looked_for(table, source) if name not in raw.columns]
    return sum(1 for name in named if meant(name, raw.columns) and _counts(name, raw, table, source))


def _counts(name: str, raw: RawFile, table: Table, source: SourceSettings) -> bool:
    return name not in table.by_name or name in source.columns.values() or _unmapped(name, raw, source) is not None


def _nested(theirs: str, kind: str, raw: RawFile) -> DataError:
    return DataError("column_nested", code="nested_column", file=raw.label, field=theirs, value=kind)


def _one_column(raw: RawFile, table: Table, source: SourceSettings) -> DataError | None:
    """The refusal of a file that was split at the wrong character: its only column is called like a whole header."""
    name = raw.columns[0] if len(raw.columns) == 1 else ""
    character = next((character for character in DELIMITERS if character in name), None)
    if character is None or normalised(name) in map(normalised, source.columns.values()):
        return None
    return DataError(
        "wrong_delimiter",
        code="wrong_delimiter",
        file=raw.label,
        table=table.name,
        name=name,
        delimiter=DELIMITERS[character],
    )


def _name_problems(table: Table, source: SourceSettings) -> Iterable[SettingsError]:
    """Names in the settings that the contract does not have, or that are given twice."""
    places: dict[str, Iterable[str]] = {
        "columns": source.columns,
        "values": source.values,
        "constants": source.constants,
        "lists": source.lists,
        "splitters": source.splitters,
    }
    for place, names in places.items():
        for name in names:
            if name not in table.by_name:
                near = difflib.get_close_matches(name, table.by_name, 1)
                setting = f"data.{table.name}.{place}"
                fields = {"field": f"{setting}.{name}", "value": name, "setting": setting, "table": table.name}
                if near:
                    yield SettingsError("mapped_name_unknown_but_near", **fields, near=near[0])
                else:
                    yield SettingsError("mapped_name_unknown", **fields, names=", ".join(table.by_name))
                continue
            if place in ("lists", "splitters") and table.by_name[name].type != "texts":
                yield SettingsError(
                    "mapped_name_not_a_list",
                    field=f"data.{table.name}.{place}.{name}",
                    place=place,
                    table=table.name,
                    name=name,
                )
    given = [name for place in ("columns", "constants", "lists") for name in places[place]]
    twice = sorted({name for name in given if given.count(name) > 1})
    for name in twice:
        yield SettingsError(
            "column_from_two_places", field=f"data.{table.name}.columns.{name}", table=table.name, name=name
        )
