"""The canonical tables are asked in `features` alone: no other room has a query, or an engine, of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("configs", "models", "retention", "evaluation", "reporting", "training", "serving", "pipelines")
ENGINES = ("duckdb", "pyspark", "sqlglot", "ibis", "features.connection", "features.dialects", "features.relations")
QUERY = re.compile(r"\bSELECT\b[\s\S]*\bFROM\b")
OWN_DATABASE = {"training/run_log.py": "SELECT version_num FROM alembic_version"}
"""What asks another database than the canonical tables: the file and its query."""


def modules() -> list[Path]:
    return sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("room", ROOMS)
def test_only_features_queries_the_tables(room: str) -> None:
    for file in sorted((ROOT / room).rglob("*.py")):
        name, tree = str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))
        engines = {module for module in imported(tree) for engine in ENGINES if f"{module}.".startswith(f"{engine}.")}
        assert not engines, f"{name} imports {sorted(engines)}; ask through features.extracts"
        queries = [text for text in texts(tree) if QUERY.search(text) and text != OWN_DATABASE.get(name)]
        assert not queries, f"{name} has a query of its own: {queries[0]!r}; write it as a relation in features"


def test_the_rooms_are_read() -> None:
    assert len(modules()) > 100
    assert next(texts(ast.parse("f'SELECT {a} FROM t'"))) == "SELECT x FROM t"
    assert QUERY.search("SELECT x\nFROM t") and not QUERY.search("select one from the list")
