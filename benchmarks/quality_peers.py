"""What a company would pick otherwise, on the same customers: each peer gives churn, orders and spend at one horizon.

* *BG/NBD*, *MBG/NBD*, *Pareto/NBD*, each with Gamma-Gamma for the value of an order, fitted at the cut-off; the
  probability of no order is the model's own, and, *from the mean*, ``exp(-expected orders)``, which is what users of
  packages without such a probability take.
* *lifetimes*: BG/NBD and Gamma-Gamma as that package fits them, where it is installed and converges, from the mean.
* *recency*: the longer ago the last order, the likelier the churn; the curve is learned on earlier cut-offs.
* *afternoon LightGBM*: 24 features of recency, frequency and money over windows, up to six earlier cut-offs, three
  boosters with sensible parameters; what a data scientist has by the evening.
* *two-part*: the same, with spend as the probability to be active times the spend of the active.
* *oracle*: the afternoon's boosters cross-validated on the window that is to be predicted. It has seen the future
  level, so it is a ceiling and no competitor.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.extras import is_installed
from evaluation.labels import OrderLog

Floats = NDArray[np.float64]

COLUMNS = ["churn_probability", "expected_orders", "expected_spend"]
PEERS = (
    "bgnbd",
    "mbgnbd",
    "pareto",
    "bgnbd_mean",
    "mbgnbd_mean",
    "pareto_mean",
    "lifetimes",
    "recency",
    "afternoon",
    "two_part",
)
"""Competitors, in the order of the tables."""
ORACLE = "oracle"
TITLES = {
    "bgnbd": "BG/NBD",
    "mbgnbd": "MBG/NBD",
    "pareto": "Pareto/NBD",
    "bgnbd_mean": "BG/NBD (mean)",
    "mbgnbd_mean": "MBG/NBD (mean)",
    "pareto_mean": "Pareto/NBD (mean)",
    "lifetimes": "lifetimes",
    "recency": "recency",
    "afternoon": "LightGBM",
    "two_part": "two-part",
    ORACLE: "oracle",
}

WINDOWS = (7, 14, 30, 60, 90, 180, 365)
CUTOFFS, CUTOFF_STEP, HISTORY_NEEDED = 6, 30, 30
FOLDS = 5
ROUNDS = 200
PARAMETERS: dict[str, Any] = {
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.8,
    "deterministic": True,
    "num_threads": 1,  # on tables of this size a second thread costs more than it does
    "verbosity": -1,
}


class NoAnswerError(Exception):
    """Why a peer cannot answer."""


@dataclass(frozen=True)
class Question:
    """What every peer is asked.

    Attributes
    ----------
    events : DataFrame
        Order events before the cut-off (customer_id, occurred_at, amount, is_order).
    customers : Index
        Customers to answer for, each with an order before the cut-off.
    as_of : datetime
    horizon_days : int
    actual : DataFrame
        What happened (churned, orders, spend), in the order of `customers`; the oracle alone looks at it.
    seed : int
    """

    events: pd.DataFrame
    customers: pd.Index
    as_of: datetime
    horizon_days: int
    actual: pd.DataFrame
    seed: int

    @cached_property
    def answers(self) -> dict[str, pd.DataFrame]:
        """What was answered so far."""
        return {}

    @cached_property
    def log(self) -> OrderLog:
        """Events as of the cut-off."""
        return OrderLog(self.events, self.as_of)

    @cached_property
    def afternoon(self) -> pd.DataFrame:
        """The boosters of earlier cut-offs; `COLUMNS` and `two_part`."""
        earlier = _earlier(self)
        if earlier is None:
            raise NoAnswerError("no earlier window of this length has closed, so it cannot be trained")
        return _boosted(*earlier, rfm_features(self.events, self.as_of).loc[self.customers], self)


def ask(name: str, question: Question) -> pd.DataFrame:
    """One peer's answer.

    Returns
    -------
    DataFrame
        Index `question.customers`; `COLUMNS`, NaN where the peer says nothing, and for the recency rule `rank`, by
        which customers are ordered even where no probability can be learned.

    Raises
    ------
    NoAnswerError
        The peer cannot be fitted here; the text says why.
    """
    if name not in question.answers:
        question.answers[name] = _ASKED[name](question).set_axis(question.customers)
    return question.answers[name]


def _btyd(make: Callable[[Floats, Floats, Floats], Any], question: Question) -> pd.DataFrame:
    from models.btyd import GammaGamma

    history = question.log.histories(question.as_of).loc[question.customers]
    repeats, recency, age, value = (
        history[name].to_numpy(dtype=np.float64) for name in ("frequency", "recency", "age", "mean_repeat_value")
    )
    model = make(repeats, recency, age)
    horizon = float(question.horizon_days)
    answer = pd.DataFrame(index=history.index)
    answer["churn_probability"] = model.probability_no_order(horizon, repeats, recency, age)
    answer["expected_orders"] = model.expected_orders(horizon, repeats, recency, age)
    answer["expected_spend"] = np.nan
    if question.log.has_amounts:
        usual = GammaGamma.fit(repeats, value).expected_value(repeats, value)
        answer["expected_spend"] = answer["expected_orders"] * usual
    return answer


def _bg_nbd(question: Question) -> pd.DataFrame:
    from models.btyd import BetaGeometric

    return _btyd(BetaGeometric.fit, question)


def _mbg_nbd(question: Question) -> pd.DataFrame:
    from models.btyd import BetaGeometric

    return _btyd(lambda x, tx, age: BetaGeometric.fit(x, tx, age, first_order_dropout=True), question)


def _pareto(question: Question) -> pd.DataFrame:
    from models.btyd import ParetoNBD

    return _btyd(ParetoNBD.fit, question)


def _from_the_mean(name: str) -> Callable[[Question], pd.DataFrame]:
    def asked(question: Question) -> pd.DataFrame:
        answer = pd.DataFrame(np.nan, index=question.customers, columns=COLUMNS)
        answer["churn_probability"] = np.exp(-ask(name, question)["expected_orders"])
        return answer

    return asked


def _lifetimes(question: Question) -> pd.DataFrame:
    if not is_installed("lifetimes"):
        raise NoAnswerError("the package is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its calls of older pandas and NumPy warn by the hundred
        from lifetimes import BetaGeoFitter, GammaGammaFitter
    history = question.log.histories(question.as_of).loc[question.customers]
    repeats, recency, age = (history[name] for name in ("frequency", "recency", "age"))
    # A fit that fails prints what its optimiser said.
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            fitter = BetaGeoFitter().fit(repeats, recency, age)
            orders = fitter.conditional_expected_number_of_purchases_up_to_time(
                question.horizon_days, repeats, recency, age
            )
            usual: Any = np.nan
            if question.log.has_amounts:
                value = history["mean_repeat_value"]
                some = (repeats > 0) & (value > 0)
                money = GammaGammaFitter().fit(repeats[some], value[some])
                usual = money.conditional_expected_average_profit(repeats.where(some, 0.0), value.where(some, 0.0))
        except Exception as error:
            raise NoAnswerError(f"its fit failed ({type(error).__name__})") from error
    answer = pd.DataFrame(index=history.index)
    answer["expected_orders"] = np.asarray(orders, dtype=np.float64)
    answer["churn_probability"] = np.exp(-answer["expected_orders"])
    answer["expected_spend"] = answer["expected_orders"] * usual
    if not np.isfinite(answer["expected_orders"].to_numpy()).all():
        raise NoAnswerError("its expected orders are not finite")
    return answer


def _recency(question: Question) -> pd.DataFrame:
    from sklearn.linear_model import LogisticRegression

    now = rfm_features(question.events, question.as_of).loc[question.customers, "days_since_last"]
    answer = pd.DataFrame(np.nan, index=now.index, columns=COLUMNS)
    answer["rank"] = now.to_numpy(dtype=np.float64)
    earlier = _earlier(question)
    if earlier is None:
        return answer
    frame, labels = earlier
    churned = (labels["orders"].to_numpy() <= 0).astype(int)
    days = frame["days_since_last"].to_numpy()
    if churned.min() < churned.max():
        model = LogisticRegression(C=1e6, max_iter=1000).fit(np.log1p(days)[:, None], churned)
        answer["churn_probability"] = model.predict_proba(np.log1p(now.to_numpy())[:, None])[:, 1]
    edges = np.unique(np.quantile(days, np.linspace(0.1, 0.9, 9)))
    group, now_group = (np.searchsorted(edges, part, side="right") for part in (days, now.to_numpy()))
    for what in ("orders", "spend"):
        if labels[what].notna().all():
            means = (
                labels[what].groupby(group).mean().reindex(range(len(edges) + 1)).interpolate(limit_direction="both")
            )
            answer[f"expected_{what}"] = means.to_numpy()[now_group]
    return answer


def _afternoon(question: Question) -> pd.DataFrame:
    return question.afternoon[COLUMNS]


def _two_part(question: Question) -> pd.DataFrame:
    if not question.log.has_amounts:
        raise NoAnswerError("the log has no amounts")
    answer = question.afternoon[["two_part"]].set_axis(["expected_spend"], axis=1)
    return answer.reindex(columns=COLUMNS)


def _oracle(question: Question) -> pd.DataFrame:
    now = rfm_features(question.events, question.as_of).loc[question.customers]
    labels = question.actual[["orders", "spend"]].set_axis(now.index)
    fold = np.random.default_rng(question.seed).permutation(len(now)) % FOLDS
    parts = [
        _boosted(now[fold != number], labels[fold != number], now[fold == number], question) for number in range(FOLDS)
    ]
    return pd.concat(parts).loc[now.index, COLUMNS]


_ASKED: dict[str, Callable[[Question], pd.DataFrame]] = {
    "bgnbd": _bg_nbd,
    "mbgnbd": _mbg_nbd,
    "pareto": _pareto,
    "bgnbd_mean": _from_the_mean("bgnbd"),
    "mbgnbd_mean": _from_the_mean("mbgnbd"),
    "pareto_mean": _from_the_mean("pareto"),
    "lifetimes": _lifetimes,
    "recency": _recency,
    "afternoon": _afternoon,
    "two_part": _two_part,
    ORACLE: _oracle,
}


def _earlier(question: Question) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Features and labels at the six newest cut-offs whose horizon has closed; None without any."""
    first = pd.Timestamp(question.events["occurred_at"].min()) + pd.Timedelta(days=HISTORY_NEEDED)
    frames, labels = [], []
    for number in range(CUTOFFS):
        cutoff = question.as_of - timedelta(days=question.horizon_days + number * CUTOFF_STEP)
        if pd.Timestamp(cutoff) < first:
            break
        frame = rfm_features(question.events, cutoff)
        orders, spend = question.log.sums(cutoff, cutoff + timedelta(days=question.horizon_days))
        places = question.log.customers.get_indexer(frame.index)
        paid = spend[places] if question.log.has_amounts else np.full(len(frame), np.nan)
        frames.append(frame.reset_index(drop=True))
        labels.append(pd.DataFrame({"orders": orders[places].astype(np.float64), "spend": paid}))
    if not frames:
        return None
    return pd.concat(frames, ignore_index=True), pd.concat(labels, ignore_index=True)


