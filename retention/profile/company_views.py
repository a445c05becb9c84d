"""Two views of the whole company: what each segment demands, and where satisfaction is lost and what that costs.

The demand view serves decisions on range and price, the satisfaction view says where improving product or service pays
most. Both count what was visible before `as_of`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import NotEnoughDataError
from features.sources import is_low

if TYPE_CHECKING:
    from features.engine import Tables

Floats = NDArray[np.float64]
SURE = 2.0
"""Standard errors from which a fall is called one."""
SURE_OF_MANY = 3.5
"""The same where the best of many possible starts is taken."""
BUCKET_DAYS = 30


def demand_view(
    tables: Tables,
    as_of: datetime,
    segments: pd.Series[Any],
    *,
    item: str = "category",
    days: int = 90,
    smallest: int = 10,
) -> pd.DataFrame:
    """What each segment buys often, at high value, and less than before.

    Parameters
    ----------
    tables : Tables
        Canonical tables; `item` must be a column of the transactions (`category`, `product_id`), or the products have
        categories.
    as_of : datetime
        End of the latest window.
    segments : Series
        Segment by customer_id (index).
    item : str
        What is counted.
    days : int
        Length of the window; the one before it, and the same one a year earlier, are compared.
    smallest : int
        Orders in either window from which an item is shown.

    Returns
    -------
    DataFrame
        segment, item, orders, customers, spend, orders_before, orders_last_year (NaN where the log is too short),
        spend_per_order, difference (orders less those before), change (share), z, often, high_value, falling (bool):
        often and high value are the upper quarter of the segment; falling is a drop of more than `SURE` standard errors
        that the season does not explain. The largest segment first, and in it the largest item, by spend or, where the
        log has no amounts, by orders.

    Raises
    ------
    NotEnoughDataError
        The transactions have no such column.
    """
    lines = _lines(tables, as_of, item, days)
    lines["segment"] = lines["customer_id"].map(segments)
    lines = lines[lines["segment"].notna()]
    now, before, last_year = (lines[lines["window"] == name] for name in ("now", "before", "last_year"))
    first = tables.span()[0]
    has_year = first <= as_of.replace(tzinfo=None) - timedelta(days=365 + days)
    keys = ["segment", "item"]
    table = pd.DataFrame(
        {
            "orders": now.groupby(keys)["orders"].sum(),
            "customers": now.groupby(keys)["customer_id"].nunique(),
            "spend": now.groupby(keys)["spend"].sum(),
        }
    )
    old = before.groupby(keys)["orders"].sum().rename("orders_before")
    older = last_year.groupby(keys)["orders"].sum().rename("orders_last_year")
    table = table.join(old, how="outer").join(older, how="left").reset_index()
    counts = ["orders", "customers", "spend", "orders_before"]
    table[counts] = table[counts].fillna(0.0)
    table["orders_last_year"] = table["orders_last_year"].fillna(0.0) if has_year else np.nan
    table = table[(table["orders"] >= smallest) | (table["orders_before"] >= smallest)].reset_index(drop=True)
    table["spend_per_order"] = table["spend"] / table["orders"].where(table["orders"] > 0)
    table["difference"] = table["orders"] - table["orders_before"]
    table["change"] = table["orders"] / table["orders_before"].where(table["orders_before"] > 0) - 1
    table["z"] = _poisson_z(table["orders"], table["orders_before"])
    by_segment = table.groupby("segment")
    table["often"] = table["orders"] >= by_segment["orders"].transform(lambda own: own.quantile(0.75))
    table["high_value"] = table["spend_per_order"] >= by_segment["spend_per_order"].transform(
        lambda own: own.quantile(0.75)
    )
    falling = table["z"] <= -SURE
    if has_year:  # a drop that also happened at this time of the year is season
        falling &= _poisson_z(table["orders"], table["orders_last_year"]) <= -SURE
    table["falling"] = falling
    size = table["spend"] if bool((table["spend"] != 0).any()) else table["orders"]
    table = table.assign(size=size, of_segment=size.groupby(table["segment"]).transform("sum"))
    ordered = table.sort_values(
        ["of_segment", "segment", "size", "item"],
        ascending=[False, True, False, True],
        kind="stable",
        ignore_index=True,
    )
    return ordered.drop(columns=["size", "of_segment"])


def _poisson_z(now: pd.Series[Any], before: pd.Series[Any]) -> pd.Series[Any]:
    # Square roots make Poisson counts equally noisy (Anscombe 1948): sqrt(n) has a standard deviation of about 1/2.
    return pd.Series(
        2 * (np.sqrt(now.to_numpy(dtype=np.float64)) - np.sqrt(before.to_numpy(dtype=np.float64))) / np.sqrt(2.0),
        index=now.index,
    )


def _lines(tables: Tables, as_of: datetime, item: str, days: int) -> pd.DataFrame:
    from features.extracts import has_item, item_windows

    if not has_item(tables, item):
        raise NotEnoughDataError("orders_lack_column", field=item)
    end = as_of.replace(tzinfo=None)
    length, year = timedelta(days=days), timedelta(days=365)
    windows = {"now": end, "before": end - length, "last_year": end - year}
    return item_windows(tables, as_of, item, {name: (last - length, last) for name, last in windows.items()})


def satisfaction_view(
    tables: Tables,
    as_of: datetime,
    scores: pd.DataFrame,
    *,
    by: Sequence[str] = ("region", "product_line_tier", "customer_type"),
    days: int = 730,
    smallest: int = 30,
) -> pd.DataFrame:
    """Where satisfaction is lost, since when, and what it costs in predicted value.

    A score is read on its scale and called low as the features do (`features.sources`); a complaint counts as the
    lowest score. For every topic, alone and within every group, the moment is sought from
    which scores have been lower (the split of the answers, at steps of 30 days, with the largest standardised
    difference); it is named only if the difference exceeds `SURE_OF_MANY` standard errors. The cost is what the model's
    satisfaction driver takes off the lifetime value of those customers who gave bad feedback on the topic in the last
    year; it describes the model, and a customer who is in several groups is counted in each.

    Parameters
    ----------
    tables : Tables
        With the table feedback.
    as_of : datetime
        Now.
    scores : DataFrame
        The scores table: customer_id, the columns of `by`, `lifetime_drivers` or `drivers` and `lifetime_value`.
    by : sequence of str
        Groups of customers to look into.
    days : int
        Span looked back on.
    smallest : int
        Answers from which a group is shown.

    Returns
    -------
    DataFrame
        dimension (`all` or a column of `by`), value, topic, answers, complaints, bad_share_90d, score_90d, score_now
        (since the fall, else in 90 days), score_before (until then), change (exactly their difference; all three in
        hundredths), z, since (NaT where nothing fell), customers (with bad feedback in a year), lost_value; the most
        expensive first, then those with most answers.

    Raises
    ------
    NotEnoughDataError
        No feedback table.
    """
    if not tables.has("feedback"):
        raise NotEnoughDataError("no_feedback_table", code="no_feedback")
    answers = _answers(tables, as_of, days)
    known = scores.drop_duplicates("customer_id").set_index("customer_id")
    answers["lost"] = answers["customer_id"].map(_lost_value(known)).fillna(0.0)
    rows: list[dict[str, Any]] = []
    groups: list[tuple[str, str, pd.DataFrame]] = [("all", "all", answers)]
    for name in by:
        if name in known.columns:
            labels = answers["customer_id"].map(known[name].astype("object"))
            groups += [(name, str(value), part) for value, part in answers.groupby(labels) if str(value) != "unknown"]
    for dimension, value, group in groups:
        for topic, part in group.groupby("topic"):
            if len(part) >= smallest:
                rows.append({"dimension": dimension, "value": value, "topic": str(topic), **_topic_row(part, as_of)})
    if not rows:
        return pd.DataFrame(columns=["dimension", "value", "topic", *_topic_row(answers.iloc[:0], as_of)])
    table = pd.DataFrame(rows)
    return table.sort_values(
        ["lost_value", "answers", "dimension", "value", "topic"],
        ascending=[False, False, True, True, True],
        kind="stable",
        ignore_index=True,
    )


def _answers(tables: Tables, as_of: datetime, days: int) -> pd.DataFrame:
    from features.extracts import feedback_answers

    frame = feedback_answers(tables, as_of)
    complaint = (frame["kind"] == "complaint").to_numpy()
    frame["value"] = np.where(complaint, 0.0, frame["level"].astype("float64"))
    frame["complaint"] = complaint
    frame["topic"] = frame["topic"].astype("object").where(frame["topic"].notna(), "other")
    age = (pd.Timestamp(as_of.replace(tzinfo=None)) - frame["occurred_at"]).dt.total_seconds() / 86_400
    frame["age"] = age
    kept: pd.DataFrame = frame.loc[frame["value"].notna() & (age <= days)].reset_index(drop=True)
    return kept


def _lost_value(known: pd.DataFrame) -> pd.Series[Any]:
    """What dissatisfaction takes off each customer's predicted lifetime value (not negative)."""
    if "lifetime_drivers" in known.columns:
        points = known["lifetime_drivers"].map(_satisfaction_points)
        return (-points).clip(lower=0.0)
    if {"drivers", "lifetime_value", "churn_probability"} <= set(known.columns):
        risk = known["drivers"].map(_satisfaction_points).clip(lower=0.0)
        # without money drivers: the share of the chance to stay that dissatisfaction takes
        stays = (1 - known["churn_probability"]).clip(lower=0.05)
        return risk / (stays + risk) * known["lifetime_value"].clip(lower=0.0)
    return pd.Series(0.0, index=known.index)


