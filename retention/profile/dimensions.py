"""Dimensions: from numbers to tiers, with cut-offs that can be told.

Two cut-offs split a number into low, medium and high: `value < low_below` is low, `value >= high_from` is high. They
are fixed in the settings, quantiles of the company's own customers (per customer type where there are enough of them),
or, for a probability, clearly above and below the company's own level (`level_cuts`). Quantile cut-offs lie on observed
values and keep equal values together. What is unknown is `unknown`, never low.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from configs.errors import SettingsError
from configs.settings import TierSettings
from retention.profile.attributes import Floats, Texts

ALL = "all"
"""Group of the cut-offs that hold for every customer."""

SMALLEST_GROUP = 50
SMALLEST_COMPANY = 10
"""Customers below which there is no distribution to take cut-offs from."""
"""A customer type gets cut-offs and typical values of its own from this many customers on."""


@dataclass(frozen=True)
class Dimension:
    """One way of classifying a customer.

    Attributes
    ----------
    code : str
        Column of the number; `<code>_tier` and `<code>_evidence` stand beside it.
    kind : str
        `level` (two cut-offs), `rule` (a written rule of its own) or `attribute` (as given).
    unit : str
        Unit of the number, for `retention.wording.format_value`.
    tiers : tuple of str
        What the tier may be besides `unknown`; empty for open attributes.
    default : TierSettings
        Cut-offs unless the settings name others.
    """

    code: str
    kind: Literal["level", "rule", "attribute"]
    unit: str
    tiers: tuple[str, ...]
    default: TierSettings = field(default_factory=TierSettings)


_LEVELS = ("low", "medium", "high")

DIMENSIONS: dict[str, Dimension] = {
    dimension.code: dimension
    for dimension in (
        Dimension("purchasing_power", "level", "index", _LEVELS),
        Dimension("purchase_frequency", "level", "orders_per_year", _LEVELS),
        Dimension("purchase_potential", "level", "money", _LEVELS),
        # Absolute by default: a company whose customers are all content has no low third of satisfaction.
        Dimension("satisfaction", "level", "index", _LEVELS, TierSettings(low_below=60.0, high_from=80.0)),
        Dimension("loyalty", "level", "index", _LEVELS),
        Dimension("churn_risk", "level", "probability", _LEVELS, TierSettings(by="level")),
        Dimension("overall_value", "level", "money", _LEVELS),
        Dimension("buying_behaviour", "rule", "share", ("regular", "occasional", "never")),
        Dimension("customer_type", "attribute", "code", ("enterprise", "individual")),
        Dimension("tenure", "rule", "days", ("new", "existing")),
        Dimension("region", "rule", "code", ("local", "domestic", "international")),
        Dimension("industry", "attribute", "code", ()),
        Dimension("company_size", "attribute", "code", ("large", "medium", "small")),
        Dimension("product_line", "rule", "share", ("premium", "mass")),
        Dimension("product_role", "rule", "share", ("main", "auxiliary")),
        Dimension("fulfilment", "attribute", "code", ("regular", "special")),
        Dimension("preferred_channel", "attribute", "code", ("email", "sms", "phone", "social", "face_to_face")),
    )
}

LEVEL_DIMENSIONS = tuple(code for code, dimension in DIMENSIONS.items() if dimension.kind == "level")


@dataclass(frozen=True)
class Cut:
    """Two cut-offs and where they come from.

    Attributes
    ----------
    low_below, high_from : float or None
        None: no value reaches that tier.
    source : str
        `fixed` (settings), `default` (written default), `quantile` or `level`.
    group : str
        Customer type, or `all`.
    quantiles : tuple of float
        Shares of customers aimed at below the cut-offs.
    customers : int
        Customers that the cut-offs were learned from.
    level : float or None
        What is usual of them, where the source is `level`.
    """

    low_below: float | None
    high_from: float | None
    source: str
    group: str
    quantiles: tuple[float, float]
    customers: int
    level: float | None = None


TWICE = 2.0
"""A risk is high from so many times the odds of the company's level, and low below one part in so many."""
HIGH_BETWEEN, LOW_BETWEEN = (0.25, 0.80), (0.10, 0.50)
"""Ends between which the cut-offs of a level lie: 80 % is a high risk in any company and 24 % in none; 9 % is a low one
in any company and 50 % in none."""
NO_LEVEL = (0.30, 0.60)
"""Cut-offs of a probability where too few customers are known to tell a level."""


