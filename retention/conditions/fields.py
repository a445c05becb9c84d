"""What conditions may speak of: columns of the scores, features, and columns of the customers table.

A feature that was not computed, because the company has no such data or the bundle was trained without it, is a column
that is not there: nothing is known of it, so a comparison with it never holds and `missing` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from features.specs import TOLD_DRIVERS
from retention.profile.dimensions import DIMENSIONS
from retention.schema import COLUMNS, FEATURES, PROFILE, VARYING, Column

FieldKind = Literal["text", "texts", "number", "time", "drivers"]
"""`texts` are lists, of which one entry is enough."""

CHANNELS = DIMENSIONS["preferred_channel"].tiers
_KINDS: dict[Any, FieldKind] = {str: "text", float: "number", int: "number", date: "time", datetime: "time"}


@dataclass(frozen=True)
class Field:
    """A column that conditions may speak of; `choices` empty means any text."""

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()


def _field(column: Column) -> Field:
    if column.name == "drivers":
        return Field("drivers", "drivers", TOLD_DRIVERS)
    kind = "texts" if column.entry is str else _KINDS[column.type]
    return Field(column.name, kind, column.choices)


FIELDS: dict[str, Field] = {
    # a column of the scores comes last: it wins over the feature of the same name that it was made from
    column.name: _field(column)
    for column in (*FEATURES, *PROFILE, *COLUMNS)
    if column.condition and column not in VARYING
}
"""Every column that a condition may name."""
