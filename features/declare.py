"""The words in which a feature is declared: measures of a source, windows that look back, and the row they give.

A *source* is a relation with `customer_id`, `occurred_at` and *measures*: values of one of its rows, seen from a
cut-off, that may be added up (or of which the least or greatest counts). The engine joins a source with the
cut-offs, cuts the past into disjoint *slices* by age, and sums every measure per customer, cut-off and slice. A
window is a run of slices, so that eight windows cost one pass. A *feature* is an expression over such sums.

Ages are whole days back from the cut-off: age 0 is ``[as_of - 1 day, as_of)``. With `as_of` at a midnight these are
calendar days of that zone, and nothing here needs to know the zone.

Sums are taken over integers and decimals only, because sums of doubles depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from features.closures import Span, closed_until
from features.specs import FeatureSpec, Kind, Unit

WINDOWS = (7, 14, 30, 60, 90, 180, 365)
"""Lengths in days of the windows that orders and spend are summed over, beside the whole history."""

BOUNDS = (7, 14, 30, 60, 90, 180, 275, 365)
"""Ages in days at which the past is cut into slices; a window starts and ends at these."""

DAY_US = 86_400_000_000
MICRO = 1e6
"""Parts of a quantity or a sum of money that are kept."""

NANO = 1e9
"""Parts of a score, a logarithm or a weight that are kept."""

How = Literal["sum", "min", "max"]


def age_days(moment: Any, as_of: Any) -> Any:
    """Whole days from a moment back from `as_of`: 0 in the last 24 hours before it."""
    return (as_of.delta(moment, unit="microsecond") - 1) // DAY_US


def days_between(later: Any, earlier: Any) -> Any:
    """Days between two moments with their fraction, as float64; exact to the microsecond before the division."""
    return later.delta(earlier, unit="microsecond").cast("float64") / float(DAY_US)


def fixed(value: Any, scale: float) -> Any:
    """A double as a whole number of parts of ``1 / scale``, so that sums do not depend on their order.

    Limited to ±9·10^18 parts.
    """
    limit = 9e18 / scale
    return (value.clip(-limit, limit) * scale).round().cast("int64")


def count_if(condition: Any) -> Any:
    """1 where the condition holds, 0 where it does not, missing where it is unknown: its sum counts."""
    return condition.cast("int64")


def where(condition: Any, value: Any) -> Any:
    """The value where the condition holds, else missing."""
    import ibis

    return ibis.ifelse(condition, value, ibis.null().cast(value.type()))


def slice_of(age: Any) -> Any:
    """Number of the slice that an age lies in: how many bounds it has reached. The last slice has no end."""
    return sum((age >= bound).cast("int8") for bound in BOUNDS)


@dataclass(frozen=True)
class Measure:
    """A value of one row of a source, seen from a cut-off.

    `value` is given the source joined with the cut-offs, with `age` (whole days) beside its own columns. `scale`
    divides the sum of a measure made by `fixed`. `moment` marks a timestamp.
    """

    how: How
    value: Callable[[Any], Any]
    needs: frozenset[str] = frozenset()
    scale: float = 1.0
    moment: bool = False


@dataclass(frozen=True)
class Base:
    """An aggregate that features ask for: a measure over the slices ``[after, days)``."""

    source: str
    measure: str
    days: int | None
    after: int

    @property
    def column(self) -> str:
        """Name of the column that holds it."""
        return f"{self.source}__{self.measure}__{self.after}_{self.days or 'ever'}"


@dataclass
class Row:
    """What a feature's expression is written over: one customer at one cut-off.

    The methods give values and note down which aggregates and profile columns they need. `closed` are the company's
    closures; `paused` says whether customers may have pauses (`features.closures`).
    """

    measures: dict[str, dict[str, Measure]]
    table: Any = None
    closed: tuple[Span, ...] = ()
    paused: bool = False
    bases: dict[str, Base] = field(default_factory=dict)
    profile: set[str] = field(default_factory=set)

    def sum(self, name: str, days: int | None = None, *, after: int = 0) -> Any:
        """Sum of measure ``source.measure`` over ages in ``[after, days)``; 0.0 when there is no row."""
        return self._base(name, days, after)

    def extreme(self, name: str, days: int | None = None, *, after: int = 0) -> Any:
        """Least or greatest value of a measure in the window; null when there is no row."""
        return self._base(name, days, after)

    def since(self, name: str) -> Any:
        """Days from the moment that a measure holds to the cut-off, with fraction; null when it never was."""
        return days_between(self.as_of, self.extreme(name))

    def open_since(self, name: str) -> Any:
        """As `since`, in days on which the company was open."""
        since = self.since(name)
        return since - self._shut(name).cast("float64") / float(DAY_US) if self.closed else since

    def open_age(self, name: str) -> Any:
        """Whole open days from the moment that a measure holds back from the cut-off; null when it never was."""
        moment = self.extreme(name)
        if not self.closed:
            return age_days(moment, self.as_of).cast("float64")
        open_us = self.as_of.delta(moment, unit="microsecond") - self._shut(name)
        return ((open_us - 1) // DAY_US).cast("float64")

    def silence(self) -> Any:
        """Open days since the last order in which the customer could buy what is usual; null without an order."""
        since = self.open_since("orders.at")
        if not self.paused:
            return since
        stood = self.sum("pauses.stood") - self.extreme("orders.paused")
        return at_least(since - stood / float(DAY_US), 0.0)

    def _shut(self, name: str) -> Any:
        return closed_until(self.as_of, self.closed) - closed_until(self.extreme(name), self.closed)

    def share(self, part: str, whole: str, days: int | None = None) -> Any:
        """Sum of one measure divided by that of another; null when the latter is zero."""
        return ratio(self.sum(part, days), self.sum(whole, days))

    @property
    def as_of(self) -> Any:
        """The cut-off."""
        return self._column("as_of", "timestamp")

    @property
    def log_start(self) -> Any:
        """The first event of the log that was visible at the cut-off."""
        return self._column("log_start", "timestamp")

    def attribute(self, name: str, type_: str = "string") -> Any:
        """A column of the customers table."""
        self.profile.add(name)
        return self._column(f"profile__{name}", type_)

    def _base(self, name: str, days: int | None, after: int) -> Any:
        source, measure = name.split(".")
        for bound in (days, after):
            if bound and bound not in BOUNDS:
                raise ValueError(f"{name}: a window starts and ends at one of {BOUNDS}, not {bound}")
        base = Base(source, measure, days, after)
        self.bases[base.column] = base
        declared = self.measures[source][measure]
        return self._column(base.column, "timestamp" if declared.moment else "float64")

    def _column(self, name: str, type_: str) -> Any:
        import ibis

        # Without a table the row only notes what is asked for; any column of the right type will do.
        return ibis.table({name: type_}, name="noted")[name] if self.table is None else self.table[name]


def ratio(part: Any, whole: Any) -> Any:
    """Part by whole; null when the whole is zero."""
    return part / whole.nullif(0.0)


def at_least(value: Any, floor: float) -> Any:
    """The value, or the floor where it is less or missing."""
    import ibis

    return ibis.greatest(value, floor)


def change(recent: Any, before: Any) -> Any:
    """Relative change in [-1, 1]: ``(recent - before) / (|recent| + |before|)``; null when both are zero."""
    return ratio(recent - before, recent.abs() + before.abs())


@dataclass(frozen=True)
class Feature:
    """A declared feature: what it means (`spec`), how it is computed (`value`), which columns it needs."""

    spec: FeatureSpec
    value: Callable[[Row], Any]
    needs: frozenset[str]

    @property
    def name(self) -> str:
        """Column name."""
        return self.spec.name


def feature(  # noqa: PLR0913 – one keyword per fact of a declaration
    name: str,
    value: Callable[[Row], Any],
    *,
    driver: str,
    unit: Unit,
    label: tuple[str, str],
    null: tuple[str, str] = ("", ""),
    needs: Iterable[str] = (),
    source: str = "transactions",
    monotone: int = 0,
    days: int | None = None,
    kind: Kind = "numeric",
) -> Feature:
    """A feature with its texts as (English, Chinese)."""
    spec = FeatureSpec(
        name=name,
        driver=driver,
        source=source,
        unit=unit,
        label_en=label[0],
        label_zh=label[1],
        null_means_en=null[0],
        null_means_zh=null[1],
        monotone_churn=monotone,
        kind=kind,
        window_days=days,
    )
    return Feature(spec, value, frozenset({source, *needs}))


def window_name(name: str, days: int | None) -> str:
    """Column name of a windowed feature: ``orders_90d``, ``orders_ever``."""
    return f"{name}_{days}d" if days else f"{name}_ever"


def window_label(en: str, zh: str, days: int | None) -> tuple[str, str]:
    """Label of a windowed feature in both languages."""
    if days is None:
        return f"{en} so far", f"累计{zh}"
    return f"{en} in the last {days} days", f"近{days}天{zh}"
