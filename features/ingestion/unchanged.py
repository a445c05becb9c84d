"""Whether the tables on disk are what `ingest` would give: asked by every verb, so it loads nothing that reads rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from configs.errors import DataError, HoldfastError, InputError, together
from configs.files import sha256_of
from configs.settings import Settings, SourceSettings
from configs.timestamps import future_from as future_moment
from features.ingestion.report import DataReport, read_report
from features.ingestion.sources import InputFile, Place, describe_inputs, locate
from features.manifest import check_tables, read_manifest
from features.tables import TABLES

A = TypeVar("A")
B = TypeVar("B")
FORMAT = 2
"""Raised whenever the same input would give other tables."""


def up_to_date(settings: Settings) -> DataReport | None:
    """The report of the tables on disk if `ingest` would give the same; None if it has to be run. Nothing is written.

    Raises
    ------
    DataError, SettingsError
        A source has vanished or cannot be read.
    """
    places, inputs = inputs_of(settings)
    return unchanged(settings, places, inputs, settings_fingerprint(settings), future_moment(settings.data))


def read_with(settings: Settings) -> bool:
    """Whether the tables on disk were read with these settings; asks no source."""
    try:
        return bool(read_manifest(settings.canonical).get("settings_sha256") == settings_fingerprint(settings))
    except DataError:
        return False


def inputs_of(settings: Settings) -> tuple[list[Place], dict[str, list[InputFile]]]:
    """Where every table comes from, and name, size and hash of every file that is read."""
    problems: list[HoldfastError] = []
    sources = settings.data.sources()
    places = each(sources, lambda name: locate(settings, name, sources[name]), problems)
    described = each(places, describe_inputs, problems)
    if problems:
        raise together(problems)
    inputs = {place.table: items for place, items in zip(places, described, strict=True)}
    if settings.data.rates is not None:
        rates = settings.path(settings.data.rates)
        inputs["rates"] = describe_inputs(Place("rates", settings.data.transactions, "csv", (rates,), rates.name))
    recorded = settings.recorded_treatments
    if recorded.is_file():
        own = SourceSettings(path=recorded)
        inputs["recorded"] = describe_inputs(Place("recorded", own, "parquet", (recorded,), recorded.name))
    return places, inputs


def unchanged(
    settings: Settings,
    places: list[Place],
    inputs: dict[str, list[InputFile]],
    fingerprint: str,
    future_from: datetime | None,
) -> DataReport | None:
    """The report of the run before, if running again would give the same tables."""
    if any(place.format == "postgresql" for place in places):
        return None
    try:
        manifest = read_manifest(settings.canonical)
        report = read_report(settings.work)
        last = datetime.fromisoformat(manifest["last_event"])
        same = (
            manifest["format"] == FORMAT
            and manifest["settings_sha256"] == fingerprint
            and manifest["inputs"] == listed(inputs)
            and manifest["refused_as_future"] == 0
            and (future_from is None or last < future_from)
            and manifest["report_sha256"] == report.fingerprint()
            and all(
                sha256_of(settings.work / "quarantine" / f"{name}.parquet") == said["sha256"]
                for name, said in manifest["quarantine"].items()
            )
        )
        if same:
            check_tables(settings.canonical, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError):
        return None
    return report.model_copy(update={"language": settings.language, "reused": True}) if same else None


def listed(inputs: dict[str, list[InputFile]]) -> list[dict[str, Any]]:
    """The files as the manifest lists them."""
    return [
        {"table": item.table, "name": item.name, "bytes": item.bytes, "sha256": item.sha256}
        for items in inputs.values()
        for item in items
    ]


def settings_fingerprint(settings: Settings) -> str:
    """SHA-256 over the settings and the contract that shape the tables; holds no password and no moving date."""
    data = settings.data.model_dump(mode="json", exclude={"future_after"})
    for source in data.values():
        if isinstance(source, dict):
            source.pop("url", None)
    contract = [[column.name, column.type, column.required] for table in TABLES.values() for column in table.columns]
    text = json.dumps([data, contract, settings.targets.horizon_days, settings.targets.all_horizons], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def each(items: Iterable[A], work: Callable[[A], B], problems: list[HoldfastError]) -> list[B]:
    """The results of all items; what is wrong with some is put to the problems, and the others are still worked on."""
    results = []
    for item in items:
        try:
            results.append(work(item))
        except InputError as error:
            problems.append(error)
    return results
