"""The number behind every dimension, and how much evidence it rests on.

A number that nothing is known of is NaN (or None for text) with evidence `none`; it is never zero and never low.
`Reference` holds what the company's own customers looked like when the baseline was fitted, so that a number means
the same from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import ProfileSettings
from retention.profile.attributes import Floats, Measured, Texts, attribute, given, looked_up, number

POWER_PARTS = ("spend_365d", "mean_order_value_ever", "max_order_value_ever", "price_level")
LOYALTY_PARTS = (
    "days_since_first_order",
    "active_months_share",
    "products_ever",
    "categories_ever",
    "gap_cv",
    "redemptions_90d",
)
RANKED = tuple(dict.fromkeys((*POWER_PARTS, *LOYALTY_PARTS)))
"""Features that are compared with the company's own customers as a percentile rank."""

SHORTEST_EXPOSURE_DAYS = 90.0
"""A yearly rate of a customer younger than this is taken over this many days, so one order is not 365 a year."""

LAPSED_AFTER = 2.0
"""Usual gaps of silence after which a habit is one no longer."""
SHORTEST_GAP_DAYS = 7.0
"""A usual gap below this counts as this long: a weekend is no silence."""
SMALLEST_RETURNED = 0.05
SMALLEST_DELAY_DAYS = 0.5
"""A smaller share returned, or a smaller mean delay, says nothing of satisfaction."""

PENALTY_COMPLAINT = 10.0
PENALTY_COMPLAINTS_MOST = 30.0
PENALTY_OPEN = 15.0
PENALTY_RETURNS = 20.0
PENALTY_LATE_PER_DAY = 1.0
PENALTY_LATE_MOST = 10.0
NEUTRAL_SATISFACTION = 75.0


@dataclass(frozen=True)
class Reference:
    """What the company's own customers looked like when the baseline was fitted."""

    ranks: dict[str, list[float]] = field(default_factory=dict)
    satisfaction: float = NEUTRAL_SATISFACTION
    home_country: str | None = None
    home_region: str | None = None
    new_customer_days: int = 90

    @classmethod
    def fit(cls, frame: pd.DataFrame, profile: pd.DataFrame | None, home: ProfileSettings, new_days: int) -> Reference:
        """Percentiles of the ranked features, the median satisfaction, and where home is.

        The home country is the one in the settings, else that of at least half of all customers with a country.
        """
        bought = number(frame, "orders_ever") > 0
        grid = np.linspace(0.0, 1.0, 101)
        ranks: dict[str, list[float]] = {}
        for name in RANKED:
            values = number(frame, name)[bought]
            values = values[np.isfinite(values)]
            if values.size:
                ranks[name] = [float(value) for value in np.quantile(values, grid)]
        scores = number(frame, "satisfaction_mean_365d")
        scores = scores[np.isfinite(scores)]
        country = home.home_country
        if country is None:
            given = pd.Series(attribute(frame, profile, "country")).dropna()
            counts = given.value_counts()
            if len(counts) and counts.iloc[0] * 2 >= len(given):
                country = str(counts.index[0])
        return cls(
            ranks=ranks,
            satisfaction=float(np.median(scores) * 100.0) if scores.size else NEUTRAL_SATISFACTION,
            home_country=country,
            home_region=home.home_region,
            new_customer_days=new_days,
        )


def rank(values: Floats, grid: list[float] | None) -> Floats:
    """Percentile rank 0–100 among the reference customers; ties share the middle of their ranks; shape (n,)."""
    if not grid:
        return np.full(len(values), np.nan)
    points = np.asarray(grid, dtype=np.float64)
    distinct = np.unique(points)
    middle = (np.searchsorted(points, distinct, "left") + np.searchsorted(points, distinct, "right") - 1) / 2.0
    known = np.isfinite(values)
    found = np.full(len(values), np.nan)
    found[known] = np.interp(values[known], distinct, middle)
    return found


def _mean(parts: list[Floats]) -> tuple[Floats, NDArray[np.int64]]:
    stack = np.vstack(parts)
    known = np.isfinite(stack)
    count = known.sum(axis=0)
    total = np.where(known, stack, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), count.astype(np.int64)


def _graded(value: Floats, strong: NDArray[np.bool_]) -> Texts:
    return np.where(np.isfinite(value), np.where(strong, "strong", "weak"), "none").astype(object)


