"""Days on which nobody could buy: the whole company closed, or a customer's usual product out of stock.

Silence and gaps between orders count *open* days: a fortnight's closure makes nobody overdue. The clock of a customer
stands still while the company is closed, and while a product is out of stock that at least half of the customer's
orders had held by then. What lies after a cut-off plays no part, because only closed time before it is taken off.

All times are UTC; a span includes its start and not its end, and is made of whole days of 24 hours from the midnight
of the business zone on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from configs.settings import DataSettings

Span = tuple[datetime, datetime]
USUAL_SHARE = 0.5
"""Share of a customer's orders that must have held a product for its absence to excuse silence."""

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Closures:
    """Closed time: spans of the company, ascending and apart; spans of single products while the company was open."""

    company: tuple[Span, ...] = ()
    products: tuple[tuple[str, datetime, datetime], ...] = ()

    @classmethod
    def of(cls, data: DataSettings) -> Closures:
        """From the settings `closed` and `out_of_stock`, whose days are those of the business zone."""
        zone = ZoneInfo(data.timezone)
        company = _merged(_span(item.first, item.last, zone) for item in data.closed)
        names = sorted({item.product_id for item in data.out_of_stock})
        products = tuple(
            (name, *span)
            for name in names
            for whole in _merged(
                _span(item.first, item.last, zone) for item in data.out_of_stock if item.product_id == name
            )
            for span in _outside(whole, company)
        )
        return cls(company, products)

    def to_json(self) -> dict[str, Any]:
        """JSON values, for a manifest."""
        return {
            "company": [[start.isoformat(), end.isoformat()] for start, end in self.company],
            "products": [[name, start.isoformat(), end.isoformat()] for name, start, end in self.products],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | None) -> Closures:
        """Read what `to_json` gave; None is no closure."""
        if raw is None:
            return cls()
        moment = datetime.fromisoformat
        return cls(
            tuple((moment(start), moment(end)) for start, end in raw["company"]),
            tuple((str(name), moment(start), moment(end)) for name, start, end in raw["products"]),
        )

    def closed_before(self, moment: datetime) -> int:
        """Microseconds before a moment in which the company was closed."""
        return sum(
            (min(moment, end) - start) // timedelta(microseconds=1) for start, end in self.company if start < moment
        )

    def stock_outs(self) -> pa.Table:
        """The products' spans as a table: out_product, out_first, out_until."""
        time = pa.timestamp("us")
        return pa.table(
            {
                "out_product": pa.array([name for name, _, _ in self.products], pa.string()),
                "out_first": pa.array([start for _, start, _ in self.products], time),
                "out_until": pa.array([end for _, _, end in self.products], time),
            }
        )

    def open_clock(self, moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Microseconds since 1970 with the company's closed time taken out; never falls as time goes on."""
        times = moments.astype("datetime64[us]").astype(np.int64)
        starts, ends = self._edges()
        closed = np.minimum(times[..., None], ends) - starts
        return np.asarray(times - np.maximum(closed, 0).sum(axis=-1), dtype=np.int64)

    def moment_of(self, clock: NDArray[np.int64]) -> NDArray[np.datetime64]:
        """The inverse of `open_clock`; where it stood still, the end of that time."""
        starts, ends = self._edges()
        stood = starts - np.concatenate([[0], np.cumsum(ends - starts)[:-1]]) if len(starts) else starts
        added = ((clock[..., None] >= stood) * (ends - starts)).sum(axis=-1)
        return np.asarray(clock + added, dtype=np.int64).astype("datetime64[us]")

    def _edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        edges = np.array(self.company, dtype="datetime64[us]").reshape(-1, 2).astype(np.int64)
        return edges[:, 0], edges[:, 1]


OPEN = Closures()
"""No day was closed."""


def closed_until(moment: Any, spans: tuple[Span, ...]) -> Any:
    """Microseconds before a moment in which the company was closed, as an ibis expression over a timestamp."""
    import ibis

    total: Any = ibis.literal(0, "int64")
    for start, end in spans:
        low, high = ibis.literal(start, "timestamp"), ibis.literal(end, "timestamp")
        reached = ibis.least(moment, high).delta(low, unit="microsecond")
        total = total + ibis.greatest(reached, ibis.literal(0, "int64"))
    return total


def pauses(lines: Any, stock_outs: Any) -> Any:
    """Spans in which a customer's usual product was out of stock.

    Parameters
    ----------
    lines : ibis table
        Transactions that may be seen.
    stock_outs : ibis table
        See `Closures.stock_outs`.

    Returns
    -------
    ibis table
        customer_id, occurred_at (start of the span, so that it meets the cut-off like any event), until.
    """
    before = lines.join(stock_outs, lines.occurred_at < stock_outs.out_first)
    keys = ["customer_id", "out_product", "out_first", "out_until"]
    counted = before.group_by(keys).agg(
        orders=before.order_id.nunique(),
        holding=before.order_id.nunique(where=before.product_id == before.out_product),
    )
    usual = counted.filter(counted.holding >= counted.orders * USUAL_SHARE)
    return usual.select("customer_id", occurred_at="out_first", until="out_until")


def _span(first: date, last: date, zone: ZoneInfo) -> Span:
    start = datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    return start, start + timedelta(days=(last - first).days + 1)


def _outside(span: Span, company: tuple[Span, ...]) -> list[Span]:
    """The parts of a span in which the company was open, so that no time is taken off twice."""
    parts, begin = [], span[0]
    for start, end in company:
        if end > begin and start < span[1]:
            if start > begin:
                parts.append((begin, start))
            begin = end
    return [*parts, (begin, span[1])] if begin < span[1] else parts


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for start, end in sorted(spans):
        # a clock change leaves neighbours an hour apart or over each other
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)
