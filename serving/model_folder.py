"""Where a service finds its model: the bundle store and the tables of the settings, or a folder built into a bento.

The folder in a bento::

    holdfast_model/bundle/<id>/…, CURRENT     the bundle, as in its store
    holdfast_model/company/…                  see `serving.company`
    holdfast_model/settings.json              settings that bear on scores; `strategies.yaml` beside it if own ones
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.errors import BundleError, DataError
from configs.files import write_bytes_atomic, write_json_atomic
from configs.settings import Settings, load_settings

if TYPE_CHECKING:
    from serving.core import ScoringCore

logger = logging.getLogger("holdfast.serving")

MODEL_FOLDER = "holdfast_model"
SETTINGS = "settings.json"


def load_core(
    settings: Settings, *, bundle_id: str | None = None, clock: Callable[[], datetime] | None = None
) -> ScoringCore:
    """The scoring core of the settings' bundle and, if there are any, canonical tables as they are now.

    Raises
    ------
    BundleError
        There is no bundle, or neither the current nor the last good one may be loaded.
    DataError
        The tables are not complete, one of them is not what was written, or they were read with other settings.
    """
    from features.engine import open_tables
    from features.ingestion import read_with
    from features.manifest import MANIFEST, read_manifest
    from models.bundle.folder import load_bundle
    from serving.core import ScoringCore, utc_now
    from serving.snapshot import take_snapshot

    bundle = load_bundle(settings.bundle_store, bundle_id=bundle_id, fall_back=True)
    if bundle.degraded:
        logger.warning("serving the last good model %s: %s", bundle.version, bundle.degraded)
    if not any((settings.canonical / name).exists() for name in (MANIFEST, "transactions.parquet")):
        return ScoringCore(bundle, None, settings, clock=clock or utc_now)
    snapshot = take_snapshot(settings.canonical, settings.work)
    try:
        # tables that did not come through ingest do not say with which settings they were read
        if "settings_sha256" in read_manifest(snapshot.folder) and not read_with(settings):
            raise DataError("tables_of_other_settings", code="other_settings", file=str(settings.canonical))
        tables = open_tables(snapshot.folder)
        return ScoringCore(bundle, tables, settings, snapshot=snapshot, clock=clock or utc_now)
    except BaseException:
        shutil.rmtree(snapshot.folder, ignore_errors=True)
        raise


def write_model_folder(settings: Settings, folder: Path, *, bundle_id: str | None = None) -> str:
    """Write the folder that a bento carries; returns the id of the bundle in it.

    Raises
    ------
    BundleError
        The bundle may not be loaded.
    """
    from features.engine import open_tables
    from models.bundle.folder import CURRENT, load_bundle
    from serving.company import Company

    bundle = load_bundle(settings.bundle_store, bundle_id=bundle_id)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(settings.bundle_store / bundle.id, folder / "bundle" / bundle.id)
    write_bytes_atomic(folder / "bundle" / CURRENT, f"{bundle.id}\n".encode())
    if (settings.canonical / "transactions.parquet").exists():
        with open_tables(settings.canonical) as tables:
            Company.of(tables, settings.data.timezone).save(folder / "company")
    write_json_atomic(folder / SETTINGS, _portable(settings, folder))
    return bundle.id


@dataclass(frozen=True)
class BuiltIn:
    """What lies beside our packages: a bundle store, settings, and perhaps facts of the company."""

    store: Path
    settings: Settings
    company: Path | None


def built_in(root: Path | None = None) -> BuiltIn:
    """Find the model that was built in: `holdfast_model`, or a bundle store in `artifacts` with default settings.

    Parameters
    ----------
    root : Path, optional
        Where to look; the folder that holds our packages unless given.

    Raises
    ------
    BundleError
        There is none: this is not a bento.
    """
    root = Path(__file__).resolve().parent.parent if root is None else root
    folder, store = root / MODEL_FOLDER, root / "artifacts" / "bundle"
    if (folder / SETTINGS).exists():
        company = folder / "company"
        return BuiltIn(folder / "bundle", load_settings(folder / SETTINGS), company if company.exists() else None)
    if (store / "CURRENT").exists():
        return BuiltIn(store, Settings.model_validate({"data": {"transactions": {"path": "none"}}}), None)
    raise BundleError("no_model_built_in", code="no_model")


def load_built_in(built: BuiltIn | None = None) -> ScoringCore:
    """The scoring core of the model that is built into this bento."""
    from models.bundle.folder import load_bundle
    from serving.core import ScoringCore

    built = built or built_in()
    return ScoringCore(load_bundle(built.store), None, built.settings, company=built.company)


def _portable(settings: Settings, folder: Path) -> dict[str, Any]:
    """The settings that bear on scores, without places: no path, address or secret leaves the machine."""
    data = settings.data
    retention = settings.retention.model_dump(mode="json", exclude={"strategies", "segments"})
    for name in ("strategies", "segments"):
        file = getattr(settings.retention, name)
        if file is not None:
            shutil.copyfile(settings.path(file), folder / f"{name}.yaml")
            retention[name] = f"{name}.yaml"
    return {
        "data": {
            "timezone": data.timezone,
            "currency": data.currency,
            "returns": data.returns.model_dump(mode="json"),
            "closed": [item.model_dump(mode="json") for item in data.closed],
            "out_of_stock": [item.model_dump(mode="json") for item in data.out_of_stock],
            "transactions": {"path": "none"},
        },
        "targets": settings.targets.model_dump(mode="json"),
        "profile": settings.profile.model_dump(mode="json"),
        "retention": retention,
        "serving": settings.serving.model_dump(mode="json", exclude={"host", "port", "allowed_hosts"}),
        "language": settings.language,
    }
