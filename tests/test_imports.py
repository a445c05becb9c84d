"""No circle of imports, also not inside functions or under TYPE_CHECKING; and contracts that name all they mean."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parents[1]
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
ROOMS: list[str] = SETTINGS["root_packages"]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, exclude_type_checking_imports=False, cache_dir=None)


def circles(graph: grimp.ImportGraph) -> list[set[str]]:
    """Groups of modules that reach each other (Tarjan 1972), without recursion."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    found: list[set[str]] = []
    for start in sorted(graph.modules):
        if start in order:
            continue
        work = [(start, iter(sorted(graph.find_modules_directly_imported_by(start))))]
        order[start] = lowest[start] = len(order)
        open_.append(start)
        while work:
            module, rest = work[-1]
            below = next(rest, None)
            if below is None:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[module])
                if lowest[module] == order[module]:
                    place = open_.index(module)
                    group, open_[place:] = set(open_[place:]), []
                    if len(group) > 1:
                        found.append(group)
            elif below not in order:
                order[below] = lowest[below] = len(order)
                open_.append(below)
                work.append((below, iter(sorted(graph.find_modules_directly_imported_by(below)))))
            elif below in open_:
                lowest[module] = min(lowest[module], order[below])
    return found


def test_no_modules_import_each_other_in_a_circle(graph: grimp.ImportGraph) -> None:
    assert circles(graph) == []


def test_the_contract_on_mlflow_names_every_other_module() -> None:
    contracts = SETTINGS["contracts"]
    (own,) = [contract for contract in contracts if contract["name"].startswith("Only tracking")]
    (serves,) = [contract for contract in contracts if contract["name"].startswith("What serves")]
    training = {f"training.{file.stem}" for file in (ROOT / "training").glob("[!_]*.py")}
    named = set(own["source_modules"]) | set(serves["source_modules"])
    assert named == (set(ROOMS) - {"training"}) | (training - {"training.tracking", "training.run_log"})


def test_every_room_stands_in_the_layers() -> None:
    layers = SETTINGS["contracts"][0]["layers"]
    assert {room for layer in layers for room in layer.split(" | ")} == set(ROOMS)


def test_a_circle_would_be_found() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("c", "e")):
        graph.add_import(importer=importer, imported=imported)
    assert circles(graph) == [{"a", "b", "c"}]
