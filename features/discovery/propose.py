"""From files to the settings they need: which is what, how they belong together, what is open."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from configs.errors import DataError
from features.discovery import join_queries as joins
from features.discovery.found import Choices, Comment, Option, Proposal, Question
from features.discovery.log import settle_log
from features.discovery.profile import FileFacts
from features.discovery.roles import Reading, assign, by_values, money_by_values, read_file
from features.discovery.side_tables import join_customers, mapped, overlap, settle_table
from features.discovery.time_forms import settle_times
from features.discovery.words import known
from features.ingestion.sources import SUFFIXES

Look = Callable[[tuple[Path, ...], int, datetime | None], FileFacts]
_ONE_EACH = ("customers", "products", "feedback", "interactions", "treatments", "aliases")


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: a folder stands for the tables in it.

    Raises
    ------
    DataError
        Nothing is there.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = tables_in(path)
            if not inside:
                raise DataError("folder_without_tables", code="source_missing", file=str(path))
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataError("path_missing", code="source_missing", file=str(path))
    return list(dict.fromkeys(found))


def look_at(paths: Sequence[Path], look: Look, today: datetime | None) -> tuple[list[FileFacts], list[Comment]]:
    """Every table among the files; files of the same columns and form are one table.

    Files that are no tables are told and left out, unless none is left.
    """
    seen: list[FileFacts] = []
    told: list[Comment] = []
    wrong: list[DataError] = []
    for number, path in enumerate(paths):
        try:
            seen.append(look((path,), number, today))
        except DataError as error:
            wrong.append(error)
            told.append(Comment("not_a_table", {"file": path.name, "reason": error.message}, loud=True))
    if not seen:
        raise wrong[0]
    groups: dict[str, list[FileFacts]] = {}
    for facts in seen:
        alike = repr((facts.format, facts.source, list(facts.columns)))
        groups.setdefault(alike, []).append(facts)
    files = []
    for group in groups.values():
        if len(group) == 1:
            files += group
        else:
            together = tuple(facts.paths[0] for facts in group)
            files.append(look(together, len(paths) + len(files), today))
            told.append(Comment("one_table", {"files": ", ".join(path.name for path in together)}))
    return files, told


def propose(files: list[FileFacts], base: Path, chosen: Choices) -> Proposal:
    """Settings for the tables that were looked at.

    Parameters
    ----------
    files : list of FileFacts
    base : Path
        Folder of the settings file, which paths are relative to.
    chosen : dict
        Answers to questions of an earlier proposal.

    Raises
    ------
    DataError
        No file can be a purchase log.
    """
    proposal = Proposal()
    if _ready_mapping(files, base, proposal):
        return proposal
    named = {key.removeprefix("columns."): value for key, value in chosen.items() if key.startswith("columns.")}
    readings = [reading for facts in files if (reading := read_file(facts, {})) is not None]
    log, lines = _find_log(files, readings, named, proposal)
    customers = next(
        (reading for reading in readings if reading.table == "customers" and reading.facts is not log.facts), None
    )
    if customers is not None and "customer_id" not in named and "customer_id" in log.columns:
        better = join_customers(customers, log)
        if better is not None:
            customers.take("customer_id", better[0], 0.8)
            log.take("customer_id", better[1], 0.8)
    settle_log(log, lines, base, chosen, proposal, path_of)
    used = {id(log.facts)} | ({id(lines.facts)} if lines is not None else set())
    for reading in readings:
        if id(reading.facts) not in used and reading.table in _ONE_EACH:
            if f"{reading.table}" in proposal.raw["data"]:
                proposal.said.append(
                    Comment("second_table", {"file": reading.facts.label, "table": reading.table}, loud=True)
                )
            elif _add_table(reading, log, lines, base, chosen, proposal):
                used.add(id(reading.facts))
    _tell_left_out(files, readings, used, log, proposal)
    return proposal


def _find_log(
    files: list[FileFacts], readings: list[Reading], named: dict[str, str], proposal: Proposal
) -> tuple[Reading, Reading | None]:
    """The purchase log, and the items that belong to it where they are in a file of their own."""
    logs = [reading for reading in readings if reading.table == "transactions"]
    for lines in [reading for reading in readings if reading.table == "lines"]:
        orders = joins.partner(lines, logs)
        if orders is not None and not orders.has("product_id", "unit_price"):
            return (_again(orders, named) if named else orders), lines
    if logs:
        best = max(logs, key=lambda log: (log.has("product_id") or log.has("quantity"), log.facts.rows))
        return (_again(best, named) if named else best), None
    by_value = [_by_values(facts, named) for facts in files if read_file(facts, {}) is None or len(files) == 1]
    whole = [log for log in by_value if log.has("customer_id", "occurred_at")]
    if whole:
        return max(whole, key=lambda log: log.facts.rows), None
    if not by_value:
        names = ", ".join(facts.label for facts in files)
        raise DataError("no_purchase_log", code="no_log", files=names)
    log = max(by_value, key=lambda log: (len(log.columns), log.facts.rows))
    for role in ("customer_id", "occurred_at"):
        if role not in log.columns:
            _ask_column(log, role, proposal)
    return log, None


def _again(log: Reading, named: dict[str, str]) -> Reading:
    """The same file with the columns that a person named."""
    told = {role: name for role, name in named.items() if name == "" or name in log.facts.columns}
    fresh = read_file(log.facts, told)
    if fresh is None or fresh.table != "transactions":
        fresh = assign(log.facts, "transactions", told)
        fresh.layout = log.layout
    return fresh


def _by_values(facts: FileFacts, named: dict[str, str]) -> Reading:
    log = assign(facts, "transactions", {role: name for role, name in named.items() if name in facts.columns})
    by_values(log)
    if log.has("customer_id", "occurred_at"):
        money_by_values(log)
    return log


def _ask_column(log: Reading, role: str, proposal: Proposal) -> None:
    """A column that there must be and that nothing tells: the candidates, none of them taken by itself."""
    taken = set(log.columns.values())
    options = [Option(name, Comment("plain", {"text": name})) for name in log.facts.names if name not in taken]
    proposal.questions.append(
        Question(f"columns.{role}", Comment(f"ask_{role}", {"file": log.facts.label}), tuple(options), needed=True)
    )


def _add_table(
    reading: Reading, log: Reading, lines: Reading | None, base: Path, chosen: Choices, proposal: Proposal
) -> bool:
    """One of the other tables; False where it says nothing that the contract holds."""
    place = f"data.{reading.table}"
    facts = reading.facts
    query = None
    if reading.table == "feedback" and "customer_id" not in reading.columns:
        if (
            not log.has("order_id")
            or overlap(reading, reading.columns["order_id"], log.facts, log.columns["order_id"]) < 0.5
        ):
            return False
        query = joins.with_customer(reading, log)
        joins.one_folder([reading, log])
    if reading.table in ("customers", "products") and len(mapped(reading)) < 2:
        return False
    proposal.set(f"{place}.path", path_of(facts.paths if query is None else (facts.paths[0].parent,), base))
    for name, value in facts.source.items():
        proposal.set(f"{place}.{name}", value)
    if query is not None:
        proposal.set(f"{place}.format", facts.format)
        proposal.set(f"{place}.query", query, Comment("joined", {"file": log.facts.label}))
    settle_table(reading, log, proposal)
    columns = mapped(reading)
    if query is not None:
        columns["customer_id"] = "holdfast_customer"
    made = {
        *proposal.raw["data"][reading.table].get("constants", {}),
        *proposal.raw["data"][reading.table].get("lists", {}),
    }
    columns |= {
        name: "" for name in facts.names if name not in columns and name not in made and _ours(name, reading.table)
    }
    proposal.set(f"{place}.columns", columns)
    for role, sure in reading.sure.items():
        if sure < 0.5 and role in columns:
            proposal.say(f"{place}.columns.{role}", Comment("unsure", sure=sure))
    settle_times(reading, place, chosen, proposal)
    return True


def _ours(name: str, table: str) -> bool:
    from features.tables import TABLES

    return table in TABLES and name in TABLES[table].by_name


def _tell_left_out(
    files: list[FileFacts], readings: list[Reading], used: set[int], log: Reading, proposal: Proposal
) -> None:
    for facts in files:
        if id(facts) in used:
            continue
        reading = next((reading for reading in readings if reading.facts is facts), None)
        if reading is not None and reading.table == "transactions":
            same = (
                overlap(log, log.columns["order_id"], facts, reading.columns["order_id"])
                if log.has("order_id") and reading.has("order_id")
                else 0.0
            )
            key = "same_orders" if same > 0.5 else "second_log"
            proposal.said.append(Comment(key, {"file": facts.label, "log": log.facts.label}, loud=key == "second_log"))
        else:
            proposal.said.append(Comment("left_out", {"file": facts.label}))


def _ready_mapping(files: list[FileFacts], base: Path, proposal: Proposal) -> bool:
    """Take a ready mapping where all of its files are there."""
    by_stem = {facts.stem: facts for facts in files}
    for name, tables in known()["mappings"].items():
        if not all(stem in by_stem and set(needed) <= by_stem[stem].columns.keys() for stem, needed in tables.items()):
            continue
        folder = path_of((by_stem[next(iter(tables))].paths[0].parent,), base)
        proposal.set("data.mapping", name, Comment("ready_mapping", {"name": name}))
        for table in ("transactions", "customers", "products", "feedback"):
            proposal.set(f"data.{table}.path", folder)
        return True
    return False


def path_of(paths: Sequence[Path], base: Path) -> str:
    """How the settings name a file, several files or a folder.

    Raises
    ------
    DataError
        Several files that no folder and no pattern names alone.
    """
    first = paths[0].resolve()
    if len(paths) == 1:
        name = first if not glob.has_magic(first.name) else first.with_name(glob.escape(first.name))
        return _relative(name, base)
    wanted = {path.resolve() for path in paths}
    folder = Path(os.path.commonpath([path.parent for path in wanted]))
    if {file.resolve() for file in tables_in(folder)} == wanted:
        return _relative(folder, base)
    names = [path.name for path in wanted]
    start, end = _shared(names), _shared([name[::-1] for name in names])[::-1]
    pattern = f"{glob.escape(start)}*{glob.escape(end)}"
    if {file.resolve() for file in first.parent.glob(pattern)} == wanted:
        return _relative(first.parent / pattern, base)
    raise DataError("files_without_common_name", code="no_common_name", files=", ".join(sorted(names)))


def _shared(names: list[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    return first[: next((place for place, letter in enumerate(first) if last[place : place + 1] != letter), len(first))]


def _relative(path: Path, base: Path) -> str:
    """Relative where the file lies beside or below the settings; absolute paths break when a folder moves."""
    inside = os.path.relpath(path, base.resolve())
    return str(path) if inside.startswith(f"..{os.sep}..{os.sep}..") else inside


def tables_in(folder: Path) -> list[Path]:
    """The tables of a folder; those of its subfolders where it has none itself, as the ingest takes them."""
    inside = [file for file in sorted(folder.rglob("*")) if file.is_file() and _is_table(file)]
    return [file for file in inside if file.parent == folder] or inside


def _is_table(path: Path) -> bool:
    suffix = path.suffix.lower()
    packed = suffix == ".gz" and Path(path.stem).suffix.lower() in SUFFIXES
    return not path.name.startswith((".", "~$")) and (suffix in SUFFIXES or suffix == ".zip" or packed)


def tell(comments: list[Comment], proposal: Proposal) -> Proposal:
    """Put what was told of the files before it before what the proposal says."""
    proposal.said[:0] = comments
    return proposal


__all__ = ["find_files", "look_at", "path_of", "propose", "tell"]
