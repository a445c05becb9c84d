"""What a company would use otherwise: the methods that every evaluation is shown beside.

* *constant rate*: the same for everybody, the share and the means of the earlier cut-offs. Who is not ahead of it
  cannot tell customers apart.
* *recency rule*: the longer ago the last order, the likelier the churn (a logistic curve on the logarithm of
  the days, fitted on the same earlier cut-offs); expected orders and spend are the means of its recency group.
* *persistence*: the coming window will be like the one just past.
* *BG/NBD + Gamma-Gamma*: the customary probabilistic model, refitted at the test cut-off (Fader, Hardie, Lee 2005;
  Fader, Hardie 2013).

Each gives, per test customer, churn_probability, expected_orders and expected_spend at one horizon; NaN where it has
no answer (no closed earlier window to learn a rate from, no amounts).
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.labels import OrderLog
from models.contract import KEYS, orders_column, spend_column

BASELINES = ("constant", "recency", "persistence", "bgnbd")
COLUMNS = ["churn_probability", "expected_orders", "expected_spend"]
RECENCY_GROUPS = 10

Floats = NDArray[np.float64]


def baseline_predictions(
    train_frame: pd.DataFrame,
    train_labels: pd.DataFrame,
    test_frame: pd.DataFrame,
    events: pd.DataFrame,
    cutoff: datetime,
    horizon_days: int,
) -> dict[str, pd.DataFrame]:
    """All baselines on the same test customers.

    Parameters
    ----------
    train_frame, train_labels : DataFrame
        The training set as of the test cut-off; rows whose horizon has not closed are passed over.
    test_frame : DataFrame
        One row per test customer, at the test cut-off.
    events : DataFrame
        Order events; nothing at or after `cutoff` is used.
    cutoff : datetime
        The test cut-off.
    horizon_days : int
        Days ahead.

    Returns
    -------
    dict of str to DataFrame
        By the names in `BASELINES`; index of `test_frame`, columns `COLUMNS`.
    """
    orders = train_labels[orders_column(horizon_days)].to_numpy(dtype=np.float64)
    closed = ~np.isnan(orders)
    frame, labels = train_frame[closed], train_labels[closed]
    log = OrderLog(events, cutoff)
    return {
        "constant": constant_rate(labels, test_frame, horizon_days),
        "recency": recency_rule(frame, labels, test_frame, horizon_days),
        "persistence": persistence(log, frame, labels, test_frame, cutoff, horizon_days),
        "bgnbd": bg_nbd(log, test_frame, cutoff, horizon_days),
    }


def constant_rate(labels: pd.DataFrame, test_frame: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Share of churn and means of orders and spend over the earlier cut-offs, the same for every customer."""
    result = _empty(test_frame)
    orders = labels[orders_column(horizon_days)].to_numpy(dtype=np.float64)
    if len(orders):
        result["churn_probability"] = ((orders <= 0).sum() + 1) / (len(orders) + 2)
        result["expected_orders"] = orders.mean()
        result["expected_spend"] = labels[spend_column(horizon_days)].to_numpy(dtype=np.float64).mean()
    return result


def recency_rule(
    frame: pd.DataFrame, labels: pd.DataFrame, test_frame: pd.DataFrame, horizon_days: int
) -> pd.DataFrame:
    """Logistic curve on log(1 + days since the last order); group means for orders and spend."""
    result = _empty(test_frame)
    churned = (labels[orders_column(horizon_days)].to_numpy(dtype=np.float64) <= 0).astype(int)
    if len(frame) == 0:
        return result
    days, test_days = _recency(frame), _recency(test_frame)
    if churned.min() == churned.max():
        result["churn_probability"] = (churned.sum() + 1) / (len(churned) + 2)
    else:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1e6, max_iter=1000).fit(np.log1p(days)[:, None], churned)
        result["churn_probability"] = model.predict_proba(np.log1p(test_days)[:, None])[:, 1]
    edges = np.unique(np.quantile(days, np.linspace(0, 1, RECENCY_GROUPS + 1)[1:-1]))
    groups, test_groups = np.searchsorted(edges, days, side="right"), np.searchsorted(edges, test_days, side="right")
    for column, label in (("expected_orders", orders_column), ("expected_spend", spend_column)):
        values = labels[label(horizon_days)].to_numpy(dtype=np.float64)
        if not np.isnan(values).all():
            means = pd.Series(values).groupby(groups).mean()
            result[column] = pd.Series(test_groups).map(means).fillna(float(np.nanmean(values))).to_numpy()
    return result


