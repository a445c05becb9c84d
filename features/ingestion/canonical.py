"""From staged rows to canonical Parquet: keys, order, bytes, and the moment when the new tables become the tables.

The bytes depend on the rows alone, not on their order, the number of files or threads: rows are sorted by the
contract's columns and then by all others, and written in row groups of a fixed size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from configs.errors import DataError
from configs.files import atomic_path, checked_bytes, write_set
from configs.settings import Settings
from features.connection import every, one
from features.ingestion.facts import at_row
from features.ingestion.plan import MADE_IDS
from features.ingestion.raw import ROW
from features.ingestion.texts import REASONS
from features.manifest import MANIFEST
from features.tables import Table

GROUP_ROWS = 1 << 17
_KEYS = {
    "transactions": ("order_id", "line_id"),
    "customers": ("customer_id",),
    "products": ("product_id",),
    "feedback": ("feedback_id",),
    "interactions": ("interaction_id",),
    "treatments": ("treatment_id",),
    "aliases": ("alias_id",),
}


def drop_repeated(connection: Any, table: Table, columns: tuple[str, ...], *, numbers_restart: bool = False) -> None:
    """Keep one row per key; the others go to the quarantine.

    A repeat with the same content is `repeated_row`, one with another content `conflicting_row`. Which one is kept
    follows from the content (the first in sorted order), not from the order of the file. Where order numbers start
    again, the customer is part of the key of a line.
    """
    key = _KEYS[table.name]
    if table.name == "transactions" and numbers_restart:
        key = ("customer_id", *key)
    if not set(key) <= set(columns):
        return
    names, keys = ", ".join(columns), ", ".join(key)
    given = " AND ".join(f"{name} IS NOT NULL" for name in key)
    cells = ", ".join(f"'{name}', {name}::VARCHAR" for name in columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE surplus AS SELECT rid, same FROM (SELECT rid, row_number() OVER w AS place, "
        f"content = first_value(content) OVER w AS same FROM (SELECT rowid AS rid, __file, {ROW}, {keys}, "
        f"row({names})::VARCHAR AS content FROM {table.name} WHERE ({keys}) IN (SELECT ({keys}) FROM {table.name} "
        f"WHERE {given} GROUP BY {keys} HAVING count(*) > 1)) "
        f"WINDOW w AS (PARTITION BY {keys} ORDER BY content, __file, {ROW})) WHERE place > 1"
    )
    connection.execute(
        f"INSERT INTO quarantine SELECT '{table.name}', t.__file, t.{ROW}, '{key[-1]}', left(t.{key[-1]}, 200), "
        f"CASE WHEN same THEN 'repeated_row' ELSE 'conflicting_row' END, json_object({cells})::VARCHAR "
        f"FROM surplus JOIN {table.name} AS t ON t.rowid = surplus.rid"
    )
    connection.execute(f"DELETE FROM {table.name} WHERE rowid IN (SELECT rid FROM surplus)")


def add_made_id(connection: Any, table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Give rows without an id one that follows from their content; equal rows are numbered."""
    name = MADE_IDS.get(table.name)
    if name is None or name in columns:
        return columns
    listed = ", ".join(columns)
    connection.execute(
        f"CREATE OR REPLACE TABLE {table.name} AS SELECT left(digest, 16) || '-' || "
        f"row_number() OVER (PARTITION BY digest) AS {name}, * EXCLUDE (digest) FROM "
        f"(SELECT *, md5(row({listed})::VARCHAR) AS digest FROM {table.name})"
    )
    return tuple(column.name for column in table.columns if column.name == name or column.name in columns)