def _satisfaction_points(drivers: Any) -> float:
    return (
        math.fsum(entry["points"] for entry in drivers if entry["driver"] == "satisfaction")
        if drivers is not None
        else 0.0
    )


def _topic_row(part: pd.DataFrame, as_of: datetime) -> dict[str, Any]:
    value, age = part["value"].to_numpy(dtype=np.float64), part["age"].to_numpy(dtype=np.float64)
    recent = age <= 90
    bad = is_low(value)
    since_days, z = fall_since(value, age)
    split = since_days if since_days is not None else 90.0
    after, before = value[age <= split], value[age > split]
    # in hundredths, as they are read, so that the difference told is that of the scores told
    mean_after = round(float(after.mean()), 2) if len(after) else np.nan
    mean_before = round(float(before.mean()), 2) if len(before) else np.nan
    unhappy = part[(bad & (age <= 365))].drop_duplicates("customer_id")
    return {
        "answers": len(part),
        "complaints": int(part["complaint"].sum()),
        "bad_share_90d": float(bad[recent].mean()) if recent.any() else np.nan,
        "score_90d": float(value[recent].mean()) if recent.any() else np.nan,
        "score_now": mean_after,
        "score_before": mean_before,
        "change": round(mean_after - mean_before, 2),
        "z": z,
        "since": pd.NaT
        if since_days is None
        else pd.Timestamp(as_of.replace(tzinfo=None)) - pd.Timedelta(days=since_days),
        "customers": len(unhappy),
        "lost_value": float(unhappy["lost"].sum()),
    }


def fall_since(value: Floats, age: Floats) -> tuple[float | None, float]:
    """Days since which values have been lower, and by how many standard errors; None where they have not fallen.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> age = rng.uniform(0, 360, 2_000)
    >>> fall_since(np.where(age < 120, 0.5, 0.8) + rng.normal(0, 0.1, 2_000), age)[0]
    120.0
    """
    if not len(value):
        return None, 0.0
    oldest = int(age.max() // BUCKET_DAYS)
    best_days, best_z = None, 0.0
    for place in range(1, oldest + 1):
        split = float(place * BUCKET_DAYS)
        after, before = value[age <= split], value[age > split]
        if min(len(after), len(before)) < 15:
            continue
        error = float(np.sqrt(after.var(ddof=1) / len(after) + before.var(ddof=1) / len(before)))
        z = float((after.mean() - before.mean()) / error) if error > 0 else 0.0
        if z < best_z:
            best_days, best_z = split, z
    return (best_days if best_z <= -SURE_OF_MANY else None), best_z