def lapse(frame: pd.DataFrame) -> Floats:
    """How far a habit still holds, shape (n,): 1 up to two usual gaps of silence, then falling with the silence.

    A customer with one order has no gap; the shortest exposure stands for it.
    """
    gap = np.maximum(number(frame, "mean_gap_days"), SHORTEST_GAP_DAYS)
    usual = np.where(np.isfinite(gap), gap, SHORTEST_EXPOSURE_DAYS)
    silent = np.maximum(np.nan_to_num(number(frame, "days_since_last_order")), 1.0)
    return np.asarray(np.minimum(1.0, LAPSED_AFTER * usual / silent))


def purchasing_power(frame: pd.DataFrame, reference: Reference) -> Measured:
    """Mean percentile rank of net spend, mean order, largest order and price level: an index 0–100."""
    orders = number(frame, "orders_ever")
    parts = [rank(number(frame, name), reference.ranks.get(name)) for name in POWER_PARTS]
    index, count = _mean(parts)
    has_money = np.isfinite(np.vstack(parts[:3])).any(axis=0) & (orders > 0)
    index = np.where(has_money, index, np.nan)
    return Measured(index, _graded(index, (orders >= 3) & (count >= 3)))


def purchase_frequency(frame: pd.DataFrame) -> Measured:
    """Orders of the last 365 days as a yearly rate over the time the customer is known, at least 90 days.

    One order tells of no rate: it counts as one a year.
    """
    orders = number(frame, "orders_ever")
    known_for = np.clip(number(frame, "days_since_first_order"), SHORTEST_EXPOSURE_DAYS, 365.0)
    known_for = np.where(orders >= 2, known_for, 365.0)
    rate = np.where(orders > 0, number(frame, "orders_365d") * 365.0 / known_for, np.nan)
    return Measured(rate, _graded(rate, (orders >= 3) & (number(frame, "days_since_first_order") >= 180)))


def satisfaction(frame: pd.DataFrame, reference: Reference) -> Measured:
    """Mean score 0–100, less written penalties for complaints, open complaints, returns and late delivery.

    Without a score the company's median score is where the penalties start, and only if there is any sign at all:
    a customer who never said or returned anything, or hardly anything, is unknown.
    """
    score = number(frame, "satisfaction_mean_365d") * 100.0
    complaints = np.nan_to_num(number(frame, "complaints_90d"))
    ever = np.nan_to_num(number(frame, "complaints_365d"))
    open_now = np.nan_to_num(number(frame, "open_complaints"))
    returned = np.nan_to_num(number(frame, "return_share_ever"))
    late = np.nan_to_num(number(frame, "delivery_delay_days"))
    scored = np.isfinite(score)
    sign = scored | (complaints > 0) | (ever > 0) | (open_now > 0)
    sign |= (returned >= SMALLEST_RETURNED) | (late >= SMALLEST_DELAY_DAYS)
    penalty = (
        np.minimum(PENALTY_COMPLAINT * complaints, PENALTY_COMPLAINTS_MOST)
        + np.where(open_now > 0, PENALTY_OPEN, 0.0)
        + PENALTY_RETURNS * np.clip(returned, 0.0, 1.0)
        + np.clip(PENALTY_LATE_PER_DAY * late, 0.0, PENALTY_LATE_MOST)
    )
    value = np.where(sign, np.clip(np.where(scored, score, reference.satisfaction) - penalty, 0.0, 100.0), np.nan)
    return Measured(value, _graded(value, scored))


def loyalty(frame: pd.DataFrame, reference: Reference, membership: Floats | None = None) -> Measured:
    """Mean percentile rank of tenure, share of months with an order, range, regularity, offers used, and level.

    Past loyalty fades with the silence (`lapse`): who has long gone is not loyal.

    Parameters
    ----------
    frame : DataFrame
        Features.
    reference : Reference
        Percentiles of the company's customers.
    membership : ndarray, shape (n,), optional
        Membership level as a share of the highest level (0–1), NaN where unknown.
    """
    orders = number(frame, "orders_ever")
    parts = []
    for name in LOYALTY_PARTS:
        place = rank(number(frame, name), reference.ranks.get(name))
        parts.append(100.0 - place if name == "gap_cv" else place)
    if membership is not None:
        parts.append(membership * 100.0)
    index, count = _mean(parts)
    index = np.where(orders > 0, index * lapse(frame), np.nan)
    return Measured(index, _graded(index, (orders >= 3) & (count >= 3)))


