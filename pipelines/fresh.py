"""Nothing old is used without a word: tables, model and scores are compared with what there is now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.catalogue import phrase
from configs.errors import BundleError, DataError
from configs.files import sha256_of
from configs.progress import Progress
from configs.settings import Settings
from configs.timestamps import format_moment
from pipelines.console import note
from pipelines.ingest import checked, ingest_stage, with_present

if TYPE_CHECKING:
    from features.engine import Tables
    from retention.scoring.scores_table import RunStamp

BESIDE = ("tracking", "serving", "worklist", "workdir", "artifacts")
"""Settings that change no result of a stage."""


def fresh_tables(settings: Settings, progress: Progress, *, ask_database: bool = False, tell: bool = False) -> None:
    """Read the sources anew where they, or the settings that give them their meaning, are not those of the tables.

    Files are recognised by their SHA-256. A database is asked again only where that is wanted; else it is said of when
    its rows are. What looks wrong in tables that are read anew is said, with `tell` also in those that are as they
    were.

    Raises
    ------
    DataError
        A source has vanished, or is refused.
    """
    from features.ingestion import read_with, up_to_date
    from features.manifest import MANIFEST

    manifest = settings.canonical / MANIFEST
    database = any(source.url is not None for source in settings.data.sources().values())
    if database and not ask_database and read_with(settings):
        read = datetime.fromtimestamp(int(manifest.stat().st_mtime), UTC).replace(tzinfo=None)
        moment = format_moment(read, settings.data.timezone)
        note(phrase("notes.tables_of_database", date=moment))
        return
    if not database and (report := up_to_date(with_present(settings))) is not None:
        checked(report, settings, tell=tell)
        return
    if manifest.is_file() and not database and _waits_for_rows(settings):
        note(phrase("notes.read_anew_for_future_rows"))
    elif manifest.is_file() and not database:
        note(phrase("notes.read_anew"))
    ingest_stage(settings, progress)


def _waits_for_rows(settings: Settings) -> bool:
    """Whether rows were refused because their day had not come: nobody kept which day that is."""
    from features.manifest import read_manifest

    try:
        return bool(read_manifest(settings.canonical)["refused_as_future"])
    except (DataError, KeyError):
        return False


def tell_of_model(meta: Mapping[str, Any], as_of: datetime, settings: Settings) -> None:
    """Say so when the model knows what came after the moment scored, or learned from data that were read otherwise."""
    from features.meaning import differing, meaning_of

    learned = datetime.fromisoformat(str(meta["as_of"]))
    if learned > as_of:
        shown = [format_moment(moment, settings.data.timezone) for moment in (learned, as_of)]
        note(phrase("notes.model_knows_later", date=shown[0], moment=shown[1]))
    if "read_with" in meta and (other := differing(meta["read_with"], meaning_of(settings.data))):
        names = ", ".join(f"data.{name}" for name in other)
        note(phrase("notes.model_read_otherwise", names=names))


def tell_of_scores(settings: Settings, path: Path, stamp: RunStamp | None, tables: Tables) -> None:
    """Say so when scores speak of other data, another model or an earlier moment than there are now."""
    from features.manifest import data_hash
    from models.bundle.folder import CURRENT, read_pointer

    if stamp is None:
        note(phrase("notes.scores_without_stamp", path=path))
        return
    zone = settings.data.timezone
    moment, end = datetime.fromisoformat(stamp.as_of), tables.end(zone)
    shown = format_moment(moment, zone)
    if stamp.data != data_hash(settings.canonical):
        note(phrase("notes.scores_of_other_data", date=shown))
    elif moment < end:
        note(phrase("notes.scores_of_earlier_moment", date=shown, end=format_moment(end, zone)))
    try:
        current = read_pointer(settings.bundle_store, CURRENT)
    except BundleError:
        return
    if current != stamp.model:
        note(phrase("notes.scores_of_other_model", date=shown))


def inputs_of(settings: Settings, as_of: datetime) -> dict[str, Any]:
    """Everything that a stage's result depends on beside the code."""
    from features.manifest import data_hash

    files = [settings.retention.strategies, settings.retention.segments]
    own = {str(file): sha256_of(settings.path(file)) for file in files if file and settings.path(file).is_file()}
    return {
        "as_of": as_of.isoformat(),
        "data": data_hash(settings.canonical),
        "files": own,
        "settings": settings.model_dump(
            mode="json", exclude={"tracking", "serving", "worklist", "workdir", "artifacts"}
        ),
    }