def check_currencies(
    connection: Any, table: Table, columns: tuple[str, ...], settings: Settings, word: str
) -> str | None:
    """The one currency of the log; several without a rate table are refused."""
    home = settings.data.currency
    if "currency" not in columns:
        return home
    rows = every(
        connection,
        f"SELECT currency, count(*), min({ROW}), min_by(__file, {ROW}) FROM {table.name} GROUP BY 1 ORDER BY 2 DESC, 1",
    )
    odd = [row for row in rows if home is not None and row[0] != home] if home else rows[1:]
    if odd:
        name, _, line, file = odd[0]
        listed = ", ".join(f"{row[0]} ({row[1]} rows)" for row in rows[:5])
        raise DataError(
            "currencies_mixed",
            code="mixed_currencies",
            file=file,
            row=line,
            field="currency",
            value=name,
            at=at_row(word, file, line),
            names=listed,
        )
    return rows[0][0] if rows else home


def write_table(connection: Any, table: Table, columns: tuple[str, ...], target: Path) -> int:
    """Write one canonical table, sorted; returns the number of rows."""
    order = [*(name for name in table.order if name in columns), *(name for name in columns if name not in table.order)]
    sorting = ", ".join(f"{name} NULLS FIRST" for name in order)
    relation = connection.sql(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {sorting}")
    return _write(relation.to_arrow_reader(GROUP_ROWS), target)


def write_quarantine(connection: Any, folder: Path, tables: list[str]) -> dict[str, int]:
    """Write the refused rows of every table; tables without any get no file."""
    folder.mkdir(parents=True, exist_ok=True)
    codes = list(REASONS)
    connection.register(
        "reasons",
        pa.table(
            {
                "reason": codes,
                "text": [REASONS[code].en for code in codes],
                "text_zh": [REASONS[code].zh for code in codes],
            }
        ),
    )
    counts: dict[str, int] = {}
    for name in tables:
        target = folder / f"{name}.parquet"
        rows = one(connection, 'SELECT count(*) FROM quarantine WHERE "table" = ?', [name])[0]
        if rows == 0:
            continue
        relation = connection.sql(
            'SELECT source_file, "row", field, value, reason, text, text_zh, cells FROM quarantine LEFT JOIN reasons '
            f'USING (reason) WHERE "table" = \'{name}\' ORDER BY source_file, "row", reason, field, cells'
        )
        with atomic_path(target, private=True) as aside:
            counts[name] = _write(relation.to_arrow_reader(GROUP_ROWS), aside)
    for file in folder.glob("*.parquet"):
        if file.stem not in counts:
            file.unlink()
    connection.unregister("reasons")
    return counts


def publish(
    folder: Path, staged: dict[str, Path], manifest: dict[str, Any], beside: dict[Path, bytes] | None = None
) -> None:
    """Put the staged tables, and what is told of them, in place of the old ones.

    The manifest is taken away first and comes back last: a folder without one is not complete.

    Parameters
    ----------
    folder : Path
        Of the canonical tables.
    staged : dict of str to Path
        Table → file already written aside, on the same disk.
    manifest : dict
        Written with its own hash.
    beside : dict of Path to bytes, optional
        Files that belong to these tables (the data report).
    """
    files = {folder / f"{name}.parquet": path for name, path in staged.items()}
    listed = {folder / MANIFEST: checked_bytes(manifest)}
    write_set(
        {**files, **(beside or {}), **listed},
        gone=[folder / MANIFEST, *(old for old in folder.glob("*.parquet") if old not in files)],
        private=True,
    )


def _write(reader: Any, target: Path) -> int:
    rows, held, waiting = 0, [], 0
    with pq.ParquetWriter(target, reader.schema, compression="zstd", write_page_checksum=True) as writer:
        for batch in reader:
            held.append(batch)
            waiting += batch.num_rows
            rows += batch.num_rows
            while waiting >= GROUP_ROWS:
                table = pa.Table.from_batches(held)
                writer.write_table(table.slice(0, GROUP_ROWS).combine_chunks(), row_group_size=GROUP_ROWS)
                held, waiting = table.slice(GROUP_ROWS).to_batches(), waiting - GROUP_ROWS
        if waiting or rows == 0:
            writer.write_table(pa.Table.from_batches(held, reader.schema).combine_chunks(), row_group_size=GROUP_ROWS)
    return rows