def level_cuts(level: float) -> tuple[float, float]:
    """Cut-offs of a probability about a company's level: half and twice its odds, in whole per cents.

    Examples
    --------
    >>> level_cuts(0.2), level_cuts(0.5), level_cuts(0.04), level_cuts(0.9)
    ((0.11, 0.33), (0.33, 0.67), (0.1, 0.25), (0.5, 0.8))
    """
    odds = level / (1.0 - level) if level < 1.0 else np.inf
    high = 1.0 - 1.0 / (1.0 + TWICE * odds)
    low = 1.0 - 1.0 / (1.0 + odds / TWICE)
    return round(float(np.clip(low, *LOW_BETWEEN)), 2), round(float(np.clip(high, *HIGH_BETWEEN)), 2)


def quantile_cuts(values: Floats, quantiles: tuple[float, float]) -> tuple[float | None, float | None]:
    """Cut-offs on observed values with the shares below them nearest to the quantiles; ties stay together.

    Examples
    --------
    >>> quantile_cuts(np.array([1.0, 1, 1, 1, 2, 3, 3, 9]), (1 / 3, 2 / 3))
    (2.0, 3.0)
    >>> quantile_cuts(np.array([5.0, 5, 5]), (1 / 3, 2 / 3))
    (5.0, None)
    """
    values = np.sort(values[np.isfinite(values)])
    if not values.size:
        return None, None
    distinct, first = np.unique(values, return_index=True)
    if len(distinct) == 1:
        return float(distinct[0]), None
    below = first[1:] / len(values)
    starts = distinct[1:]
    low = int(np.argmin(np.abs(below - quantiles[0])))
    high = int(np.argmin(np.abs(below - quantiles[1])))
    if high <= low and len(starts) > 1:
        # one boundary serves both: move the one whose neighbour is nearer to what was asked for
        up = below[low + 1] - quantiles[1] if low + 1 < len(starts) else np.inf
        down = quantiles[0] - below[low - 1] if low > 0 else np.inf
        low, high = (low, low + 1) if up <= down else (low - 1, low)
    return float(starts[low]), float(starts[high])


def tier_settings(code: str, chosen: Mapping[str, TierSettings]) -> tuple[TierSettings, str]:
    """The cut-off settings of a dimension and where fixed numbers in them come from."""
    if code in chosen:
        return chosen[code], "fixed"
    return DIMENSIONS[code].default, "default"


def check_tier_settings(chosen: Mapping[str, TierSettings]) -> None:
    """Refuse cut-offs for a dimension that has none.

    Raises
    ------
    SettingsError
        An unknown dimension, low_below above high_from, or a level of what is no probability.
    """
    for code, rule in chosen.items():
        if rule.by == "level" and code in LEVEL_DIMENSIONS and DIMENSIONS[code].unit != "probability":
            raise SettingsError("tier_level_without_probability", field=f"retention.tiers.{code}", dimension=code)
        if code not in LEVEL_DIMENSIONS:
            raise SettingsError(
                "tier_without_cutoffs",
                field=f"retention.tiers.{code}",
                names=", ".join(LEVEL_DIMENSIONS),
                dimension=code,
            )
        if rule.low_below is not None and rule.high_from is not None and rule.low_below > rule.high_from:
            raise SettingsError(
                "tier_bounds_crossed",
                field=f"retention.tiers.{code}",
                low=rule.low_below,
                high=rule.high_from,
                dimension=code,
            )
        if not 0 < rule.quantiles[0] < rule.quantiles[1] < 1:
            raise SettingsError(
                "tier_quantiles_not_ascending",
                field=f"retention.tiers.{code}",
                values=list(rule.quantiles),
                dimension=code,
            )