def _boosted(frame: pd.DataFrame, labels: pd.DataFrame, now: pd.DataFrame, question: Question) -> pd.DataFrame:
    import lightgbm as lgb

    orders, spend = labels["orders"].to_numpy(dtype=np.float64), labels["spend"].to_numpy(dtype=np.float64)
    everyone = np.ones(len(orders), dtype=bool)
    wanted: dict[str, tuple[str, Floats, NDArray[np.bool_]]] = {
        "churn_probability": ("binary", (orders <= 0).astype(np.float64), everyone),
        "expected_orders": ("poisson", orders, everyone),
    }
    if not np.isnan(spend).any():
        wanted["expected_spend"] = ("tweedie", np.maximum(spend, 0.0), everyone)
        wanted["two_part"] = ("gamma", spend, (orders > 0) & (spend > 0))
    answer = pd.DataFrame(np.nan, index=now.index, columns=[*COLUMNS, "two_part"])
    for column, (objective, target, rows) in wanted.items():
        if not rows.any() or target[rows].min() == target[rows].max():
            answer[column] = target[rows].mean() if rows.any() else 0.0
            continue
        parameters = PARAMETERS | {"objective": objective, "seed": question.seed}
        booster = lgb.train(parameters, lgb.Dataset(frame.to_numpy()[rows], target[rows]), num_boost_round=ROUNDS)
        answer[column] = booster.predict(now.to_numpy(), num_threads=1)
    answer["two_part"] *= 1 - answer["churn_probability"]
    return answer


