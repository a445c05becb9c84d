"""What the feature benchmark times, each task in a process of its own: ours, hand-written SQL, pandas.

``python -m benchmarks.feature_tasks TASK FOLDER WARM_UP REPEATS THREADS`` prints one line of JSON; WARM_UP is the
folder of a tiny log on which the task runs first, untimed, so that imports and compiled SQL are not what is compared.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

WINDOWS = (7, 14, 30, 60, 90, 180, 365)
RFM = [
    *(f"{what}_{days}d" for days in WINDOWS for what in ("orders", "spend")),
    "orders_ever",
    "spend_ever",
    "max_order_value_ever",
    "mean_order_value_ever",
    "days_since_last_order",
    "days_since_first_order",
]
"""The window-RFM subset that all three ways compute."""

CUTOFFS, STEP = 12, timedelta(days=30)

Task = Callable[[Path, int], Callable[[], pd.DataFrame | None]]


def cutoffs(folder: Path, count: int) -> list[datetime]:
    """The last cut-off at the end of the log, the others in steps of 30 days before it."""
    from features.engine import open_tables

    with open_tables(folder) as tables:
        end = tables.end("UTC")
    return [end - STEP * i for i in reversed(range(count))]


def ours(names: list[str] | None, count: int) -> Task:
    """`compute_features` of the named features, or of the whole catalogue that the log offers."""

    def task(folder: Path, threads: int) -> Callable[[], pd.DataFrame | None]:
        from features.engine import compute_features, feature_set_for, open_tables

        tables = open_tables(folder, threads=threads)
        feature_set = feature_set_for(tables)
        if names is not None:
            feature_set = feature_set.select(names)
        moments = cutoffs(folder, count)
        return lambda: compute_features(tables, moments, feature_set)

    return task


def bare(folder: Path, threads: int) -> Callable[[], pd.DataFrame | None]:
    """Lines to orders with their sums, nothing else: the floor of any feature computation."""
    from features.connection import connect

    connection = connect(folder, threads=threads)
    sql = f"""
        CREATE OR REPLACE TEMP TABLE orders AS
        SELECT customer_id, order_id, min(occurred_at) AS occurred_at, count(*) AS lines, sum(amount) AS amount,
               sum(discount) AS discount, sum(CAST(quantity AS DECIMAL(18, 3))) AS quantity
        FROM read_parquet('{folder / "transactions.parquet"}')
        GROUP BY customer_id, order_id
    """

    def run() -> None:
        connection.execute(sql)

    return run


def by_hand(folder: Path, threads: int) -> Callable[[], pd.DataFrame | None]:
    """Two-stage DuckDB SQL written by hand for this log: lines to orders, orders to customers."""
    from features.connection import connect

    connection = connect(folder, threads=threads)
    as_of = f"TIMESTAMP '{cutoffs(folder, 1)[0]}'"
    windows = ",\n".join(
        f"count(*) FILTER (is_order AND occurred_at >= {as_of} - INTERVAL {days} DAY) AS orders_{days}d, "
        f"coalesce(sum(amount) FILTER (occurred_at >= {as_of} - INTERVAL {days} DAY), 0) AS spend_{days}d"
        for days in WINDOWS
    )
    sql = f"""
        WITH orders AS (
            SELECT customer_id, order_id, min(occurred_at) AS occurred_at, sum(amount) AS amount,
                   sum(amount) > 0 AS is_order
            FROM read_parquet('{folder / "transactions.parquet"}')
            WHERE occurred_at < {as_of}
            GROUP BY customer_id, order_id
        )
        SELECT customer_id, {windows},
               count(*) FILTER (is_order) AS orders_ever, sum(amount) AS spend_ever,
               max(amount) FILTER (is_order) AS max_order_value_ever,
               sum(amount) FILTER (is_order) / nullif(count(*) FILTER (is_order), 0) AS mean_order_value_ever,
               date_diff('microsecond', max(occurred_at) FILTER (is_order), {as_of}) / 86400e6 AS days_since_last_order,
               date_diff('microsecond', min(occurred_at) FILTER (is_order), {as_of}) / 86400e6 AS days_since_first_order
        FROM orders GROUP BY customer_id ORDER BY customer_id
    """
    return lambda: connection.sql(sql).to_arrow_table().to_pandas()


def with_pandas(folder: Path, threads: int) -> Callable[[], pd.DataFrame | None]:
    """The same by pandas: groupby to orders, then one groupby per window."""
    as_of = pd.Timestamp(cutoffs(folder, 1)[0])

    def run() -> pd.DataFrame:
        columns = ["customer_id", "order_id", "occurred_at", "amount"]
        lines = pd.read_parquet(folder / "transactions.parquet", columns=columns, dtype_backend="pyarrow")  # noqa: TID251 - what one would write by hand
        lines["amount"] = lines["amount"].astype("float64")
        lines["occurred_at"] = lines["occurred_at"].astype("datetime64[us]")
        lines = lines[lines["occurred_at"] < as_of]
        orders = lines.groupby(["customer_id", "order_id"], sort=False).agg(
            occurred_at=("occurred_at", "min"), amount=("amount", "sum")
        )
        orders = orders.reset_index("customer_id")
        bought = orders[orders["amount"] > 0]
        ever = bought.groupby("customer_id").agg(
            orders_ever=("amount", "size"),
            max_order_value_ever=("amount", "max"),
            mean_order_value_ever=("amount", "mean"),
            last=("occurred_at", "max"),
            first=("occurred_at", "min"),
        )
        result = orders.groupby("customer_id").agg(spend_ever=("amount", "sum")).join(ever)
        for days in WINDOWS:
            start = as_of - pd.Timedelta(days=days)
            result[f"orders_{days}d"] = bought[bought["occurred_at"] >= start].groupby("customer_id").size()
            result[f"spend_{days}d"] = orders[orders["occurred_at"] >= start].groupby("customer_id")["amount"].sum()
        for name, moment in (("last", "days_since_last_order"), ("first", "days_since_first_order")):
            result[moment] = (as_of - result[name]).dt.total_seconds() / 86_400
        counts = [name for name in RFM if name.startswith(("orders_", "spend_"))]
        result[counts] = result[counts].fillna(0)
        return result.reset_index()

    return run


def inline(folder: Path, threads: int) -> Callable[[], pd.DataFrame | None]:
    """One customer's history in memory, as the service gets it: the customer with the median number of lines."""
    from features.engine import compute_features, feature_set_for, open_tables, reference_prices, tables_from_arrow
    from features.extracts import customer_rows, whole_table

    with open_tables(folder, threads=threads) as tables:
        everyone = tables.run(whole_table(tables.shape, "transactions", ("customer_id",)))
        counts = everyone.group_by("customer_id").aggregate([([], "count_all")])
        counts = counts.sort_by([("count_all", "ascending"), ("customer_id", "ascending")])
        customer = counts["customer_id"][counts.num_rows // 2].as_py()
        lines = customer_rows(tables, [customer])["transactions"]
        feature_set, moment = feature_set_for(tables), cutoffs(folder, 1)
        prices, start = reference_prices(tables, moment[0]), tables.span()[0]

    def run() -> None:
        with tables_from_arrow({"transactions": lines}) as history:
            compute_features(history, moment, feature_set, reference_prices=prices, log_start=start)

    return run


TASKS: dict[str, Task] = {
    "bare": bare,
    "rfm": ours(RFM, 1),
    "rfm_by_hand": by_hand,
    "rfm_pandas": with_pandas,
    "catalogue": ours(None, 1),
    "catalogue_12": ours(None, CUTOFFS),
    "inline": inline,
}
"""Every timed task by name."""


def measured(task: str, folder: Path, warm_up: Path, repeats: int, threads: int) -> dict[str, Any]:
    """Wall and processor seconds of every run, the process's peak memory in GB, and sums to compare the ways by."""
    TASKS[task](warm_up, threads)()
    run = TASKS[task](folder, threads)
    seconds, processor, frame = [], [], None
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        frame = run()
        seconds.append(round(time.perf_counter() - start, 4))
        processor.append(round(time.process_time() - used, 4))
    sums = {} if frame is None else {name: float(frame[name].astype("float64").sum()) for name in RFM}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rows, columns = (0, 0) if frame is None else frame.shape
    return {
        "seconds": seconds,
        "processor_seconds": processor,
        "peak_gb": round(peak, 2),
        "rows": rows,
        "columns": columns,
        "sums": sums,
    }


if __name__ == "__main__":
    name, log, tiny, runs, cores = sys.argv[1:]
    sys.stdout.write(json.dumps(measured(name, Path(log), Path(tiny), int(runs), int(cores))) + "\n")
