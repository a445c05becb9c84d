"""Which source column feeds which canonical column, decided before a row is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from configs.errors import DataError, SettingsError
from configs.settings import Settings, SourceSettings
from features.connection import literal
from features.intake.casts import Cast, cast, list_of
from features.intake.readings import Answers
from features.intake.sources import RawFile
from features.tables import Column, Table

MADE_IDS = {"feedback": "feedback_id", "interactions": "interaction_id", "treatments": "treatment_id"}
"""Tables whose id may be missing in the source: it is then made from the row's content."""
DELIMITERS = {";": ";", "\t": "tab", "|": "|", ",": ","}
"""What splits the cells of a file, and how the settings call it."""


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
    left_out : str
        SQL condition over the raw chunk: the settings leave this row out.
    """

    table: Table
    casts: tuple[Cast, ...]
    columns: tuple[str, ...]
    derived_amount: bool
    made_order: bool
    left_out: str

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
    _check_names(table, source)
    _check_delimiter(raw, table, source)
    found: dict[str, tuple[str, str]] = {}
    for column in table.columns:
        origin = _origin(column, raw, kinds, table, source)
        if origin is not None:
            found[column.name] = origin
    derived = table.name == "transactions" and "amount" not in found and {"quantity", "unit_price"} <= found.keys()
    made_order = table.name == "transactions" and "order_id" not in found
    for column in table.columns:
        made = column.name == MADE_IDS.get(table.name) or (column.name == "order_id" and made_order)
        if column.required and column.name not in found and not made:
            raise DataError(
                f"{raw.label} has no column for {column.name}",
                f"map one under data.{table.name}.columns, for example {{{column.name}: {_nearest(column.name, raw)}}}",
                code="missing_column",
                file=raw.label,
                field=column.name,
                table=table.name,
            )
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
    columns = tuple(column.name for column in table.columns if column.name in found or column.name in added)
    return Plan(table, casts, columns, derived, made_order, _left_out(raw, table, source))


def _origin(
    column: Column, raw: RawFile, kinds: dict[str, str], table: Table, source: SourceSettings
) -> tuple[str, str] | None:
    """SQL and type of what feeds a column, None if nothing does."""
    name = column.name
    if name in source.constants:
        return literal(source.constants[name]), "VARCHAR"
    if name in source.lists:
        for theirs in source.lists[name]:
            _check_there(theirs, name, raw, table)
        return list_of([place_of(raw.columns.index(theirs)) for theirs in source.lists[name]]), "VARCHAR[]"
    theirs = source.columns.get(name, name)
    if theirs == "" or (name not in source.columns and theirs not in raw.columns):
        return None
    _check_there(theirs, name, raw, table)
    kind = kinds[theirs]
    if kind == "VARCHAR[]" and column.type != "texts":
        raise _nested(theirs, kind, raw)
    return place_of(raw.columns.index(theirs)), kind


def _check_there(theirs: str, name: str, raw: RawFile, table: Table) -> None:
    if theirs in raw.columns:
        return
    if theirs in raw.unusable:
        raise _nested(theirs, raw.unusable[theirs], raw)
    raise DataError(
        f"{raw.label} has no column {theirs!r} (for {name}); it has {_listed(raw.columns)}",
        f"correct data.{table.name}.columns.{name}, perhaps to {_nearest(theirs, raw)!r}",
        code="missing_column",
        file=raw.label,
        field=name,
        value=theirs,
        table=table.name,
    )


def _nested(theirs: str, kind: str, raw: RawFile) -> DataError:
    return DataError(
        f"the column {theirs!r} of {raw.label} is nested or binary ({kind})",
        "give plain columns",
        code="nested_column",
        file=raw.label,
        field=theirs,
        value=kind,
    )


def _check_delimiter(raw: RawFile, table: Table, source: SourceSettings) -> None:
    """A file whose only column is called like a whole header line was split at the wrong character."""
    name = raw.columns[0] if len(raw.columns) == 1 else ""
    character = next((character for character in DELIMITERS if character in name), None)
    if character is not None and name not in source.columns.values():
        raise DataError(
            f"{raw.label} has one column only, {name!r}",
            f"set data.{table.name}.delimiter to {DELIMITERS[character]!r}",
            code="wrong_delimiter",
            file=raw.label,
            table=table.name,
        )


def _check_names(table: Table, source: SourceSettings) -> None:
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
                hint = f"perhaps {near[0]}" if near else f"the contract has {', '.join(table.by_name)}"
                raise SettingsError(
                    f"data.{table.name}.{place} names {name!r}, which {table.name} does not have",
                    hint,
                    field=f"data.{table.name}.{place}.{name}",
                    value=name,
                )
            if place in ("lists", "splitters") and table.by_name[name].type != "texts":
                raise SettingsError(
                    f"data.{table.name}.{place} names {name!r}, which is not a list",
                    "map it under columns",
                    field=f"data.{table.name}.{place}.{name}",
                )
    given = [name for place in ("columns", "constants", "lists") for name in places[place]]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SettingsError(
            f"data.{table.name} says twice where {twice[0]} comes from",
            "keep one of columns, constants and lists",
            field=f"data.{table.name}.columns.{twice[0]}",
        )


def _left_out(raw: RawFile, table: Table, source: SourceSettings) -> str:
    conditions = []
    for name, values in source.drop_where.items():
        theirs = source.columns.get(name) or name
        _check_there(theirs, f"drop_where.{name}", raw, table)
        listed = ", ".join(literal(value) for value in values)
        conditions.append(
            f"coalesce({place_of(raw.columns.index(theirs))}::VARCHAR, '') IN ({listed})" if values else "false"
        )
    return " OR ".join(conditions) or "false"


def _nearest(name: str, raw: RawFile) -> str:
    near = difflib.get_close_matches(name, raw.columns, 1, cutoff=0.3)
    return near[0] if near else (raw.columns[0] if raw.columns else "theirs")


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")
