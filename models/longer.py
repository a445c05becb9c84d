"""Horizons after the anchor: who speaks for which rhythm, chosen by closed windows.

Three answers are to hand for a horizon t that is longer than the anchor a, the longest horizon up to the one that is
shown whose windows the log is deep enough for:

* *continued*: the shape of Pareto/NBD from the anchor on (`models.continuation`);
* *renewal*: the own rhythm from the anchor on (`models.renewal`). With Q(t) the chance to be silent until t of
  a customer who leaves after an order with probability d and else orders again as the rhythm says,
  ``S(t) = S(a) Q(t) / Q(a)``; d is learned by likelihood from the gaps that were completed and the silences since;
* *own*: a model of the horizon, learned from its closed windows.

Customers are put into groups by their own mean gap: none yet, up to half the anchor, the anchor, twice the anchor, and
beyond. Per group the answer with the least log loss on the newest closed windows of the horizon speaks, where it beats
the continuation by more than chance and than the level of one year against another can explain; otherwise the
continuation does. The own model is validated on customers that it has not learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.additive import AdditiveModel
from models.calibration import inverse_link
from models.continuation import Continuation
from models.contract import orders_column
from models.encoding import Encoded
from models.evidence import has_ordered, labelled
from models.renewal import Ahead, Renewal
from models.survival import log_odds

Floats = NDArray[np.float64]
ANSWERS = ("continued", "renewal", "own")
GROUPS = 5
MIN_ROWS, MIN_OUTCOMES = 100, 10
MIN_SILENCES = 50
LEAST_GAIN = 0.01
"""Log loss that another level of the year alone can bring: a shift of .2 to .3 in log-odds."""
MAX_CYCLES = 400


@dataclass(frozen=True)
class Longer:
    """What speaks for whom after the anchor.

    Attributes
    ----------
    anchor : int
    own : dict of int to AdditiveModel
        Models of horizons after the anchor that speak for a group at least, ascending.
    leaving : tuple of float
        Probability to leave after an order, per group.
    answers : dict of int to tuple of str
        Per validated horizon one of `ANSWERS` per group.
    """

    anchor: int
    own: Mapping[int, AdditiveModel]
    leaving: tuple[float, ...]
    answers: Mapping[int, tuple[str, ...]]

    @classmethod
    def fit(
        cls,
        encoded: Encoded,
        labels: pd.DataFrame,
        models: Mapping[int, AdditiveModel],
        at_anchor: Callable[[Encoded], Floats],
        continuation: Continuation,
        renewal: Renewal | None,
    ) -> Self:
        """Choose per horizon and group.

        Parameters
        ----------
        encoded : Encoded
        labels : DataFrame
        models : dict of int to AdditiveModel
            Per horizon after the anchor with enough labels, with the rows that it was validated on.
        at_anchor : callable
            Probability of no order at the anchor.
        continuation : Continuation
        renewal : Renewal or None
        """
        anchor = continuation.anchor
        plain = cls(anchor, {}, _leaving(encoded, anchor, renewal), {})
        answers = {}
        for horizon, model in models.items():
            rows = np.flatnonzero(labelled(encoded, labels, horizon))
            silent = None
            if model.validated is not None:
                rows, silent = rows[model.validated[0]], inverse_link(model.validated[1], "binary")
            elif encoded.as_of is not None:
                rows = rows[encoded.as_of[rows] == encoded.as_of[rows].max()]
            sample = encoded.rows(rows)
            churned = labels[orders_column(horizon)].to_numpy(dtype=np.float64)[rows] <= 0
            ahead = None if renewal is None else renewal.ahead(sample)
            start = at_anchor(sample)
            given = {"continued": plain._continued(sample, [horizon], start, continuation)[:, 0]}
            if ahead is not None:
                given["renewal"] = plain._by_rhythm(sample, [horizon], start, ahead)[:, 0]
            if silent is not None:
                given["own"] = np.minimum(silent, start)
            windows = 1 if sample.as_of is None else len(np.unique(sample.as_of))
            answers[horizon] = _choose(given, churned, groups_of(sample, anchor, ahead), windows)
        kept = {h: model for h, model in models.items() if "own" in answers[h]}
        return cls(anchor, kept, plain.leaving, answers)

    def silent(
        self,
        encoded: Encoded,
        days: Sequence[int],
        start: Floats,
        continuation: Continuation,
        ahead: Ahead | None,
    ) -> Floats:
        """Probability of no order until each of `days`, all after the anchor, given that at it; shape (n, k)."""
        result = self._continued(encoded, days, start, continuation)
        groups = groups_of(encoded, self.anchor, ahead)
        for column, day in enumerate(days):
            speaks = self._speaks(groups, day)
            rows = np.flatnonzero(speaks == ANSWERS.index("renewal"))
            if len(rows) and ahead is not None:
                part = self._by_rhythm(encoded.rows(rows), [day], start[rows], ahead.rows(rows))
                result[rows, column] = part[:, 0]
            rows = np.flatnonzero(speaks == ANSWERS.index("own"))
            if len(rows):
                result[rows, column] = self.own[day].mean(encoded.rows(rows))
        first = np.minimum(result[:, :1], start[:, None])
        return np.asarray(np.minimum.accumulate(np.hstack([first, result[:, 1:]]), axis=1))

    def orders(
        self,
        encoded: Encoded,
        days: Sequence[int],
        until_anchor: Floats,
        continuation: Continuation,
        ahead: Ahead | None,
    ) -> Floats:
        """Expected orders until each of `days`, all after the anchor, given those until it; shape (n, k)."""
        result = continuation.orders(encoded, days, until_anchor)
        if ahead is None:
            return result
        groups = groups_of(encoded, self.anchor, ahead)
        slow = ahead.gap > _edges(self.anchor)[0]
        for column, day in enumerate(days):
            # A slow rhythm that is kept: the orders after the anchor are those that fall due.
            kept = np.array([given != "continued" for given in self._nearest(day)])
            rows = np.flatnonzero(kept[groups] & slow)
            if len(rows):
                part, leaving = ahead.rows(rows), np.asarray(self.leaving)[groups[rows]]
                stays = 1 - _gone(part, leaving)
                due = stays * (_due(part, leaving, day) - _due(part, leaving, self.anchor))
                result[rows, column] = until_anchor[rows] + np.maximum(due, 0.0)
        return np.asarray(np.maximum.accumulate(result, axis=1))

    def state(self) -> dict[str, Any]:
        """JSON state; the own models are not in it."""
        answers = {str(h): list(given) for h, given in self.answers.items()}
        return {"anchor": self.anchor, "leaving": list(self.leaving), "answers": answers, "own": list(self.own)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], models: Mapping[int, AdditiveModel]) -> Self:
        """Read what `state` gave; raises ValueError where it is not one."""
        leaving = tuple(float(value) for value in state["leaving"])
        answers = {int(h): tuple(str(item) for item in given) for h, given in state["answers"].items()}
        right = len(leaving) == GROUPS and all(0 < value < 1 for value in leaving)
        right = right and all(len(given) == GROUPS and set(given) <= set(ANSWERS) for given in answers.values())
        if not right or {h for h, given in answers.items() if "own" in given} != set(models):
            raise ValueError("not the state of longer horizons")
        return cls(int(state["anchor"]), models, leaving, answers)

    def _nearest(self, day: int) -> tuple[str, ...]:
        """The answer per group at the validated horizon nearest to a day."""
        if not self.answers:
            return ("continued",) * GROUPS
        return self.answers[min(self.answers, key=lambda horizon: abs(horizon - day))]

    def _speaks(self, groups: NDArray[np.intp], day: int) -> NDArray[np.intp]:
        """Index into `ANSWERS` per row; a horizon that was not validated follows the nearest one that was."""
        given = self._nearest(day)
        if day not in self.own:
            given = tuple("continued" if item == "own" else item for item in given)
        return np.asarray([ANSWERS.index(item) for item in given], dtype=np.intp)[groups]

    def _continued(self, encoded: Encoded, days: Sequence[int], start: Floats, continuation: Continuation) -> Floats:
        return inverse_link(log_odds(start)[:, None] + continuation.silence(encoded, days), "binary")

    def _by_rhythm(self, encoded: Encoded, days: Sequence[int], start: Floats, ahead: Ahead) -> Floats:
        leaving = np.asarray(self.leaving)[groups_of(encoded, self.anchor, ahead)]
        gone = _gone(ahead, leaving)

        def silent(day: int) -> Floats:
            return np.asarray(gone + (1 - gone) * ahead.silent(float(day)))

        at_anchor = np.maximum(silent(self.anchor), 1e-12)
        return np.column_stack([start * np.minimum(silent(day) / at_anchor, 1.0) for day in days])


def groups_of(encoded: Encoded, anchor: int, ahead: Ahead | None) -> NDArray[np.intp]:
    """Group of each row by the own mean gap, shape (n,): 0 without a gap, then up to 1/2, 1, 2 anchors and beyond."""
    mean_gap = encoded.column("mean_gap_days")
    if ahead is None or mean_gap is None:
        return np.zeros(len(encoded), dtype=np.intp)
    return np.asarray(np.where(np.isfinite(mean_gap) & (mean_gap > 0), 1 + np.digitize(ahead.gap, _edges(anchor)), 0))


def _edges(anchor: int) -> tuple[float, float, float]:
    return anchor / 2, float(anchor), 2.0 * anchor


def _gone(ahead: Ahead, leaving: Floats) -> Floats:
    """Probability to have left after the last order, given the silence since; shape (n,)."""
    return np.asarray(leaving / (leaving + (1 - leaving) * ahead.stayed))


def _due(ahead: Ahead, leaving: Floats, days: float) -> Floats:
    """Orders until `days` of who has not left: the first as the rhythm says, the others each a gap later."""
    total = 1 - ahead.silent(days)
    for cycle in range(1, MAX_CYCLES):
        left = days - cycle * ahead.gap
        if not (left > 0).any():
            break
        total += (1 - leaving) ** cycle * np.where(left > 0, 1 - ahead.silent(np.maximum(left, 0.0)), 0.0)
    return np.asarray(total)


def _leaving(encoded: Encoded, anchor: int, renewal: Renewal | None) -> tuple[float, ...]:
    """Probability to leave after an order, per group, from the customers at the newest cut-off."""
    buyers = encoded.rows(has_ordered(encoded))
    if buyers.as_of is not None and len(buyers):
        buyers = buyers.rows(buyers.as_of == buyers.as_of.max())
    ahead = None if renewal is None else renewal.ahead(buyers)
    if ahead is None:
        return (0.5,) * GROUPS
    groups = groups_of(buyers, anchor, ahead)
    days = buyers.column("order_days_ever")
    days = buyers.column("orders_ever") if days is None else days
    # A group is known by a gap, so the first one is no evidence of staying.
    gaps = np.zeros(len(buyers)) if days is None else np.maximum(np.nan_to_num(days) - 2, 0.0)
    several = groups > 0
    pooled = _most_likely(gaps[several], ahead.stayed[several]) if several.any() else 0.5
    leaving = [pooled]
    for group in range(1, GROUPS):
        here = groups == group
        leaving.append(_most_likely(gaps[here], ahead.stayed[here]) if here.sum() >= MIN_SILENCES else pooled)
    return tuple(leaving)


def _most_likely(gaps: Floats, stayed: Floats) -> float:
    """The d with the greatest ``sum gaps · log(1 - d) + log(d + (1 - d) · stayed)``."""
    grid = np.linspace(0.005, 0.95, 190)
    values = [float((gaps * np.log1p(-d) + np.log(d + (1 - d) * stayed)).sum()) for d in grid]
    return float(grid[int(np.argmax(values))])


def _choose(
    given: Mapping[str, Floats], churned: NDArray[np.bool_], groups: NDArray[np.intp], windows: int
) -> tuple[str, ...]:
    """Per group the answer with the least log loss; another one than the continuation only where it is clearly less."""
    losses = {}
    for name, silent in given.items():
        p = np.clip(silent, 1e-6, 1 - 1e-6)
        losses[name] = -np.where(churned, np.log(p), np.log1p(-p))
    chosen = []
    for group in range(GROUPS):
        here = groups == group
        fewest = min(int(churned[here].sum()), int((~churned[here]).sum()))
        best, least = "continued", 0.0
        if here.sum() >= MIN_ROWS and fewest >= MIN_OUTCOMES:
            for name in [name for name in losses if name != "continued" and not (name == "renewal" and group == 0)]:
                gain = losses["continued"][here] - losses[name][here]
                # Windows that overlap repeat the same customers.
                error = float(gain.std()) / np.sqrt(here.sum() / windows)
                sure = float(gain.mean()) - LEAST_GAIN - 2 * error
                if sure > 0 and gain.mean() > least:
                    best, least = name, float(gain.mean())
        chosen.append(best)
    return tuple(chosen)