def persistence(
    log: OrderLog,
    frame: pd.DataFrame,
    labels: pd.DataFrame,
    test_frame: pd.DataFrame,
    cutoff: datetime,
    horizon_days: int,
) -> pd.DataFrame:
    """The last window again; the churn probability is the observed share after a window with and without an order."""
    result = _empty(test_frame)
    orders, spend = _window_before(log, test_frame, horizon_days)
    result["expected_orders"] = orders
    if log.has_amounts:
        result["expected_spend"] = np.maximum(spend, 0.0)
    if len(frame):
        churned = labels[orders_column(horizon_days)].to_numpy(dtype=np.float64) <= 0
        before = _window_before(log, frame, horizon_days)[0] > 0
        rates = {active: (churned[before == active].sum() + 1) / ((before == active).sum() + 2) for active in (0, 1)}
        result["churn_probability"] = np.where(orders > 0, rates[1], rates[0])
    return result


def bg_nbd(log: OrderLog, test_frame: pd.DataFrame, cutoff: datetime, horizon_days: int) -> pd.DataFrame:
    """BG/NBD for orders, Gamma-Gamma for the value of an order, both fitted on the log before the cut-off."""
    from models.btyd import BetaGeometric, GammaGamma

    result = _empty(test_frame)
    history = log.histories(cutoff)
    if len(history) == 0:
        return result
    columns = [history[name].to_numpy(dtype=np.float64) for name in ("frequency", "recency", "age")]
    model = BetaGeometric.fit(*columns)
    answers = pd.DataFrame(index=history.index)
    answers["churn_probability"] = model.probability_no_order(float(horizon_days), *columns)
    answers["expected_orders"] = model.expected_orders(float(horizon_days), *columns)
    if log.has_amounts:
        repeats = columns[0]
        value = history["mean_repeat_value"].to_numpy(dtype=np.float64)
        value_model = GammaGamma.fit(repeats, value)
        answers["expected_spend"] = answers["expected_orders"] * value_model.expected_value(repeats, value)
    rows = answers.reindex(test_frame["customer_id"].astype(str))
    for name in answers.columns:
        result[name] = rows[name].to_numpy(dtype=np.float64)
    return result


def _recency(frame: pd.DataFrame) -> Floats:
    return np.asarray(frame["days_since_last_order"].clip(lower=0.0), dtype=np.float64)


def _empty(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(np.nan, index=frame.index, columns=COLUMNS, dtype=np.float64)


def _window_before(log: OrderLog, frame: pd.DataFrame, days: int) -> tuple[Floats, Floats]:
    """Orders and spend in ``[as_of - days, as_of)`` per row."""
    orders, spend = np.zeros(len(frame)), np.zeros(len(frame))
    places = log.customers.get_indexer(pd.Index(frame["customer_id"].astype(str)))
    cutoffs = frame[KEYS[1]].to_numpy()
    for cutoff in np.unique(cutoffs):
        end = pd.Timestamp(cutoff).to_pydatetime()
        rows = np.flatnonzero((cutoffs == cutoff) & (places >= 0))
        counted, spent = log.sums(end - pd.Timedelta(days=days), end)
        orders[rows], spend[rows] = counted[places[rows]], spent[places[rows]]
    return orders, spend
