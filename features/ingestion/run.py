"""Ingest: sources in, canonical tables, quarantine and data report out, or nothing at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from configs.catalogue import phrase
from configs.errors import BusyError, DataError, HoldfastError, InputError, together
from configs.files import remove_leftovers
from configs.locks import exclusive
from configs.progress import SILENT, Progress
from configs.settings import Settings, SourceSettings
from configs.timestamps import future_from as future_moment
from features.closures import Closures
from features.connection import connect, one
from features.ingestion import canonical, facts
from features.ingestion.currency import load_rates
from features.ingestion.findings import Look, find
from features.ingestion.recorded import RECORDED, add_recorded
from features.ingestion.report import DataReport, Input, TableReport
from features.ingestion.report_html import report_files, write_report
from features.ingestion.settle import settle
from features.ingestion.shares import check_shares
from features.ingestion.sources import (
    MAX_PROBLEMS,
    InputFile,
    Place,
    check_unchanged,
    open_place,
)
from features.ingestion.staging import Stage, create_quarantine
from features.ingestion.sums import set_apart_sums
from features.ingestion.times import check_date_format
from features.ingestion.unchanged import FORMAT, each, inputs_of, listed, settings_fingerprint, unchanged
from features.manifest import describe
from features.tables import TABLES, TREATMENTS


@dataclass(frozen=True)
class _Done:
    """One table after staging: what the report and the manifest need."""

    stage: Stage
    columns: tuple[str, ...]
    currency: str | None
    zero_amounts: bool = False


def ingest(settings: Settings, *, progress: Progress | None = None, force: bool = False) -> DataReport:
    """Read all sources, check every row, write the canonical tables.

    Writes ``<workdir>/canonical/<table>.parquet`` with ``MANIFEST.json``, ``<workdir>/quarantine/<table>.parquet``
    and ``<workdir>/data_report.json`` and ``.html``. The tables are put in place together at the end; when anything
    is refused as a whole, those of the run before stay. Unchanged inputs and settings are not read again.

    Parameters
    ----------
    settings : Settings
        What `load_settings` gave; only `data`, `targets`, `training.threads`, `language` and the folders are used.
    progress : Progress, optional
        Told what is being done.
    force : bool
        Read again even if nothing has changed.

    Returns
    -------
    DataReport
        Also on disk.

    Raises
    ------
    DataError
        A source cannot be used, or more rows are refused than the settings allow (the quarantine is then written).
    SettingsError
        The mapping names what the contract does not have.
    BusyError
        Another ingest works in the same folder.
    """
    progress = progress or SILENT
    work = settings.work
    work.mkdir(parents=True, exist_ok=True)
    with _locked(work):
        for folder in (work, settings.canonical, work / "quarantine"):
            remove_leftovers(folder)
        with progress.step(phrase("steps.check_inputs")):
            places, inputs = inputs_of(settings)
        future_from = future_moment(settings.data)
        fingerprint = settings_fingerprint(settings)
        if not force:
            report = unchanged(settings, places, inputs, fingerprint, future_from)
            if report is not None:
                write_report(report, work)
                return report
        with _scratch(work) as scratch:
            return _run(settings, places, inputs, fingerprint, future_from, scratch, progress)


def _run(
    settings: Settings,
    places: list[Place],
    inputs: dict[str, list[InputFile]],
    fingerprint: str,
    future_from: datetime | None,
    scratch: Path,
    progress: Progress,
) -> DataReport:
    threads = settings.training.threads
    connection = connect(spill=scratch, threads=threads, keep_order=True)
    try:
        create_quarantine(connection)
        if settings.data.rates is not None:
            load_rates(connection, settings)
        problems: list[HoldfastError] = []
        read = each(
            places,
            lambda place: _read(connection, place, inputs[place.table], settings, future_from, scratch, progress),
            problems,
        )
        if not read:
            raise together(problems)
        stages = {stage.table.name: stage for stage in read}
        emptied: dict[str, int] = {}
        if not problems:
            with progress.step(phrase("steps.check_tables")):
                emptied = settle(
                    connection,
                    {name: stage.columns for name, stage in stages.items()},
                    settings,
                    made_order=stages["transactions"].made_order,
                    alias_word=stages["aliases"].word if "aliases" in stages else "row",
                )
        if "recorded" in inputs:
            path = settings.recorded_treatments
            own = stages.get("treatments") or Stage(connection, TREATMENTS, SourceSettings(path=path), settings, None)
            add_recorded(connection, own, path, aliases="aliases" in stages)
            stages["treatments"] = own
        done = {name: _finish(connection, stage, emptied.get(name, 0), settings) for name, stage in stages.items()}
        with progress.step(phrase("steps.write_tables")):
            names = list(done)
            quarantined = canonical.write_quarantine(connection, settings.work / "quarantine", names)
            each(names, lambda name: check_shares(connection, name, done[name].stage, settings), problems)
            if problems:
                raise together(problems)
            tables = {name: _report_of(connection, name, item, places) for name, item in done.items()}
            staged, described = {}, {}
            for name, item in done.items():
                staged[name] = scratch / f"{name}.parquet"
                rows = canonical.write_table(connection, TABLES[name], item.columns, staged[name])
                described[name] = describe(staged[name], rows)
        with progress.step(phrase("steps.write_data_report")):
            report = _report(connection, settings, inputs, tables, done)
        last = one(connection, "SELECT max(occurred_at) FROM transactions")[0]
        manifest = {
            "format": FORMAT,
            "tables": described,
            "inputs": listed(inputs),
            "settings_sha256": fingerprint,
            "closures": Closures.of(settings.data).to_json(),
            "quarantine": {
                name: describe(settings.work / "quarantine" / f"{name}.parquet", rows)
                for name, rows in quarantined.items()
            },
            "report_sha256": report.fingerprint(),
            "last_event": last.isoformat(),
            "hindsight": sorted(
                str(finding.figures["column"]) for finding in report.findings if finding.code == "knows_the_future"
            ),
            "refused_as_future": sum(table.refused("in_the_future") for table in tables.values()),
        }
        canonical.publish(settings.canonical, staged, manifest, report_files(report, settings.work))
        return report
    finally:
        connection.close()


def _read(
    connection: Any,
    place: Place,
    inputs: list[InputFile],
    settings: Settings,
    future_from: datetime | None,
    scratch: Path,
    progress: Progress,
) -> Stage:
    """Read one table to its end; what is wrong with several of its files is raised together."""
    table = TABLES[place.table]
    check_date_format(connection, place.table, place.source)
    stage = Stage(connection, table, place.source, settings, future_from)
    problems: list[HoldfastError] = []
    with progress.step(phrase("steps.read_table", table=place.table, file=place.label)) as advance:
        for raw in open_place(place, scratch, settings.training.threads, problems):
            before = stage.counts.rows_in
            try:
                stage.take(raw)
            except InputError as error:
                problems.append(error)
                if len(problems) >= MAX_PROBLEMS:
                    break
            advance(stage.counts.rows_in - before)
        if not problems:
            try:
                stage.finish()
            except InputError as error:
                problems.append(error)
    if problems:
        raise together(problems)
    stage.counts.notes["beside"] += place.beside
    if stage.counts.rows_in == 0:
        raise DataError("no_rows", code="empty_source", file=place.label)
    check_unchanged(place, inputs)
    return stage


def _finish(connection: Any, stage: Stage, emptied: int, settings: Settings) -> _Done:
    """Keys and columns of a staged table after its rows are settled."""
    table, columns = stage.table, stage.columns
    stage.counts.notes["date_emptied"] = emptied
    canonical.drop_repeated(connection, table, columns, numbers_restart=settings.data.order_numbers == "restart")
    set_apart_sums(connection, table, columns)
    shares = facts.null_shares(connection, table.name, columns)
    # A column that is there but always empty is a column that the source does not have.
    columns = tuple(name for name in columns if shares[name] < 1 or table.by_name[name].required)
    columns = canonical.add_made_id(connection, table, columns)
    currency, zero = None, False
    if table.name == "transactions":
        currency = canonical.check_currencies(connection, table, columns, settings, stage.word) or stage.currency
        zero = "amount" in columns and facts.all_zero(connection)
        # Amounts that are all zero say no more than none at all.
        columns = tuple(name for name in columns if not (zero and name == "amount"))
    return _Done(stage, columns, currency, zero)


def _report_of(connection: Any, name: str, done: _Done, places: list[Place]) -> TableReport:
    counts = done.stage.counts
    kept = one(connection, f"SELECT count(*) FROM {name}")[0]
    notes = {code: count for code, count in sorted(counts.notes.items()) if count}
    if "customer_id" in done.columns and (odd := facts.placeholder_ids(connection, name)):
        notes["placeholder_id"] = odd
    notes |= facts.ids_alike(connection, name, done.columns)
    if empty := len(done.stage.columns) - len(set(done.stage.columns) & set(done.columns)):
        notes["empty_column"] = empty
    if done.stage.made_order:
        notes["made_order"] = kept
    if done.stage.derived_amount:
        notes["derived_amount"] = kept
    refused = facts.refusals(connection, name)
    return TableReport(
        name=name,
        source=next((place.label for place in places if place.table == name), RECORDED),
        rows_in=counts.rows_in,
        rows_left_out=counts.left_out,
        rows_kept=kept,
        rows_refused=sum(item.count for item in refused),
        columns=done.columns,
        null_shares={**dict.fromkeys(done.stage.columns, 1.0), **facts.null_shares(connection, name, done.columns)},
        duplicate_rows=facts.duplicate_rows(connection, name, done.columns),
        refusals=refused,
        notes=notes,
    )


def _report(
    connection: Any,
    settings: Settings,
    inputs: dict[str, list[InputFile]],
    tables: dict[str, TableReport],
    done: dict[str, _Done],
) -> DataReport:
    lines = done["transactions"]
    log = facts.log_figures(
        connection,
        lines.columns,
        settings,
        lines.currency,
        made_order=lines.stage.made_order,
        derived_amount=lines.stage.derived_amount,
    )
    look = Look(
        connection,
        settings,
        log,
        tables,
        columns={name: item.columns for name, item in done.items()},
        words={name: item.stage.word for name, item in done.items()},
        joined={name: item.stage.joined for name, item in done.items() if item.stage.joined is not None},
        zero_amounts=lines.zero_amounts,
    )
    return DataReport(
        language=settings.language,
        timezone=settings.data.timezone,
        inputs=tuple(
            Input(table=item.table, name=item.name, bytes=item.bytes, sha256=item.sha256)
            for items in inputs.values()
            for item in items
        ),
        tables=tables,
        log=log,
        findings=find(look),
    )


@contextmanager
def _locked(work: Path) -> Iterator[None]:
    """One ingest per work folder; the lock goes with the process."""

    def busy(_holder: str) -> BusyError:
        return BusyError("other_ingest_running", file=str(work))

    with exclusive(work / ".ingest.lock", busy):
        yield


@contextmanager
def _scratch(work: Path) -> Iterator[Path]:
    """A folder for what does not fit into memory; those of killed runs are removed on the way."""
    for left in work.glob(".ingestion-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=".ingestion-", dir=work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
