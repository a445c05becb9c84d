"""DuckDB that can compute and do nothing else: no extensions, no files, no host settings.

Rows reach it as Arrow batches that we read and checked ourselves, so it needs no access to any file but its own
spill folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

_SAFE: dict[str, str | bool | int | float | list[str]] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


def hardened(spill: Path, *, threads: int, database: Path | None = None) -> Any:
    """Open a connection without access to extensions, files or settings.

    Parameters
    ----------
    spill : Path
        Folder for what does not fit into memory; must exist.
    threads : int
        Worker threads; results do not depend on it.
    database : Path, optional
        A DuckDB file to read (read-only); in memory without it.

    Raises
    ------
    duckdb.Error
        The database file cannot be opened.
    """
    config = {**_SAFE, "threads": str(threads)}
    if database is None:
        connection = duckdb.connect(":memory:", config=config)
    else:
        connection = duckdb.connect(str(database), read_only=True, config=config)
    folder = str(spill).replace("'", "''")
    # The session zone must be fixed: casts between the two timestamp types would else use the host's zone.
    for statement in (
        "SET TimeZone='UTC'",
        f"SET temp_directory='{folder}'",
        f"SET allowed_directories=['{folder}']",
        "SET enable_progress_bar=false",
        "SET preserve_insertion_order=true",
        "SET enable_external_access=false",
        "SET lock_configuration=true",
    ):
        connection.execute(statement)
    return connection


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def every(connection: Any, statement: str, parameters: list[Any] | None = None) -> list[Any]:
    """All rows of a query; the result is finished, which the next statement requires."""
    return list(connection.execute(statement, parameters).fetchall())


def one(connection: Any, statement: str, parameters: list[Any] | None = None) -> Any:
    """The first row of a query, None if there is none."""
    rows = every(connection, statement, parameters)
    return rows[0] if rows else None
