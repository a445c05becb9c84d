"""The scores table as a file: its columns, their types, and atomic writing as Parquet or CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from configs.errors import DataError, InputError
from configs.files import atomic_path, write_bytes_atomic
from configs.sealed import is_whole, write_sealed
from configs.spreadsheets import csv_bytes
from retention.profile.dimensions import DIMENSIONS

if TYPE_CHECKING:
    import pyarrow as pa

KEY_COLUMNS = ("customer_id", "as_of", "horizon_days")
MAIN_NUMBERS = (
    "churn_probability",
    "next_order_date",
    "expected_orders",
    "expected_spend",
    "headroom",
    "lifetime_days",
    "lifetime_value",
    "lifetime_value_low",
    "lifetime_value_high",
)
STATE_COLUMNS = (
    "stage",
    "stage_since",
    "stage_because",
    "member_level",
    "member_since",
    "member_because",
    "segment",
    "segment_en",
    "segment_zh",
    "evidence",
    "evidence_reason",
)
LIST_COLUMNS = ("reasons", "warnings", "strategies", "changes", "spend_reasons", "lifetime_reasons", "categories")
SUM_COLUMNS = ("churn_base", "drivers", "spend_base", "spend_drivers", "lifetime_base", "lifetime_drivers")
CSV_LISTS = ("reasons", "warnings", "strategies", "changes")
_LISTS = {*LIST_COLUMNS, "drivers", "spend_drivers", "lifetime_drivers"}
STAMP_COLUMNS = ("model_version", "feature_fingerprint", "scored_at")

TIMES = ("as_of", "next_order_date", "next_order_date_low", "next_order_date_high", "stage_since", "member_since")
WHOLE = ("horizon_days", "lifetime_days")


_STAMP_KEY = b"holdfast_run"


@dataclass(frozen=True)
class RunStamp:
    """What a scores table was made of, kept in its file: runs with the same stamp say the same.

    Attributes
    ----------
    as_of : str
        Moment, ISO, UTC.
    model : str
        Bundle id.
    data : str
        Hash of the canonical tables.
    """

    as_of: str
    model: str
    data: str


def dimension_columns() -> list[str]:
    """Columns of all dimensions, in order."""
    found = []
    for code, dimension in DIMENSIONS.items():
        found += [code, f"{code}_tier", f"{code}_evidence"]
        if dimension.kind == "level":
            found += [f"{code}_low_below", f"{code}_high_from"]
    return found


def column_order(present: list[str]) -> list[str]:
    """Columns in the order of the table: the named ones first, then further horizons, then the sums and stamps."""
    head = [*KEY_COLUMNS, *MAIN_NUMBERS, *dimension_columns(), *STATE_COLUMNS, *LIST_COLUMNS]
    tail = [*SUM_COLUMNS, *STAMP_COLUMNS]
    named = set(head) | set(tail)
    further = [name for name in present if name not in named]
    return [name for name in [*head, *further, *tail] if name in set(present)]


def _reason_type() -> pa.DataType:
    import pyarrow as pa

    return pa.list_(
        pa.struct(
            [
                ("driver", pa.string()),
                ("points", pa.float64()),
                ("direction", pa.string()),
                ("feature", pa.string()),
                ("value", pa.float64()),
                ("typical", pa.float64()),
                ("value_text", pa.string()),
                ("typical_text", pa.string()),
                ("actionable", pa.bool_()),
                ("text_en", pa.string()),
                ("text_zh", pa.string()),
            ]
        )
    )


def _list_types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    points = pa.list_(pa.struct([("driver", pa.string()), ("points", pa.float64())]))
    warning = pa.list_(
        pa.struct(
            [
                ("code", pa.string()),
                ("sign", pa.string()),
                ("size", pa.float64()),
                ("value", pa.float64()),
                ("normal", pa.float64()),
                ("unit", pa.string()),
                ("since", pa.timestamp("us")),
                ("text_en", pa.string()),
                ("text_zh", pa.string()),
            ]
        )
    )
    change = pa.list_(
        pa.struct(
            [
                ("kind", pa.string()),
                ("field", pa.string()),
                ("before", pa.string()),
                ("after", pa.string()),
                ("difference", pa.float64()),
                ("text_en", pa.string()),
                ("text_zh", pa.string()),
            ]
        )
    )
    categories = pa.list_(
        pa.struct(
            [
                ("level", pa.int64()),
                ("category", pa.string()),
                ("parent", pa.string()),
                ("order", pa.int64()),
                ("spent", pa.float64()),
                ("share", pa.float64()),
                ("tier", pa.string()),
                ("count", pa.int64()),
                ("count_90d", pa.int64()),
                ("count_prior_90d", pa.int64()),
                ("line", pa.string()),
                ("role", pa.string()),
            ]
        )
    )
    return {
        "reasons": _reason_type(),
        "spend_reasons": _reason_type(),
        "lifetime_reasons": _reason_type(),
        "drivers": points,
        "spend_drivers": points,
        "lifetime_drivers": points,
        "warnings": warning,
        "changes": change,
        "categories": categories,
    }


def to_arrow(scores: pd.DataFrame) -> pa.Table:
    """The scores table with the types that files have.

    Numbers are float64 (null = unknown), moments are timestamps in UTC, lists are lists of structs.

    Examples
    --------
    >>> from datetime import datetime
    >>> table = to_arrow(pd.DataFrame({"customer_id": ["7"], "as_of": [datetime(2024, 1, 1)], "drivers": [[]]}))
    >>> table.schema.field("drivers").type.value_type.field("points").type
    DataType(double)
    """
    import pyarrow as pa

    lists = _list_types()
    numeric_dimensions = {code for code, dimension in DIMENSIONS.items() if dimension.unit != "code"}
    arrays, fields = [], []
    for name in column_order(list(scores.columns)):
        column = scores[name]
        kind: Any
        if name in lists:
            kind = lists[name]
            array = pa.array(column.tolist(), type=kind)
        elif name == "strategies":
            array = pa.array(column.tolist()) if any(column) else pa.nulls(len(column), pa.list_(pa.null()))
            kind = array.type
        elif name in TIMES or name == "scored_at":
            kind = pa.timestamp("us")
            array = pa.array(column.to_numpy(dtype="datetime64[us]"), type=kind)
        elif name in WHOLE:
            kind = pa.int64()
            array = pa.array(column.to_numpy(), type=kind)
        elif name in numeric_dimensions or pd.api.types.is_float_dtype(column.dtype):
            kind = pa.float64()
            array = pa.array(np.asarray(column, dtype=np.float64), type=kind, from_pandas=True)
        else:
            kind = pa.string()
            array = pa.array([None if _missing(v) else str(v) for v in column.tolist()], type=kind)
        arrays.append(array)
        fields.append(pa.field(name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def write_scores(scores: pd.DataFrame, path: Path, *, stamp: RunStamp | None = None) -> None:
    """Write the scores table, whole or not at all; the suffix chooses Parquet or CSV.

    CSV is for people (see `to_csv`). Parquet keeps the stamp of the run and says itself whether it is whole
    (`configs.sealed`). Nobody but the owner may read the file.

    Raises
    ------
    InputError
        Another suffix.
    """
    if path.suffix == ".parquet":
        with atomic_path(path, private=True) as aside:
            write_parquet(scores, aside, stamp=stamp)
    elif path.suffix == ".csv":
        write_bytes_atomic(path, to_csv(scores), private=True)
    else:
        raise InputError(
            f"scores cannot be written to {path.name}: the suffix {path.suffix!r} is not known",
            "give a name that ends in .parquet or .csv",
            field="out",
            value=str(path),
        )


def write_parquet(scores: pd.DataFrame, path: Path, *, stamp: RunStamp | None = None) -> None:
    """Write the scores table with its stamp to a path that `configs.files` gave."""
    table = to_arrow(scores)
    if stamp is not None:
        table = table.replace_schema_metadata({_STAMP_KEY: json.dumps(asdict(stamp), sort_keys=True)})
    write_sealed(table, path)


def to_csv(scores: pd.DataFrame) -> bytes:
    """The scores table as CSV for people: UTF-8 with a byte-order mark, lists as their texts in either language.

    `reasons_en`, `reasons_zh`, … hold one entry per line of the cell, `drivers` the points of every family as
    ``recency=0.0123; …``. The points of spend and lifetime value stand in the Parquet file only.
    """
    import pyarrow as pa
    import pyarrow.compute

    table = to_arrow(scores[[name for name in scores.columns if name not in _LISTS]])
    columns: dict[str, Any] = {}
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_timestamp(field.type):
            column = pa.compute.strftime(column.cast(pa.timestamp("s"), safe=False), format="%Y-%m-%dT%H:%M:%S")
        columns[field.name] = column
    for name in CSV_LISTS:
        if name in scores.columns:
            for lang in ("en", "zh"):
                key = f"name_{lang}" if name == "strategies" else f"text_{lang}"
                cells = ["\n".join(str(one[key]) for one in row) for row in scores[name].tolist()]
                columns[f"{name}_{lang}"] = pa.array(cells, pa.string())
    if "drivers" in scores.columns:
        told = ["; ".join(f"{one['driver']}={one['points']:.6g}" for one in row) for row in scores["drivers"].tolist()]
        columns["drivers"] = pa.array(told, pa.string())
    return csv_bytes(columns)


def read_stamp(path: Path) -> RunStamp | None:
    """The stamp of a scores file; None where it has none, cannot be read or is not what was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if not is_whole(path):
            return None
        return RunStamp(**json.loads((pq.read_schema(path).metadata or {})[_STAMP_KEY]))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
        return None


