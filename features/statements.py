"""Compiled statements kept beside the canonical tables, so that a command for one customer need not compile them anew.

Compiling the features takes longer than computing them for one customer. A statement depends on the shape of the
tables, the declarations and the compiler alone; all of these are in its name, so a kept one is never out of date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from configs.files import read_checked, write_checked

FOLDER = ".statements"
MOST = 32
"""Statements kept; the oldest go first."""


@cache
def _compiler() -> str:
    """Versions of the compiler and the source of this room, as one hash."""
    digest = hashlib.sha256()
    for package in ("ibis-framework", "sqlglot", "duckdb"):
        digest.update(f"{package} {version(package)}\n".encode())
    room = Path(__file__).parent
    for file in sorted([*room.glob("*.py"), *room.glob("families/*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def kept_statement(work: Path | None, shape: object, compiled: Callable[[], str]) -> str:
    """The statement for a shape: the one kept in `work`, else compiled now and kept.

    Parameters
    ----------
    work : Path or None
        Folder to keep it in; None: it is compiled. A folder that cannot be written, or a file that is not what was
        written, is no error.
    shape : object
        What the statement depends on; its `repr` names it.
    compiled : callable
        Gives the statement.
    """
    if work is None:
        return compiled()
    file = work / FOLDER / f"{hashlib.sha256(f'{_compiler()} {shape!r}'.encode()).hexdigest()[:32]}.json"
    try:
        return str(read_checked(file)["sql"])
    except (OSError, ValueError, KeyError):
        sql = compiled()
    try:
        file.parent.mkdir(exist_ok=True)
        write_checked(file, {"sql": sql}, private=True)
        for old in sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-MOST]:
            old.unlink(missing_ok=True)
    except OSError:
        pass
    return sql
