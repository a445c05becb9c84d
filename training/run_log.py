"""The local run log: a SQLite file that is made and migrated aside, so a killed process leaves the old one or a new.

MLflow alone makes its tables one after the other in the file itself; what was killed on the way cannot be opened again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from configs.catalogue import phrase

RUN_LOG = "mlflow.db"
SECONDS = 5.0
"""How long to wait for another program that writes to the file."""


def prepare_run_log(path: Path) -> str | None:
    """Make sure that a whole run log of this version of MLflow lies at a path.

    Parameters
    ----------
    path : Path
        Made if it is missing, migrated if it is older, and moved aside if it is damaged.

    Returns
    -------
    str or None
        A sentence about a damaged file and where it is now, without the final full stop.

    Raises
    ------
    sqlite3.OperationalError
        Another program holds the file.
    """
    if not path.exists():
        _replace(path, None)
        return None
    if not is_sound(path):
        return _moved_aside(path)
    if _revision(path) == _wanted():
        return None
    try:
        _replace(path, path)
    except Exception:
        return _moved_aside(path)
    return None


def is_sound(path: Path) -> bool:
    """Whether SQLite finds the file whole; a file in use by another program is no damage."""
    try:
        with _opened(path) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchall() == [("ok",)])
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise
        return False
    except sqlite3.DatabaseError:
        return False


def _revision(path: Path) -> str | None:
    try:
        with _opened(path) as connection:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        return str(rows[0][0]) if len(rows) == 1 else None
    except sqlite3.DatabaseError:
        return None


def _wanted() -> str:
    from mlflow.store.db import utils

    revision: Any = utils._get_latest_schema_revision  # has no types
    return str(revision())


def _replace(path: Path, old: Path | None) -> None:
    """A new file, or the old one migrated, in place of what is there; nothing is half done in sight."""
    from mlflow.store.db import utils

    untyped: Any = utils
    aside = path.with_name(f".{path.stem}.tmp.{os.getpid()}{path.suffix}")
    _remove(aside)
    try:
        if old is not None:
            with _opened(old) as source, _Connection(sqlite3.connect(aside)) as target:
                source.backup(target)
        engine = untyped.create_sqlalchemy_engine(f"sqlite:///{aside}")
        try:
            (untyped._initialize_tables if old is None else untyped._upgrade_db)(engine)
        finally:
            engine.dispose()
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        _remove(aside)


def _moved_aside(path: Path) -> str:
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged{number}")).exists():
        number += 1
    for suffix in ("-journal", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            shutil.move(beside, kept.with_name(kept.name + suffix))
    shutil.move(path, kept)
    _replace(path, None)
    return phrase("notes.run_log_damaged", path=path, file=kept.name)


def _remove(aside: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        aside.with_name(aside.name + suffix).unlink(missing_ok=True)


class _Connection:
    """A connection that is closed at the end of a block, which sqlite3's own is not."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> sqlite3.Connection:
        return self.connection

    def __exit__(self, *about: Any) -> None:
        self.connection.close()


def _opened(path: Path) -> _Connection:
    # not read-only: a journal that a killed process left has to be rolled back first
    return _Connection(sqlite3.connect(path, timeout=SECONDS))