def read_scores(path: Path, *, customers: Sequence[str] | None = None, lists: bool = True) -> pd.DataFrame:
    """Read a scores table written as Parquet; list columns come back as Python lists of dicts.

    Parameters
    ----------
    path : Path
        A file that `write_scores` wrote.
    customers : sequence of str, optional
        Only these.
    lists : bool
        False: of the list columns only `drivers`, which is enough to compare runs and much faster.

    Raises
    ------
    DataError
        Missing, unreadable, not a scores table, or not what was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        chosen = None if customers is None else [("customer_id", "in", list(customers))]
        names = None if lists else [one for one in pq.read_schema(path).names if one not in _LISTS or one == "drivers"]
        table = pq.read_table(path, filters=chosen, columns=names)
    except FileNotFoundError:
        raise DataError(f"the scores file {path} does not exist", "run holdfast score first", file=str(path)) from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"the scores file {path} cannot be read ({error})", "write it again", file=str(path)) from None
    lacking = [name for name in ("customer_id", "as_of", "churn_probability") if name not in table.column_names]
    if lacking:
        raise DataError(
            f"{path} is not a scores table: it has no column {lacking[0]!r}",
            "name a file that holdfast score wrote",
            file=str(path),
            field=lacking[0],
        )
    if not is_whole(path):
        raise DataError(
            f"the scores file {path} is not what was written: it was damaged, changed or written by another version",
            "run holdfast score again",
            code="scores_changed",
            file=str(path),
        )
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_list(column.type) or pa.types.is_string(column.type):
            columns[name] = pd.Series(column.to_pylist(), dtype=object)
        else:
            columns[name] = column.to_pandas()
    return pd.DataFrame(columns)
