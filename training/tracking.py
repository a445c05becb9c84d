"""The run log and the model registry: the only place that imports mlflow.

A SQLite file and an artefact folder in the work folder unless `tracking.uri` names a server. Bundles are registered as
folders of plain files: nothing is pickled, and loading pickles is switched off. Nothing is reported to anybody. The
SQLite file is made and migrated aside (`training.run_log`), so it is never half of one.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from configs.errors import HoldfastError, SettingsError
from configs.extras import require
from configs.settings import Settings
from training.run_log import RUN_LOG, prepare_run_log

CHAMPION, CHALLENGER = "champion", "challenger"
MAX_PARAM = 6000
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
_SPOOL = ".bundle-"
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""A server that does not answer must not hold a training up; who sets these otherwise is followed."""


class TrackingError(HoldfastError):
    """The run log cannot be reached or written."""

    code = "tracking_failed"


class Tracking:
    """Runs and model versions of one settings file.

    Parameters
    ----------
    settings : Settings
        `tracking.uri`, `tracking.experiment`, `tracking.model_name` and the work folder.
    tell : callable, optional
        Given a sentence where the local file was damaged and a new one was begun.

    Raises
    ------
    TrackingError
        The run log cannot be used; every method raises this alone.
    """

    def __init__(self, settings: Settings, *, tell: Callable[[str], None] | None = None) -> None:
        self.settings = settings
        try:
            require("mlflow", task="the run log")
        except SettingsError as error:
            raise TrackingError(error.id, code=error.code, **error.fields) from None
        os.environ.update(_ENVIRONMENT)
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow.tracking import MlflowClient

            for name in ("mlflow", "mlflow.store.db.utils", "alembic"):
                logging.getLogger(name).setLevel(logging.WARNING)
            settings.work.mkdir(parents=True, exist_ok=True)
            if settings.tracking.uri is None:
                damage = prepare_run_log(settings.work / RUN_LOG)
                if damage is not None and tell is not None:
                    tell(damage)
            uri = settings.tracking.uri or f"sqlite:///{settings.work / RUN_LOG}"
            # A spool folder or an exported variable must not send the log elsewhere: both URIs are given.
            self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            self.experiment_id = self._experiment()
        except Exception as error:
            raise self._failed(error) from error

    def log_run(
        self,
        *,
        name: str,
        at: datetime,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        artefacts: Sequence[Path] = (),
        bundle_files: Mapping[str, bytes] | None = None,
    ) -> str:
        """Record one training run.

        Parameters
        ----------
        name : str
            Shown in lists.
        at : datetime
            When the run was made, with its zone, from the caller's clock.
        params, metrics, tags : mapping
            Nested parameters are written with dots.
        artefacts : sequence of Path
            Files (report) copied into the run.
        bundle_files : mapping of str to bytes, optional
            Written under `bundle/`.

        Returns
        -------
        str
            Id of the run.
        """
        from mlflow.entities import Metric, Param, RunTag

        now = int(at.timestamp() * 1000)
        try:
            self._close_unfinished(tags.get("bundle_id", ""))
            run = self._client.create_run(self.experiment_id, start_time=now, run_name=name, tags=dict(tags))
            identity = str(run.info.run_id)
            flat = [Param(key, str(value)[:MAX_PARAM]) for key, value in sorted(_flat(params).items())]
            values = [Metric(key, float(value), now, 0) for key, value in sorted(metrics.items())]
            labels = [RunTag(key, str(value)) for key, value in sorted(tags.items())]
            for start in range(0, max(len(flat), len(values), len(labels)), 100):
                part = slice(start, start + 100)
                self._client.log_batch(identity, metrics=values[part], params=flat[part], tags=labels[part])
            for path in artefacts:
                self._client.log_artifact(identity, str(path), "report")
            if bundle_files:
                for left in self.settings.work.glob(f"{_SPOOL}*"):
                    shutil.rmtree(left, ignore_errors=True)
                with tempfile.TemporaryDirectory(prefix=_SPOOL, dir=self.settings.work) as aside:
                    for file, data in bundle_files.items():
                        target = Path(aside) / file
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(data)
                    self._client.log_artifacts(identity, aside, "bundle")
            self._client.set_terminated(identity, end_time=now)
        except Exception as error:
            raise self._failed(error) from error
        return identity

    def register(self, run_id: str, bundle_id: str, *, champion: bool) -> int:
        """Register a run's bundle as a model version and give it its alias.

        Parameters
        ----------
        run_id : str
            From `log_run`.
        bundle_id : str
            Id in the bundle store, kept as a tag.
        champion : bool
            Alias `champion`; otherwise `challenger`.

        Returns
        -------
        int
            Version number; the existing one if this bundle is registered already.
        """
        try:
            model = self._model()
            version = self.version_of(bundle_id)
            if version is None:
                run = self._client.get_run(run_id)
                made = self._client.create_model_version(
                    model, source=f"{run.info.artifact_uri}/bundle", run_id=run_id, tags={"bundle_id": bundle_id}
                )
                version = int(made.version)
            self._client.set_registered_model_alias(model, CHAMPION if champion else CHALLENGER, str(version))
            if champion and self.alias(CHALLENGER) == version:
                self._client.delete_registered_model_alias(model, CHALLENGER)
        except HoldfastError:
            raise
        except Exception as error:
            raise self._failed(error) from error
        return version

    def _close_unfinished(self, bundle_id: str) -> None:
        """Runs of this bundle that a killed process left open are marked so."""
        unfinished = self._client.search_runs(
            [self.experiment_id], filter_string=f"attributes.status = 'RUNNING' and tags.bundle_id = '{bundle_id}'"
        )
        for run in unfinished:
            self._client.set_terminated(run.info.run_id, status="KILLED")

    def version_of(self, bundle_id: str) -> int | None:
        """The newest version registered for a bundle, if any."""
        name = self.settings.tracking.model_name
        try:
            registered = self._client.search_model_versions(f"name = '{name}'")
        except Exception as error:
            raise self._failed(error) from error
        versions = [int(version.version) for version in registered if version.tags.get("bundle_id") == bundle_id]
        return max(versions, default=None)

    def alias(self, alias: str) -> int | None:
        """The version that an alias points to, if any."""
        from mlflow.exceptions import MlflowException

        try:
            return int(self._client.get_model_version_by_alias(self.settings.tracking.model_name, alias).version)
        except MlflowException:
            return None

    def set_champion(self, bundle_id: str) -> int | None:
        """Point `champion` to a bundle that was registered before (promotion or roll-back by hand)."""
        version = self.version_of(bundle_id)
        if version is not None:
            name = self.settings.tracking.model_name
            try:
                self._client.set_registered_model_alias(name, CHAMPION, str(version))
            except Exception as error:
                raise self._failed(error) from error
        return version

    def list_runs(self, limit: int = 50) -> pd.DataFrame:
        """Newest runs first: run_id, name, started_at, bundle_id, grade, as_of and every metric."""
        try:
            runs = self._client.search_runs(
                [self.experiment_id], order_by=["attributes.start_time DESC"], max_results=limit
            )
        except Exception as error:
            raise self._failed(error) from error
        rows = [
            {
                "run_id": run.info.run_id,
                "name": run.info.run_name,
                "started_at": pd.Timestamp(run.info.start_time, unit="ms"),
                "bundle_id": run.data.tags.get("bundle_id"),
                "grade": run.data.tags.get("grade"),
                "as_of": run.data.tags.get("as_of"),
            }
            | dict(sorted(run.data.metrics.items()))
            for run in runs
        ]
        first = ["run_id", "name", "started_at", "bundle_id", "grade", "as_of"]
        return pd.DataFrame(rows, columns=None if rows else first)

    def compare(self, run_ids: Sequence[str]) -> pd.DataFrame:
        """Parameters that differ and all metrics, one column per run."""
        columns: dict[str, dict[tuple[str, str], Any]] = {}
        for run_id in run_ids:
            try:
                run = self._client.get_run(run_id)
            except Exception as error:
                raise TrackingError("run_unknown", value=run_id) from error
            values: dict[tuple[str, str], Any] = {("param", name): value for name, value in run.data.params.items()}
            values |= {("metric", name): value for name, value in run.data.metrics.items()}
            columns[run_id] = values
        table = pd.DataFrame(columns).sort_index()
        table.index = pd.MultiIndex.from_tuples(table.index, names=["kind", "name"])
        same = table.nunique(axis=1, dropna=False) <= 1
        keep = (table.index.get_level_values("kind") == "metric") | ~same.to_numpy()
        return table[keep]

    def _experiment(self) -> str:
        name = self.settings.tracking.experiment
        experiment = self._client.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        local = None if self.settings.tracking.uri else (self.settings.work / "mlartifacts").as_uri()
        return str(self._client.create_experiment(name, artifact_location=local))

    def _model(self) -> str:
        from mlflow.exceptions import MlflowException

        name = self.settings.tracking.model_name
        try:
            self._client.get_registered_model(name)
        except MlflowException:
            self._client.create_registered_model(name)
        return name

    def _failed(self, error: Exception) -> TrackingError:
        place = self.settings.tracking.uri or str(self.settings.work / RUN_LOG)
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        # A URI may hold a password: it is named only without one.
        shown = place if "@" not in place else "tracking.uri"
        return TrackingError("run_log_unusable", place=shown, reason=first[:200])


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= _flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = value
    return result
