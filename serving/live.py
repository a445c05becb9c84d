"""The core that is served, replaced whole when the model or the data have changed.

A thread looks once a second at the manifest of the tables and at the pointer to the model. Where they have changed, a
new core is loaded and warmed up beside the old one, then takes its place by one assignment; a call that began with the
old one ends with it. What cannot be loaded changes nothing: it is logged once and told by /readyz.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from configs.errors import HoldfastError
from configs.files import MAX_CHECKED, read_regular
from features.manifest import MANIFEST
from serving.core import ScoringCore
from serving.health import Health
from serving.process import refreeze_memory
from serving.snapshot import stamp_of

logger = logging.getLogger("holdfast.serving")

SECONDS = 1.0
STOP_SECONDS = 10.0
"""How long a load that has begun is waited for when the service stops."""
MAX_POINTER = 100
OF_TABLES = frozenset({"tables_changed", "not_ingested", "bad_type", "missing_column"})
"""Codes by which the tables could not be loaded, not the model."""


class Live:
    """Loads a core and keeps it up to date.

    Parameters
    ----------
    load : callable
        Loads and warms up a core from what lies on disk.
    canonical : Path
        Folder of the canonical tables.
    pointer : Path
        File that names the model.
    serve : callable
        Puts a core into service.

    Raises
    ------
    HoldfastError
        The first core cannot be loaded.
    """

    def __init__(
        self, load: Callable[[], ScoringCore], *, canonical: Path, pointer: Path, serve: Callable[[ScoringCore], None]
    ) -> None:
        self.canonical = canonical
        self.pointer = pointer
        self._load = load
        self._serve = serve
        self._reason: str | None = None
        self._logged = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="holdfast-watch", daemon=True)
        self._seen = self._signature()  # before loading: what changes meanwhile is then seen
        self.core = load()
        serve(self.core)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; what is being loaded is given up with the process if it takes longer than that may."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_SECONDS)

    def health(self) -> Health:
        """What /readyz says."""
        reasons = [self._reason] if self._reason else []
        reasons += ["last_good_model"] if self.core.degraded else []
        return Health(error=self.core.fault(), degraded=tuple(reasons), stale=self.core.is_stale())

    def look(self) -> None:
        """Look once, and load anew what has changed."""
        seen = self._signature()
        if seen == self._seen:
            if self._reason == "data_incomplete":  # the manifest was put back as it was
                self._settle(None)
            return
        if self.core.snapshot is not None and not (self.canonical / MANIFEST).exists():
            # an ingest is putting tables in place or was killed meanwhile, or they were deleted: nothing to be taken
            self._settle("data_incomplete", "the tables have no manifest")
            return
        self._seen = seen
        try:
            fresh = self._load()
        except Exception as error:
            self._settle("reload_failed", error.code if isinstance(error, HoldfastError) else type(error).__name__)
            return
        if self._stop.is_set():
            return
        self.core = fresh
        self._serve(fresh)
        self._settle(None)
        refreeze_memory()
        logger.info("now serving model %s with data until %s", fresh.model_version, fresh.company.end.isoformat())

    def _run(self) -> None:
        while not self._stop.wait(SECONDS):
            try:
                self.look()
            except Exception as error:  # a watcher that died would leave old data in use without a word
                self._settle("reload_failed", type(error).__name__)

    def _settle(self, reason: str | None, why: str = "") -> None:
        """Note whether the core that goes on is all there is to have; what is not is logged once."""
        self._reason = reason
        snapshot = self.core.snapshot
        same = snapshot is not None and snapshot.manifest_sha256 == self._manifest()
        self.core.data_damaged = reason is not None and same and why in OF_TABLES
        self.core.data_is_old = reason is not None and snapshot is not None and not same
        said = f"{reason} {why} {self._seen}" if reason else ""
        if said and said != self._logged:
            logger.warning("kept the model and the data that were loaded before: %s (%s)", reason, why)
        self._logged = said

    def _signature(self) -> tuple[object, ...]:
        try:
            pointer = read_regular(self.pointer, MAX_POINTER)
        except OSError as error:
            pointer = type(error).__name__.encode()
        return (stamp_of(self.canonical), pointer)

    def _manifest(self) -> str | None:
        try:
            return hashlib.sha256(read_regular(self.canonical / MANIFEST, MAX_CHECKED)).hexdigest()
        except OSError:
            return None