def predicted(
    frame: pd.DataFrame,
    predictions: pd.DataFrame,
    column: str,
    grade: str = "churn_evidence",
    fallback: Floats | None = None,
) -> Measured:
    """A prediction with the model's own evidence grade, or the fall-back with weak evidence.

    Where a written rule answers for the model the number rests on the customer's own orders, which is weak evidence;
    the average that stands in for a customer without any order is no evidence, so the dimension is unknown.
    """
    value = number(predictions, column)
    grades = predictions.get(grade, predictions.get("evidence"))
    evidence = np.full(len(frame), "strong", dtype=object) if grades is None else grades.to_numpy(dtype=object).copy()
    evidence[(evidence == "none") & (number(frame, "orders_ever") > 0)] = "weak"
    reasons = predictions.get(f"{grade}_reason")
    if reasons is not None and column == "churn_probability":
        # Nobody is a high risk where high and low risks left alike.
        evidence[(reasons == "not_told_apart").to_numpy(dtype=bool)] = "none"
    value = np.where(evidence == "none", np.nan, value)
    evidence[~np.isfinite(value)] = "none"
    if fallback is not None:
        filled = ~np.isfinite(value) & np.isfinite(fallback) & (number(frame, "orders_ever") > 0)
        value = np.where(filled, fallback, value)
        evidence[filled] = "weak"
    if grade == "lifetime_evidence":
        # one order is weak evidence of what a customer will be worth
        evidence[(evidence == "strong") & (number(frame, "orders_ever") < 2)] = "weak"
    return Measured(value, evidence)


def buying_behaviour(frame: pd.DataFrame) -> Measured:
    """Regular, occasional or never, by the customer's own rhythm; the number is the share of active months.

    Who has been silent for more than two usual gaps is regular no longer.
    """
    orders = number(frame, "orders_ever")
    share = number(frame, "active_months_share")
    variation = number(frame, "gap_cv")
    with np.errstate(invalid="ignore"):
        regular = (orders >= 3) & ((variation <= 1.0) | (share >= 0.5)) & (lapse(frame) >= 1.0)
        tier = np.where(np.isnan(orders), "unknown", np.where(orders <= 0, "never", "occasional")).astype(object)
    tier[regular] = "regular"
    evidence = np.where(tier == "unknown", "none", np.where((orders >= 3) | (orders <= 0), "strong", "weak"))
    return Measured(np.where(orders > 0, share, np.nan), evidence.astype(object), tier)


def tenure(frame: pd.DataFrame, reference: Reference) -> Measured:
    """New or existing by days since the first order; a prospect is neither, whenever it was acquired."""
    days = number(frame, "days_since_first_order")
    acquired = number(frame, "acquired_days")
    known_for = np.where(number(frame, "orders_ever") == 0, np.nan, np.fmax(days, acquired))
    tier = np.where(
        np.isfinite(known_for), np.where(known_for < reference.new_customer_days, "new", "existing"), "unknown"
    ).astype(object)
    evidence = np.where(np.isfinite(days), "strong", np.where(np.isfinite(known_for), "weak", "none"))
    return Measured(known_for, evidence.astype(object), tier)


def region(frame: pd.DataFrame, profile: pd.DataFrame | None, reference: Reference) -> Measured:
    """Local, domestic or international against the home country and region."""
    country = attribute(frame, profile, "country")
    place = attribute(frame, profile, "region")
    tier = np.full(len(frame), "unknown", dtype=object)
    home, near = reference.home_country, reference.home_region
    said = country.tolist()
    places = place.tolist()
    same_country = np.array(
        [home is not None and c is not None and c.lower() == home.lower() for c in said], dtype=bool
    )
    abroad = np.array([home is not None and c is not None for c in said], dtype=bool) & ~same_country
    unsaid = np.array([c is None for c in said], dtype=bool)
    local = np.array([near is not None and p is not None and p.lower() == near.lower() for p in places], dtype=bool)
    tier[same_country] = "domestic"
    tier[abroad] = "international"
    tier[local & (same_country | unsaid)] = "local"
    raw = np.array([p if p is not None else c for c, p in zip(country, place, strict=True)], dtype=object)
    # without a home region "domestic" may hide "local": that is weaker knowledge
    evidence = np.where(tier == "unknown", "none", np.where((tier == "domestic") & (near is None), "weak", "strong"))
    return Measured(raw, evidence.astype(object), tier)