def fit_cuts(
    code: str,
    values: Floats,
    types: Texts,
    chosen: Mapping[str, TierSettings],
    counted: NDArray[np.bool_] | None = None,
) -> dict[str, Cut]:
    """Cut-offs of one dimension: for all customers, and per customer type where there are enough.

    Parameters
    ----------
    code : str
        Dimension.
    values : ndarray, shape (n,)
        Its number for the customers of the baseline.
    types : ndarray of str, shape (n,)
        Customer type, or `unknown`.
    chosen : mapping
        `retention.tiers` of the settings.
    counted : ndarray of bool, shape (n,), optional
        Customers whose mean is the company's level: those who can still be lost. All by default.
    """
    rule, origin = tier_settings(code, chosen)
    known = np.isfinite(values)
    if rule.by == "level":
        return {ALL: _level_cut(rule, origin, values[known if counted is None else known & counted])}
    groups = [ALL]
    if rule.per_customer_type:
        groups += [
            str(name)
            for name in sorted(set(types[known].tolist()) - {"unknown"})
            if int((known & (types == name)).sum()) >= SMALLEST_GROUP
        ]
    found = {}
    for group in groups:
        own = values[known & ((types == group) if group != ALL else True)]
        low, high = quantile_cuts(own, rule.quantiles) if len(own) >= SMALLEST_COMPANY else (None, None)
        fixed = rule.low_below is not None and rule.high_from is not None
        if rule.low_below is not None:
            low = rule.low_below
        if rule.high_from is not None:
            high = rule.high_from
        if low is not None and high is not None and low > high:
            low = high
        found[group] = Cut(low, high, origin if fixed else "quantile", group, rule.quantiles, len(own))
    return found


def _level_cut(rule: TierSettings, origin: str, values: Floats) -> Cut:
    """Cut-offs about the mean of the values, the same for every customer type: 40 % is 40 %, whoever runs it."""
    level = float(values.mean()) if len(values) >= SMALLEST_COMPANY else None
    low, high = NO_LEVEL if level is None else level_cuts(level)
    source = "default" if level is None else "level"
    if rule.low_below is not None and rule.high_from is not None:
        source = origin
    low = low if rule.low_below is None else rule.low_below
    high = high if rule.high_from is None else rule.high_from
    return Cut(min(low, high), high, source, ALL, rule.quantiles, len(values), level)


def cut_arrays(cuts: Mapping[str, Cut], types: Texts) -> tuple[Floats, Floats]:
    """Cut-offs that hold for every row by its customer type; infinite where a tier is out of reach."""
    low = np.full(len(types), _or_inf(cuts[ALL].low_below))
    high = np.full(len(types), _or_inf(cuts[ALL].high_from))
    for group, cut in cuts.items():
        if group != ALL:
            own = types == group
            low[own] = _or_inf(cut.low_below)
            high[own] = _or_inf(cut.high_from)
    return low, high


def _or_inf(value: float | None) -> float:
    return np.inf if value is None else value


def level_tiers(values: Floats, low_below: Floats, high_from: Floats) -> Texts:
    """`low`, `medium`, `high`, or `unknown` where the number is; shape (n,).

    Without any cut-off (too few customers were known when it was fitted) a tier is `unknown`.

    Examples
    --------
    >>> cuts = np.full(4, 2.0), np.full(4, 5.0)
    >>> level_tiers(np.array([1.9, 2.0, 5.0, np.nan]), *cuts).tolist()
    ['low', 'medium', 'high', 'unknown']
    """
    no_cut = np.isinf(low_below) & np.isinf(high_from)
    tier = np.where(values >= high_from, "high", np.where(values < low_below, "low", "medium"))
    return np.where(np.isfinite(values) & ~no_cut, tier, "unknown").astype(object)
