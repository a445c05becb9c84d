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

from configs.catalogue import LANGUAGES
from configs.errors import DataError, InputError
from configs.files import atomic_path, write_bytes_atomic
from configs.sealed import is_whole, write_sealed
from configs.spreadsheets import csv_bytes
from retention.entries import arrow_type
from retention.schema import COLUMNS, column_of, column_order

if TYPE_CHECKING:
    import pyarrow as pa

LISTS = {column.name: column for column in COLUMNS if column.entry is not None}
"""Columns that hold a list of entries."""

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

    return pa.table({name: _array(name, scores[name]) for name in column_order(list(scores.columns))})


def _array(name: str, values: pd.Series[Any]) -> pa.Array:
    import pyarrow as pa

    column = column_of(name)
    if column is None:  # a feature of a bundle that was trained on other declarations
        kind = arrow_type(float if pd.api.types.is_float_dtype(values.dtype) else str)
    else:
        kind = arrow_type(column.type)
    if pa.types.is_list(kind):
        return pa.array(values.tolist(), type=kind)
    if pa.types.is_timestamp(kind):
        return pa.array(values.to_numpy(dtype="datetime64[us]"), type=kind)
    if pa.types.is_floating(kind):
        return pa.array(np.asarray(values, dtype=np.float64), type=kind, from_pandas=True)
    if pa.types.is_integer(kind):
        return pa.array(values.to_numpy(), type=kind, from_pandas=True)
    if pa.types.is_boolean(kind):
        return pa.array([None if _missing(value) else bool(value) for value in values.tolist()], type=kind)
    return pa.array([None if _missing(value) else str(value) for value in values.tolist()], type=kind)


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
        raise InputError("scores_suffix_unknown", field="out", value=str(path), name=path.name, suffix=path.suffix)


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

    table = to_arrow(scores[[name for name in scores.columns if name not in LISTS]])
    columns: dict[str, Any] = {}
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_timestamp(field.type):
            column = pa.compute.strftime(column.cast(pa.timestamp("s"), safe=False), format="%Y-%m-%dT%H:%M:%S")
        columns[field.name] = column
    for name, column in LISTS.items():
        if name in scores.columns and column.csv in ("text", "name"):
            for lang in LANGUAGES:
                cells = ["\n".join(str(one[f"{column.csv}_{lang}"]) for one in row) for row in scores[name].tolist()]
                columns[f"{name}_{lang}"] = pa.array(cells, pa.string())
        elif name in scores.columns and column.csv == "points":
            told = ["; ".join(f"{one['driver']}={one['points']:.6g}" for one in row) for row in scores[name].tolist()]
            columns[name] = pa.array(told, pa.string())
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
        names = None if lists else [one for one in pq.read_schema(path).names if one not in LISTS or one == "drivers"]
        table = pq.read_table(path, filters=chosen, columns=names)
    except FileNotFoundError:
        raise DataError("scores_file_missing", file=str(path)) from None
    except (pa.ArrowException, OSError) as error:
        raise DataError("scores_file_unreadable", file=str(path), reason=str(error)) from None
    lacking = [name for name in ("customer_id", "as_of", "churn_probability") if name not in table.column_names]
    if lacking:
        raise DataError("not_a_scores_table", file=str(path), field=lacking[0])
    if not is_whole(path):
        raise DataError("scores_file_changed", code="scores_changed", file=str(path))
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_list(column.type) or pa.types.is_string(column.type):
            columns[name] = pd.Series(column.to_pylist(), dtype=object)
        else:
            columns[name] = column.to_pandas()
    return pd.DataFrame(columns)
