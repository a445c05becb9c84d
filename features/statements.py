"""What an engine executes: plans, built and compiled only where nobody has kept their statements.

Building and compiling the features takes longer than computing them for one customer, and so does importing the
compiler. Statements depend on what the plan was asked for (the shape of the tables, moments, windows), the source of
this room and the compiler alone. All of these are in the name of the file that keeps them in the work folder, so a
kept one is never out of date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec

from configs.files import read_checked, write_checked
from features.dialects import Dialect, to_sql

FOLDER = ".statements"
MOST = 256
"""Plans kept; the oldest go first."""

P = ParamSpec("P")


@dataclass(frozen=True)
class Step:
    """A statement to be: what its answer is called, its expression, and what earlier answers are of no use after it."""

    name: str
    expression: Any
    drops: tuple[str, ...] = ()

    def sql(self, dialect: Dialect = "duckdb", *, pretty: bool = False) -> str:
        """The text, compiled now."""
        return to_sql(self.expression, dialect, pretty=pretty)


@dataclass(frozen=True)
class Statement:
    """A step in the words of a dialect."""

    name: str
    sql: str
    drops: tuple[str, ...] = ()


class Plan:
    """Steps in their order, not yet built.

    Parameters
    ----------
    key : tuple
        All that the steps depend on beside the source of this room; its `repr` says it fully.
    build : callable
        Builds the steps.
    """

    def __init__(self, key: tuple[Hashable, ...], build: Callable[[], Step | Sequence[Step]]) -> None:
        self.key = key
        self._build = build
        self._made: dict[Dialect, tuple[Statement, ...]] = {}

    def steps(self) -> list[Step]:
        """The steps, built now."""
        built = self._build()
        return [built] if isinstance(built, Step) else list(built)

    def statements(self, dialect: Dialect, work: Path | None = None) -> tuple[Statement, ...]:
        """The statements: those of an earlier call, else those kept in `work`, else compiled now and kept.

        Parameters
        ----------
        dialect : {"duckdb", "spark"}
        work : Path or None
            Folder to keep them in; None: nowhere. A folder that cannot be written, or a file that is not what was
            written, is no error.
        """
        made = self._made.get(dialect)
        if made is None:
            made = self._made[dialect] = self._compiled(dialect) if work is None else self._kept(dialect, work)
        return made

    def _compiled(self, dialect: Dialect) -> tuple[Statement, ...]:
        return tuple(Statement(step.name, step.sql(dialect), step.drops) for step in self.steps())

    def _kept(self, dialect: Dialect, work: Path) -> tuple[Statement, ...]:
        name = hashlib.sha256(f"{_compiler()} {dialect} {self.key!r}".encode()).hexdigest()[:32]
        file = work / FOLDER / f"{name}.json"
        try:
            rows = read_checked(file)["statements"]
            return tuple(Statement(row["name"], row["sql"], tuple(row["drops"])) for row in rows)
        except (OSError, ValueError, KeyError, TypeError):
            made = self._compiled(dialect)
        try:
            file.parent.mkdir(exist_ok=True)
            write_checked(file, {"statements": [asdict(one) for one in made]}, private=True)
            for old in sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-MOST]:
                old.unlink(missing_ok=True)
        except OSError:
            pass
        return made


def planned(build: Callable[P, Step | list[Step]]) -> Callable[P, Plan]:
    """Turn a function that builds steps into one that gives the plan of them.

    The arguments become the plan's key, so they must be hashable and say in their `repr` all that they are.
    """

    @lru_cache(maxsize=64)
    def plan(*args: Any, **kwargs: Any) -> Plan:
        key = (build.__module__, build.__qualname__, args, tuple(kwargs.items()))
        return Plan(key, lambda: build(*args, **kwargs))

    return wraps(build)(plan)  # type: ignore[return-value]


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