def rfm_features(events: pd.DataFrame, cutoff: datetime) -> pd.DataFrame:
    """The 24 features of the afternoon model (13 without amounts), for customers with an order before the cut-off.

    Parameters
    ----------
    events : DataFrame
        customer_id, occurred_at, amount, is_order.
    cutoff : datetime
        Events at or after it are left out.

    Returns
    -------
    DataFrame
        Index customer_id, sorted.
    """
    events = events[events["occurred_at"] < pd.Timestamp(cutoff)].sort_values(
        ["customer_id", "occurred_at"], kind="stable"
    )
    codes, customers = pd.factorize(events["customer_id"], sort=True)
    day = (pd.Timestamp(cutoff) - events["occurred_at"]).dt.total_seconds().to_numpy() / 86_400.0
    bought = events["is_order"].to_numpy(dtype=bool)
    amount = events["amount"].to_numpy(dtype=np.float64)
    size = len(customers)

    def total(chosen: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
        part = None if weights is None else weights[chosen]
        return np.bincount(codes[chosen], weights=part, minlength=size).astype(np.float64)

    count = total(bought)
    last, first = np.full(size, np.inf), np.zeros(size)
    np.minimum.at(last, codes[bought], day[bought])
    np.maximum.at(first, codes[bought], day[bought])
    order_codes, order_day = codes[bought], day[bought]
    gap = np.where(np.diff(order_codes, prepend=-1) == 0, -np.diff(order_day, prepend=0.0), 0.0)
    squares = np.bincount(order_codes, weights=gap**2, minlength=size)
    table = {"days_since_last": last, "days_since_first": first, "orders_ever": count}
    with np.errstate(all="ignore"):
        mean_gap = np.where(count > 1, (first - last) / (count - 1), np.nan)
        table["mean_gap"] = mean_gap
        table["gap_deviation"] = np.sqrt(
            np.maximum(np.where(count > 2, squares / (count - 1), np.nan) - mean_gap**2, 0)
        )
        table["overdue"] = last / np.maximum(mean_gap, 1.0)
    table |= {f"orders_{days}d": total(bought & (day <= days)) for days in WINDOWS}
    if len(amount) and not np.isnan(amount).all():
        money = np.nan_to_num(amount)
        largest = np.zeros(size)
        np.maximum.at(largest, codes[bought], money[bought])
        table["spend_ever"] = total(np.ones(len(codes), dtype=bool), money)
        table["mean_value"] = total(bought, money) / np.maximum(count, 1)
        table["largest_value"] = largest
        table["returns_ever"] = total(money < 0)
        table |= {f"spend_{days}d": total(day <= days, money) for days in WINDOWS}
    result = pd.DataFrame(table, index=pd.Index(customers, name="customer_id"))
    return result[count > 0]
