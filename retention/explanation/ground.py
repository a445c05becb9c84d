"""What sentences are made from: the customers' features, their peers', and the figures that a sentence names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.explanation.figures import Style, as_shown
from retention.profile.attributes import Floats, Texts, looked_up, number
from retention.profile.baseline import Baseline
from retention.profile.lifecycle import OrderDays

Says = Literal["worse", "better"]
"""Whether a fact makes leaving more likely (and spending less) or the opposite."""

DIFFERS = 1.15
"""Figures are compared where the larger is at least so many times the smaller."""


@dataclass(frozen=True)
class Figure:
    """One figure of every customer: a `retention.entries.Fact` as columns, and how it is said.

    Attributes
    ----------
    fact, unit : str
        What it is and its unit.
    style, reference_style : str
        How value and reference are said (`retention.explanation.figures`).
    value, reference : ndarray, shape (n,)
        NaN where unknown; `reference` may be None.
    compared_with : {"own", "peers"} or None
    period_days, scale_max : float or None
    topic : str or None
    since : ndarray of datetime64, shape (n,), or None
    whole : bool
        Whether the sentence's first figure is a part of this one.
    """

    fact: str
    unit: str
    style: Style
    value: Floats
    reference: Floats | None = None
    compared_with: Literal["own", "peers"] | None = None
    reference_style: Style | None = None
    period_days: float | None = None
    scale_max: float | None = None
    topic: str | None = None
    since: NDArray[np.datetime64] | None = None
    whole: bool = False


@dataclass(frozen=True)
class Telling:
    """One form of sentence over all customers.

    Attributes
    ----------
    form : str
        Code of its texts (`reasons.forms`).
    driver : str
        Driver whose features the figures come from.
    says : {"worse", "better"}
        The direction that it is told in.
    idea : str
        What it speaks of: a customer is told of an idea once.
    holds : ndarray of bool, shape (n,)
        For whom it is true.
    figures : tuple of Figure
        The first is {value} and {reference}, the others {second} and {third}.
    rests_on : tuple of str
        Features that the figures are computed from.
    alone : tuple of str
        Features that only sentences of this idea speak of: within a driver the idea whose features add most is told
        first. Empty: no idea of its own.
    kind : ndarray of str, shape (n,), or None
        Name of the kind that {kind} stands for.
    """

    form: str
    driver: str
    says: Says
    idea: str
    holds: NDArray[np.bool_]
    figures: tuple[Figure, ...]
    rests_on: tuple[str, ...]
    kind: Texts | None = None
    alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ground:
    """Features of n customers at one moment and what they are held against.

    Attributes
    ----------
    frame : DataFrame
        Features, n rows, a fresh index.
    baseline : Baseline
    groups : ndarray of str, shape (n,)
        `Peers.groups_of`.
    days : OrderDays, optional
        Days with an order, for the last gap.
    """

    frame: pd.DataFrame
    baseline: Baseline
    groups: Texts
    days: OrderDays | None = None
    _columns: dict[str, Floats] = field(default_factory=dict)
    _peers: dict[str, Floats] = field(default_factory=dict)

    def own(self, name: str) -> Floats:
        """A feature, shape (n,); NaN where it is missing or was not computed."""
        if name not in self._columns:
            self._columns[name] = number(self.frame, name)
        return self._columns[name]

    def peer(self, name: str) -> Floats:
        """Median of a feature among the customer's active peers, shape (n,)."""
        if name not in self._peers:
            self._peers[name] = self.baseline.peers.typical_of(self.groups, name)
        return self._peers[name]

    @cached_property
    def as_of(self) -> pd.Timestamp:
        """Moment of the frame."""
        return pd.Timestamp(self.frame["as_of"].max())

    @cached_property
    def visits(self) -> Floats:
        """Days with an order so far, shape (n,)."""
        visits = self.own("order_days_ever")
        return np.where(np.isfinite(visits), visits, np.minimum(self.own("orders_ever"), 2.0))

    @cached_property
    def gap(self) -> Floats:
        """Usual gap: mean days between order days, from three gaps on; shape (n,)."""
        return np.where(self.visits >= 4, self.own("mean_gap_days"), np.nan)

    @cached_property
    def last_gap(self) -> Floats:
        """Latest gap of customers with one or two gaps, shape (n,)."""
        few = np.isin(self.visits, [2, 3])
        known = np.where(self.visits == 2, self.own("mean_gap_days"), np.nan)
        if self.days is not None and len(self.days):
            last = self.days.last
            gaps = (self.days.day[last] - self.days.day[np.maximum(last - 1, 0)]).astype("int64").astype(np.float64)
            gaps = np.where(self.days.place[last] >= 1, gaps, np.nan)
            known = looked_up(self.frame["customer_id"], self.days.ids, gaps, np.nan)
        return np.where(few, known, np.nan)

    def ago(self, days: Floats) -> NDArray[np.datetime64]:
        """Day of an event so many days before the moment, shape (n,)."""
        known = np.isfinite(days)
        steps = np.rint(np.where(known, days, 0.0)).astype("int64").astype("timedelta64[D]")
        day = self.as_of.to_datetime64().astype("datetime64[D]") - steps
        return np.where(known, day, np.datetime64("NaT", "D"))

    def beside_peers(
        self, fact: str, name: str, style: Style, *, unit: str = "count", period_days: float | None = None
    ) -> Figure:
        """A feature beside what it is among the customer's active peers."""
        return Figure(fact, unit, style, self.own(name), self.peer(name), "peers", period_days=period_days)


def below(left: Floats, right: Floats, style: Style, times: float = DIFFERS) -> NDArray[np.bool_]:
    """Whether `left` is clearly smaller than `right` as both are shown; shape (n,)."""
    small, large = as_shown(left, style), as_shown(right, style)
    with np.errstate(invalid="ignore"):
        return np.asarray((small < large) & (small * times <= large))


def known(*columns: Floats) -> NDArray[np.bool_]:
    """Whether all columns have a value; shape (n,)."""
    return np.asarray(np.all([np.isfinite(column) for column in columns], axis=0))


def compared(
    form: str,
    driver: str,
    figure: Figure,
    *,
    idea: str,
    rests_on: Sequence[str],
    more_is: Says,
    where: NDArray[np.bool_] | bool = True,
    forms: tuple[str, str] | None = None,
) -> list[Telling]:
    """A figure beside its reference: told as `more_is` where it is larger, as the opposite where it is smaller.

    Parameters
    ----------
    form : str
        Code of the sentence, the same in both directions unless `forms` gives (smaller, larger).
    figure : Figure
        With a reference.
    more_is : {"worse", "better"}
        What a larger value means.
    where : ndarray of bool, optional
        For whom the comparison makes sense.
    """
    assert figure.reference is not None
    less, more = forms or (form, form)
    opposite: Says = "better" if more_is == "worse" else "worse"
    smaller = below(figure.value, figure.reference, figure.style) & where
    larger = below(figure.reference, figure.value, figure.style) & where
    return [
        Telling(more, driver, more_is, idea, larger, (figure,), tuple(rests_on)),
        Telling(less, driver, opposite, idea, smaller, (figure,), tuple(rests_on)),
    ]