def line_share(frame: pd.DataFrame, lines: pd.DataFrame | None, line: str, yes: str, no: str) -> Measured:
    """Share of spend on one product line; at least half of it gives the tier `yes`.

    Parameters
    ----------
    frame : DataFrame
        Features; `<line>_share_365d` is used where `lines` says nothing.
    lines : DataFrame or None
        `retention.profile.categories.line_shares`: one row per customer with shares 0–1.
    line : {"premium", "main"}
        The line.
    yes, no : str
        Tiers from one half on, and below.
    """
    share = number(frame, f"{line}_share_365d")
    strong = np.isfinite(share)
    if lines is not None and f"{line}_share" in lines.columns:
        ids, keys = frame["customer_id"], lines["customer_id"].to_numpy(dtype=object)
        found = looked_up(ids, keys, number(lines, f"{line}_share"), np.nan)
        flagged = looked_up(ids, keys, number(lines, f"{line}_share_flagged"), np.nan) >= 0.5
        strong = np.where(np.isfinite(found), flagged, strong)
        share = np.where(np.isfinite(found), found, share)
    tier = np.where(np.isfinite(share), np.where(share >= 0.5, yes, no), "unknown").astype(object)
    return Measured(share, _graded(share, strong), tier)


def measure_all(
    frame: pd.DataFrame,
    predictions: pd.DataFrame,
    reference: Reference,
    *,
    profile: pd.DataFrame | None = None,
    lines: pd.DataFrame | None = None,
    membership: Floats | None = None,
    measures: Mapping[str, str] | None = None,
) -> dict[str, Measured]:
    """Every dimension but stage and membership level, for every row of the frame.

    Parameters
    ----------
    frame : DataFrame
        Features, n rows.
    predictions : DataFrame
        The suite's predictions, n rows in the same order.
    reference : Reference
        What the company's customers look like.
    profile, lines : DataFrame, optional
        Customers table, and shares per product line.
    membership : ndarray, optional
        Level as a share of the highest.
    measures : mapping, optional
        Dimension → feature that replaces the default number.

    Returns
    -------
    dict
        By dimension code, in the order of `retention.profile.dimensions.DIMENSIONS`.
    """
    has_amounts = bool(np.isfinite(number(predictions, "expected_spend")).any())
    value_of: dict[str, Callable[[], Measured]] = {
        "purchasing_power": lambda: purchasing_power(frame, reference),
        "purchase_frequency": lambda: purchase_frequency(frame),
        "purchase_potential": lambda: predicted(
            frame, predictions, "expected_spend" if has_amounts else "expected_orders"
        ),
        "satisfaction": lambda: satisfaction(frame, reference),
        "loyalty": lambda: loyalty(frame, reference, membership),
        "churn_risk": lambda: predicted(frame, predictions, "churn_probability"),
        "overall_value": lambda: predicted(
            frame, predictions, "lifetime_value", "lifetime_evidence", number(frame, "spend_365d")
        ),
        "buying_behaviour": lambda: buying_behaviour(frame),
        "customer_type": lambda: given(frame, profile, "customer_type"),
        "tenure": lambda: tenure(frame, reference),
        "region": lambda: region(frame, profile, reference),
        "industry": lambda: given(frame, profile, "industry"),
        "company_size": lambda: given(frame, profile, "company_size"),
        "product_line": lambda: line_share(frame, lines, "premium", "premium", "mass"),
        "product_role": lambda: line_share(frame, lines, "main", "main", "auxiliary"),
        "fulfilment": lambda: given(frame, profile, "fulfilment"),
        "preferred_channel": lambda: given(frame, profile, "preferred_channel"),
    }
    found = {}
    for code, make in value_of.items():
        measured = make()
        name = (measures or {}).get(code)
        if name is not None:
            value = number(frame, name)
            if name in predictions.columns:
                value = number(predictions, name)
            measured = Measured(value, np.where(np.isfinite(value), measured.evidence, "none").astype(object))
            measured.evidence[np.isfinite(value) & (measured.evidence == "none")] = "weak"
        found[code] = measured
    return found


def comparison_band(frame: pd.DataFrame, new_customer_days: int) -> Texts:
    """Tenure band of the comparison group: `new`, `year` (up to 365 days), `long`, `none` without an order."""
    days = number(frame, "days_since_first_order")
    return np.where(
        np.isnan(days), "none", np.where(days < new_customer_days, "new", np.where(days < 365, "year", "long"))
    ).astype(object)
