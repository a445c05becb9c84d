"""The company's own rhythm of buying, the horizon it asks for, and whether the one that is set fits it.

A prediction looks from an arbitrary moment at the days that follow. What matters is therefore not how long the gaps
between orders are but how far the next order is from an arbitrary moment inside them: for a share
``sum(min(gap, h)) / sum(gap)`` of a customer's days between the first and the last order, the next one is at most h
days away (the forward recurrence time of renewal theory; Cox 1962, Renewal Theory, chapter 5). The mean of that share
over all customers who ordered on two days or more, each counted once, is the *reach* of a horizon.

* Recommended: the shortest of `LENGTHS` whose reach is at least `ENOUGH`, among those that the log can train and test.
* Too short: reach below `TOO_LITTLE`; then "no order within the horizon" is mostly a customer between two orders.
* Too long: a fifth of it would already reach `ENOUGH`; then nearly nobody stops within it, and who does is seen late.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.formats import number, percent
from configs.history import days_to_test
from evaluation.texts import text

LENGTHS = (14, 30, 60, 90, 180, 365)
ENOUGH = 0.80
TOO_LITTLE = 0.60
TOO_LONG_TIMES = 5
MIN_REPEAT_CUSTOMERS = 30
"""Customers with two days of orders below which no rhythm is told."""

Verdict = Literal["fits", "too_short", "too_long", "unknown"]


@dataclass(frozen=True)
class Rhythm:
    """What the orders say about the horizon.

    Attributes
    ----------
    verdict : str
        Whether the horizon that is set fits; `unknown` where too few customers ordered twice.
    horizon_days : int
        The one that is set.
    reach : float or None
        Share of moments from which an active customer's next order falls within it.
    recommended_days : int or None
        The horizon to set; None where nothing can be recommended.
    recommended_reach : float or None
        Reach of the recommended one.
    wanted_days : int or None
        What the rhythm alone asks for; longer than `recommended_days` where the log is too short for it.
    every_days : float or None
        Mean gap between order days of the middle customer.
    repeat_customers, customers : int
        Customers with orders on two days or more, and all with an order.
    log_days : int
        Days from the first order to the end of what is known.
    """

    verdict: Verdict
    horizon_days: int
    reach: float | None
    recommended_days: int | None
    recommended_reach: float | None
    wanted_days: int | None
    every_days: float | None
    repeat_customers: int
    customers: int
    log_days: int

    @property
    def warns(self) -> bool:
        """Whether the horizon should be changed."""
        return self.verdict in ("too_short", "too_long") and self.recommended_days not in (None, self.horizon_days)

    def as_dict(self) -> dict[str, Any]:
        """JSON values, with both sentences."""
        return asdict(self) | {"warns": self.warns, "en": self.sentence("en"), "zh": self.sentence("zh")}

    def sentence(self, language: str) -> str:
        """What a person should know, with the numbers."""
        if self.recommended_days is None or self.recommended_reach is None or self.reach is None:
            repeat = number(self.repeat_customers, language)
            return text("rhythm.unknown", language, repeat=repeat, least=MIN_REPEAT_CUSTOMERS)
        values = {
            "horizon": self.horizon_days,
            "reach": percent(self.reach, language),
            "every": _days(self.every_days or 0.0, language),
            "better": self.recommended_days,
            "better_reach": percent(self.recommended_reach, language),
        }
        key = self.verdict if self.warns or self.verdict == "fits" else "no_better"
        said = text(f"rhythm.{key}", language, **values)
        if self.wanted_days is not None and self.wanted_days > self.recommended_days:
            needed = days_needed(self.wanted_days)
            more = text("rhythm.longer_log", language, wanted=self.wanted_days, needed=needed, days=self.log_days)
            said += (" " if language == "en" else "") + more
        return said


def days_needed(horizon_days: int) -> int:
    """Days of log that a horizon needs to be trained and then tested on a later window."""
    return days_to_test(horizon_days, horizon_days)


def find_rhythm(orders: pd.DataFrame, as_of: datetime, horizon_days: int) -> Rhythm:
    """Rhythm of the orders before a moment, and what it means for the horizon.

    Parameters
    ----------
    orders : DataFrame
        customer_id and occurred_at of everything that counts as a purchase.
    as_of : datetime
        End of what is known.
    horizon_days : int
        The horizon that is set.
    """
    gaps, customer = _gaps(orders)
    total = np.bincount(customer, weights=gaps)
    several = int((total > 0).sum())
    everyone = int(orders["customer_id"].nunique())
    log_days = (as_of - orders["occurred_at"].min()).days if len(orders) else 0
    if several < MIN_REPEAT_CUSTOMERS:
        return Rhythm("unknown", horizon_days, None, None, None, None, None, several, everyone, log_days)

    def reach(days: float) -> float:
        within = np.bincount(customer, weights=np.minimum(gaps, days))
        return float(np.mean(within[total > 0] / total[total > 0]))

    wanted = next((days for days in LENGTHS if reach(days) >= ENOUGH), LENGTHS[-1])
    possible = [days for days in LENGTHS if days <= wanted and days_needed(days) <= log_days]
    better = max(possible, default=LENGTHS[0])
    reached = reach(horizon_days)
    verdict: Verdict = "fits"
    if reached < TOO_LITTLE:
        verdict = "too_short"
    elif reach(horizon_days / TOO_LONG_TIMES) >= ENOUGH:
        verdict = "too_long"
    if (verdict == "too_short" and better < horizon_days) or (verdict == "too_long" and better > horizon_days):
        better = horizon_days  # the log does not allow a better one
    times = np.bincount(customer, weights=gaps > 0)
    every = float(np.median(total[total > 0] / times[total > 0]))
    return Rhythm(
        verdict=verdict,
        horizon_days=horizon_days,
        reach=round(reached, 4),
        recommended_days=better,
        recommended_reach=round(reach(better), 4),
        wanted_days=wanted,
        every_days=round(every, 2),
        repeat_customers=several,
        customers=everyone,
        log_days=log_days,
    )


def _gaps(orders: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Days between consecutive order days of a customer, and the customer's number; both of shape (gaps,)."""
    days = orders["occurred_at"].to_numpy().astype("datetime64[D]").astype(np.int64)
    codes = pd.factorize(orders["customer_id"])[0].astype(np.int64)
    order = np.lexsort((days, codes))
    days, codes = days[order], codes[order]
    same = codes[1:] == codes[:-1]
    return np.diff(days)[same].astype(np.float64), codes[1:][same]


def _days(value: float, language: str) -> str:
    return number(value, language, 0 if value >= 10 else 1)
