"""Training sets: one row per customer × cut-off with what was known then and what happened next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import phrase
from configs.errors import HoldfastError, NotEnoughDataError
from configs.files import atomic_path, read_checked, sha256_of, write_checked
from configs.progress import SILENT, Progress
from configs.settings import Settings, TargetSettings, TrainingSettings
from configs.timestamps import format_moment
from evaluation.cutoffs import CutoffGrid, cutoff_grid, level_cutoffs
from evaluation.frames import read_frame
from evaluation.labels import make_labels, without_treated
from features.engine import Tables, compute_features, feature_set_for, order_events
from features.extracts import treatments_until
from features.specs import FeatureSet
from models.contract import KEYS, LEVEL_PREFIX, orders_column
from models.order_bound import UNBOUNDED, OrderBound, bound_state, bounded, most_on_a_day, read_bound
from models.suite import FitContext

FRAME_FILE, LABELS_FILE, CONTEXT_FILE = "frame.parquet", "labels.parquet", "training_set.json"
CHUNK_ROWS = 200_000
LEVEL_CUSTOMERS = 2_500
"""Customers the level is watched on, fewer where their rows would pass a quarter of `training.max_rows`."""


@dataclass(frozen=True)
class TrainingSet:
    """What the models learn from.

    Attributes
    ----------
    frame : DataFrame
        customer_id, as_of and the features, sorted by (as_of, customer_id); only customers who had ordered by then. The
        rows at `context.known_until` have no labels: they are the customers as they are now.
    labels : DataFrame
        Same rows: ``orders_{h}d`` and ``spend_{h}d`` for every horizon, NaN where not closed and at moments that only
        the level is watched at; ``level_orders_{h}d`` with the orders of those too.
    feature_set : FeatureSet
        The declarations behind the feature columns, in order.
    context : FitContext
        Targets, training settings, start of the log and the end of what may be known.
    cutoffs : tuple of datetime
        Distinct cut-offs that have an outcome, ascending.
    sampled_share : float
        Share of customers kept (1.0 unless `training.max_rows` would have been passed).
    treated_share : float
        Share of closed windows of the main horizon that were left out because a strategy was carried out in them.
    bound : OrderBound
        How much one order may teach, and how many were larger.
    """

    frame: pd.DataFrame
    labels: pd.DataFrame
    feature_set: FeatureSet
    context: FitContext
    cutoffs: tuple[datetime, ...]
    sampled_share: float = 1.0
    treated_share: float = 0.0
    bound: OrderBound = UNBOUNDED

    @property
    def data_hash(self) -> str:
        """SHA-256 over every value of frame and labels, the declarations and the settings of targets and training."""
        digest = hashlib.sha256(self.feature_set.fingerprint.encode())
        for table in (self.frame, self.labels):
            digest.update(",".join(map(str, table.columns)).encode())
            for name in table.columns:
                hashes = pd.util.hash_pandas_object(table[name], index=False, categorize=True)
                digest.update(np.ascontiguousarray(hashes.to_numpy()).tobytes())
        training = self.context.training.model_dump(mode="json", exclude={"threads"})
        settings = [self.context.targets.model_dump(mode="json"), training, bound_state(self.bound.limit)]
        digest.update(json.dumps(settings, sort_keys=True).encode())
        return digest.hexdigest()

    def facts(self, timezone: str = "UTC") -> dict[str, object]:
        """Sizes and dates (in a zone) for the model card and the run log."""
        return {
            "rows": len(self.frame),
            "customers": int(self.frame["customer_id"].nunique()),
            "cutoffs": [format_moment(cutoff, timezone) for cutoff in self.cutoffs],
            "features": len(self.feature_set),
            "log_start": format_moment(self.context.log_start, timezone)[:10],
            "known_until": format_moment(self.context.known_until, timezone),
            "sampled_share": self.sampled_share,
            "treated_share": self.treated_share,
            "bounded_orders": self.bound.orders,
            "order_bound": bound_state(self.bound.limit),
            "bounded_money_share": self.bound.share,
        }


def training_set(tables: Tables, as_of: datetime, settings: Settings, progress: Progress | None = None) -> TrainingSet:
    """Features and labels at every cut-off that is closed as of a moment.

    Parameters
    ----------
    tables : Tables
        Canonical tables; rows at or after `as_of`, or recorded after it, are not seen.
    as_of : datetime
        End of what may be known, UTC without zone.
    settings : Settings
        Targets and training.
    progress : Progress, optional
        Told about the steps.

    Raises
    ------
    NotEnoughDataError
        No order before `as_of`. A log too short for any closed window gives one cut-off, `as_of`, without labels.
    """
    progress = progress or SILENT
    with progress.step(phrase("steps.read_orders")):
        events = order_events(tables, until=as_of)
        orders = events[events["is_order"].to_numpy(dtype=bool)]
    if orders.empty:
        raise NotEnoughDataError(
            "no_orders_before", code="no_orders", date=format_moment(as_of, settings.data.timezone)
        )
    log_start = pd.Timestamp(events["occurred_at"].min()).to_pydatetime()
    gap = typical_gap_days(orders)
    try:
        grid = cutoff_grid(log_start, as_of, settings.targets, settings.training, typical_gap_days=gap)
    except NotEnoughDataError:
        # No window has closed: the suite answers by rule and says so, from the customers as they are now.
        grid = CutoffGrid((as_of,), 1, 0, as_of)
    customers, share = _sample(orders, grid, settings.training.max_rows)
    feature_set = feature_set_for(tables)
    # The newest moment has no outcome yet; its rows tell the level step who the forecast is for.
    cutoffs = sorted({*grid.cutoffs, as_of})
    watched = level_cutoffs(log_start, as_of, settings.targets, cutoffs)
    with progress.step(phrase("steps.compute_features"), len(cutoffs) + len(watched)) as done:
        frame = compute_features(tables, cutoffs, feature_set, customers=customers)
        done(len(cutoffs))
        if watched:
            limit = min(LEVEL_CUSTOMERS, settings.training.max_rows // (4 * len(watched)))
            panel = _panel_customers(orders, customers, limit)
            level = compute_features(tables, list(watched), feature_set, customers=panel)
            frame = pd.concat([frame, level], ignore_index=True)
            frame = frame.sort_values(["as_of", "customer_id"], kind="stable", ignore_index=True)
            done(len(watched))
    frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) >= 1].reset_index(drop=True)
    with progress.step(phrase("steps.make_labels")):
        bound = order_bound(events)
        labels = make_labels(_taught(events, bound), frame[KEYS], settings.targets.all_horizons, known_until=as_of)
        labels, treated = without_treated(labels, frame[KEYS], treatments_of(tables), settings.targets.all_horizons)
        labels = _with_level_labels(labels, frame["as_of"], watched, settings.targets.all_horizons)
    context = FitContext(
        feature_set=feature_set,
        targets=settings.targets,
        training=settings.training,
        log_start=log_start,
        known_until=as_of,
        order_bound=bound.limit,
    )
    left_out = treated[settings.targets.horizon_days]
    return TrainingSet(frame, labels, feature_set, context, grid.cutoffs, share, left_out, bound)


def treatments_of(tables: Tables) -> pd.DataFrame:
    """customer_id, treated_at and arm of all treatments; empty where there is no such table."""
    return treatments_until(tables)[["customer_id", "treated_at", "arm"]]


def order_bound(events: pd.DataFrame) -> OrderBound:
    """How much one of these order events may teach; see `models.order_bound`."""
    customer = pd.factorize(events["customer_id"])[0].astype(np.int64)
    day = events["occurred_at"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return OrderBound.fit(customer, day, events["amount"].to_numpy(dtype=np.float64))


def _taught(events: pd.DataFrame, bound: OrderBound) -> pd.DataFrame:
    """The events as they teach: no amount beyond the bound, no more orders on a day than are a visit or two."""
    amount = bounded(events["amount"].to_numpy(dtype=np.float64), bound.limit)
    counts = events["is_order"].to_numpy(dtype=bool)
    day = events["occurred_at"].to_numpy().astype("datetime64[D]")
    bought = pd.DataFrame({"customer": events["customer_id"].to_numpy()[counts], "day": day[counts]})
    place = bought.groupby(["customer", "day"], sort=False).cumcount().to_numpy()
    per_day = np.bincount(place) if len(place) else np.zeros(1, dtype=np.int64)
    # So many customer days had at least 1, 2, … orders; the days by their number of orders follow from it.
    sizes = np.repeat(np.arange(1, len(per_day) + 1), per_day - np.append(per_day[1:], 0))
    counted = counts.copy()
    counted[np.flatnonzero(counts)[place >= most_on_a_day(sizes.astype(np.int64))]] = False
    return events.assign(amount=amount, is_order=counted)


def typical_gap_days(orders: pd.DataFrame) -> float | None:
    """Median number of days between consecutive orders of a customer; None if nobody ordered twice."""
    if orders.empty:
        return None
    ordered = orders[["customer_id", "occurred_at"]].sort_values(["customer_id", "occurred_at"], kind="stable")
    gaps = ordered.groupby("customer_id", sort=False)["occurred_at"].diff().dropna().dt.total_seconds() / 86_400.0
    gaps = gaps[gaps >= 1.0]
    return float(gaps.median()) if len(gaps) else None


def _panel_customers(orders: pd.DataFrame, kept: list[str] | None, limit: int) -> list[str]:
    """At most `limit` customers, the same ones in every run: enough to see a level."""
    ids = sorted(str(customer) for customer in orders["customer_id"].unique()) if kept is None else kept
    if len(ids) <= limit:
        return ids
    order = np.argsort(stable_fraction(ids, salt="level"), kind="stable")[:limit]
    return sorted(ids[place] for place in order)


def _with_level_labels(
    labels: pd.DataFrame, as_of: pd.Series, watched: Sequence[datetime], horizons: Sequence[int]
) -> pd.DataFrame:
    """Orders of every closed window as ``level_orders_{h}d``, also where nothing else is given."""
    only_watched = as_of.isin([pd.Timestamp(moment) for moment in watched]).to_numpy()
    level = labels[[orders_column(h) for h in horizons]].add_prefix(LEVEL_PREFIX)
    return pd.concat([labels.mask(np.broadcast_to(only_watched[:, None], labels.shape)), level], axis=1)


def _sample(orders: pd.DataFrame, grid: CutoffGrid, max_rows: int) -> tuple[list[str] | None, float]:
    """Customers to keep so that the expected number of rows stays within `max_rows`; None means all."""
    first = orders.groupby("customer_id", sort=True)["occurred_at"].min()
    starts = np.sort(first.to_numpy())
    cutoffs = {*grid.cutoffs, grid.as_of}
    rows = sum(int(np.searchsorted(starts, np.datetime64(cutoff), side="left")) for cutoff in cutoffs)
    if rows <= max_rows:
        return None, 1.0
    share = max_rows / rows
    ids = [str(customer) for customer in first.index]
    chosen = stable_fraction(ids) < share
    return [customer for customer, keep in zip(ids, chosen, strict=True) if keep], share


def stable_fraction(customers: Sequence[str], salt: str = "holdfast") -> NDArray[np.float64]:
    """A number in [0, 1) per customer that depends on the id alone, whatever else the data holds. Shape (n,).

    Examples
    --------
    >>> bool((stable_fraction(["a", "b"]) == stable_fraction(["a", "b", "c"])[:2]).all())
    True
    """
    key = salt.encode()[:64]
    numbers = (
        int.from_bytes(hashlib.blake2b(customer.encode(), digest_size=8, key=key).digest(), "big") >> 11
        for customer in customers
    )
    return np.fromiter(numbers, dtype=np.float64, count=len(customers)) / float(1 << 53)


def backtest_cutoffs(as_of: datetime, horizon_days: int, folds: int, *, not_before: datetime) -> list[datetime]:
    """Cut-offs of the backtest, newest first, one horizon apart so that the windows they look at do not overlap."""
    cutoffs = [as_of - timedelta(days=horizon_days * fold) for fold in range(1, folds + 1)]
    return [cutoff for cutoff in cutoffs if cutoff >= not_before]


def save_training_set(data: TrainingSet, folder: Path) -> list[Path]:
    """Write a training set as Parquet and JSON, the JSON with the hashes of all last; returns the files."""
    paths = [folder / FRAME_FILE, folder / LABELS_FILE, folder / CONTEXT_FILE]
    for table, path in ((data.frame, paths[0]), (data.labels, paths[1])):
        with atomic_path(path, private=True) as aside:
            table.to_parquet(aside, index=False, row_group_size=CHUNK_ROWS)
    context = {
        "files": {path.name: sha256_of(path) for path in paths[:2]},
        "feature_set": json.loads(data.feature_set.to_json()),
        "targets": data.context.targets.model_dump(mode="json"),
        "training": data.context.training.model_dump(mode="json"),
        "log_start": data.context.log_start.isoformat(),
        "known_until": data.context.known_until.isoformat(),
        "cutoffs": [cutoff.isoformat() for cutoff in data.cutoffs],
        "sampled_share": data.sampled_share,
        "treated_share": data.treated_share,
        "bound": {"limit": bound_state(data.bound.limit), "orders": data.bound.orders, "share": data.bound.share},
        "data_hash": data.data_hash,
    }
    write_checked(paths[2], context)
    return paths


def load_training_set(folder: Path) -> TrainingSet:
    """Read what `save_training_set` wrote.

    Raises
    ------
    HoldfastError
        It is not there, or not what was written.
    """
    try:
        context = read_checked(folder / CONTEXT_FILE)
        whole = all(sha256_of(folder / name) == said for name, said in context["files"].items())
    except (OSError, ValueError, KeyError, AttributeError):
        whole = False
    if not whole:
        raise HoldfastError(
            "training_set_changed", code="training_set_changed", file=str(folder / CONTEXT_FILE), folder=folder
        )
    feature_set = FeatureSet.from_json(json.dumps(context["feature_set"]))
    return TrainingSet(
        frame=read_frame(folder / FRAME_FILE),
        labels=read_frame(folder / LABELS_FILE),
        feature_set=feature_set,
        context=FitContext(
            feature_set=feature_set,
            targets=TargetSettings(**context["targets"]),
            training=TrainingSettings(**context["training"]),
            log_start=datetime.fromisoformat(context["log_start"]),
            known_until=datetime.fromisoformat(context["known_until"]),
            order_bound=read_bound(context["bound"]["limit"]),
        ),
        cutoffs=tuple(datetime.fromisoformat(cutoff) for cutoff in context["cutoffs"]),
        sampled_share=float(context["sampled_share"]),
        treated_share=float(context["treated_share"]),
        bound=OrderBound(
            read_bound(context["bound"]["limit"]), int(context["bound"]["orders"]), float(context["bound"]["share"])
        ),
    )
