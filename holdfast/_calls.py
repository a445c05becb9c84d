"""The calls of the front door: settings in, tables and frames out; each hands on to the room that does the work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from configs.progress import SILENT, Progress
from configs.settings import Settings, load_settings

if TYPE_CHECKING:
    import pandas as pd

    from features.data import Tables
    from features.ingestion.report import DataReport
    from pipelines.results import Trained
    from retention.scoring.scorer import Scorer

Moment = str | date | datetime | None
"""A day or a time; one without a zone is of the business zone. None: the midnight after the last event."""


def simulate(folder: Path | str, *, customers: int = 2_000, weeks: int = 104, seed: int = 7) -> Settings:
    """Write a made-up company to try things on, and give the settings that read it.

    Parameters
    ----------
    folder : Path or str
        Gets the tables, the truth they were drawn from and a `holdfast.yaml`.
    customers, weeks : int
        Size of the company and length of its log.
    seed : int
        Same seed, same company.

    Returns
    -------
    Settings

    Raises
    ------
    HoldfastError
        The folder holds files of these names that no simulation wrote.

    Examples
    --------
    >>> import holdfast, tempfile
    >>> settings = holdfast.simulate(tempfile.mkdtemp(), customers=20, weeks=10)
    >>> settings.targets.horizon_days
    90
    """
    from benchmarks.simulator import SimulationSettings, check_folder, write_simulation

    folder = Path(folder)
    check_folder(folder)
    write_simulation(SimulationSettings(customers=customers, weeks=weeks, seed=seed), folder)
    return load_settings(folder / "holdfast.yaml")


def ingest(settings: Settings, *, progress: Progress = SILENT, force: bool = False) -> DataReport:
    """Read the sources, check every row, write canonical tables; reused while nothing has changed.

    Parameters
    ----------
    settings : Settings
        See `load_settings`.
    progress : Progress, optional
        Listens to the steps.
    force : bool
        Read anew although nothing has changed.

    Returns
    -------
    DataReport
        Rows read, kept and refused per table, and what looks wrong, in sentences.

    Raises
    ------
    HoldfastError
        A source cannot be read, or nothing can be learned from it.

    Examples
    --------
    >>> import holdfast
    >>> report = holdfast.ingest(holdfast.load_settings("holdfast.yaml"))
    >>> report.log.customers > 0
    True
    """
    from pipelines.ingest import ingest_stage

    return ingest_stage(settings, progress, tell=False, force=force)


def train(settings: Settings, *, as_of: Moment = None, progress: Progress = SILENT, force: bool = False) -> Trained:
    """Ingest, fit, test out of time, record and register: everything up to a usable model.

    Parameters
    ----------
    settings : Settings
        See `load_settings`.
    as_of : str, date or datetime, optional
        Nothing at or after it is seen; by default the midnight after the last event.
    progress : Progress, optional
        Listens to the steps.
    force : bool
        Work anew although nothing has changed.

    Returns
    -------
    Trained
        `registered.bundle_id`, the gate's decision, and the evaluation with its report (None: the log is too short).

    Raises
    ------
    HoldfastError
        The extra `train` is not installed, or the data do not allow it.

    Examples
    --------
    >>> import holdfast
    >>> trained = holdfast.train(holdfast.load_settings("holdfast.yaml"))
    >>> trained.registered.in_use == trained.registered.bundle_id
    True
    """
    from pipelines.stages import train_stages

    return train_stages(settings, as_text(as_of), progress, force=force)


def open_tables(settings: Settings, *, progress: Progress = SILENT) -> Tables:
    """The canonical tables, open for computing; read anew first where the sources have changed.

    Parameters
    ----------
    settings : Settings
        See `load_settings`.
    progress : Progress, optional
        Listens to the steps.

    Returns
    -------
    Tables
        Close it, or use it in a ``with`` statement.

    Examples
    --------
    >>> import holdfast
    >>> with holdfast.open_tables(holdfast.load_settings("holdfast.yaml")) as tables:
    ...     tables.has("transactions")
    True
    """
    from features.engine import open_tables as opened
    from pipelines.fresh import fresh_tables

    fresh_tables(settings, progress)
    return opened(settings.canonical)


def features(
    settings: Settings,
    tables: Tables | None = None,
    *,
    as_of: Moment = None,
    customers: Sequence[str] | None = None,
    scorer: Scorer | None = None,
) -> pd.DataFrame:
    """What the model in use knows of each customer.

    Parameters
    ----------
    settings : Settings
        See `load_settings`.
    tables : Tables, optional
        Of `open_tables` or `tables_from_arrow`; by default those of the settings.
    as_of : str, date or datetime, optional
        Nothing at or after it is seen; by default the midnight after the last event.
    customers : sequence of str, optional
        Only these.
    scorer : Scorer, optional
        Another model than the one in use, or one loaded before.

    Returns
    -------
    DataFrame, shape (customers, 2 + features)
        customer_id, as_of, then the features; docs/features.md has their units.

    Examples
    --------
    >>> import holdfast
    >>> frame = holdfast.features(holdfast.load_settings("holdfast.yaml"))
    >>> list(frame.columns[:2])
    ['customer_id', 'as_of']
    """
    from retention.scoring.scorer import load_scorer

    if tables is None:
        with open_tables(settings) as opened:
            return features(settings, opened, as_of=as_of, customers=customers, scorer=scorer)
    chosen = load_scorer(settings) if scorer is None else scorer
    return chosen.frame(tables, moment_of(settings, tables, as_of), customers=customers)


def score(
    settings: Settings,
    tables: Tables | None = None,
    *,
    as_of: Moment = None,
    customers: Sequence[str] | None = None,
    frame: pd.DataFrame | None = None,
    scorer: Scorer | None = None,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Score customers: the same rows as `holdfast score` writes, without a file.

    Parameters
    ----------
    settings : Settings
        See `load_settings`.
    tables : Tables, optional
        Of `open_tables` or `tables_from_arrow`; by default those of the settings.
    as_of : str, date or datetime, optional
        Nothing at or after it is seen; by default the midnight after the last event.
    customers : sequence of str, optional
        Only these.
    frame : DataFrame, optional
        Of `features`, for the same tables and moment: scored as it is, so that a changed value shows what it does.
    scorer : Scorer, optional
        Another model than the one in use, or one loaded before.
    progress : Progress, optional
        Listens to the steps.

    Returns
    -------
    DataFrame
        One row per customer; docs/dimensions.md has the columns.

    Raises
    ------
    HoldfastError
        There is no model yet, or the bundle was changed.

    Examples
    --------
    >>> import holdfast
    >>> scores = holdfast.score(holdfast.load_settings("holdfast.yaml"))
    >>> scores["customer_id"].is_unique
    True
    """
    from retention.experiments.measurement import measure_campaigns
    from retention.scoring.scorer import load_scorer

    if tables is None:
        with open_tables(settings, progress=progress) as opened:
            return score(
                settings, opened, as_of=as_of, customers=customers, frame=frame, scorer=scorer, progress=progress
            )
    chosen = load_scorer(settings) if scorer is None else scorer
    moment = moment_of(settings, tables, as_of)
    measurement = measure_campaigns(tables, chosen.catalogue, moment, horizon_days=chosen.horizon_days)
    effects = measurement.measured_effects or None
    if frame is not None:
        return chosen.score_frame(frame, tables, moment, measured_effects=effects)
    return chosen.score(tables, moment, customers=customers, measured_effects=effects, progress=progress)


def as_text(moment: Moment) -> str | None:
    """A moment as the command line takes it."""
    return moment.isoformat() if isinstance(moment, date) else moment


def moment_of(settings: Settings, tables: Tables, as_of: Moment) -> datetime:
    """A moment in UTC without zone, or the midnight after the last event."""
    from pipelines.stages import resolve_as_of

    return resolve_as_of(settings, tables, as_text(as_of))
