"""A generated order log of any size, for speed measurements: no business, only realistic shapes and counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from configs.files import atomic_path
from features.manifest import write_manifest

DAYS = 730
START = np.datetime64("2023-01-01", "us")
PRODUCTS, CATEGORIES = 20_000, 40
LINES_PER_ORDER = 10
CHUNK_LINES = 2_000_000


def write_feature_log(folder: Path, *, lines: int = 29_000_000, customers: int = 49_000, seed: int = 7) -> Path:
    """Write `transactions.parquet` in canonical form, sorted by customer and time.

    Customers differ in how often they order (gamma), start at different times, come back to favourite products and
    return one order in fifty.

    Parameters
    ----------
    folder : Path
        Where to write.
    lines, customers : int
        Size; the number of lines is met to about one per cent.
    seed : int
        Same seed, same file.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.8, size=customers) + 0.02
    orders = np.maximum(1, rng.poisson(rate / rate.sum() * (lines / LINES_PER_ORDER)))
    price = np.round(np.exp(rng.normal(2.2, 0.8, PRODUCTS)), 2).astype(np.float64)
    names = {
        "product": pa.array([f"P{i:05d}" for i in range(PRODUCTS)]),
        "category": pa.array([f"category {i:02d}" for i in range(CATEGORIES)]),
        "channel": pa.array(["web", "store"]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "transactions.parquet"
    ends = np.cumsum(orders) * LINES_PER_ORDER
    bounds = np.searchsorted(ends, np.arange(CHUNK_LINES, ends[-1] + CHUNK_LINES, CHUNK_LINES))
    with atomic_path(path) as aside:
        writer: pq.ParquetWriter | None = None
        first = 0
        for last in np.unique(np.append(bounds, customers)):
            table = _chunk(rng, np.arange(first, last), orders[first:last], int(orders[:first].sum()), price, names)
            if writer is None:
                writer = pq.ParquetWriter(aside, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=250_000)
            first = int(last)
        if writer is not None:
            writer.close()
    write_manifest(folder)
    return path


def _chunk(
    rng: np.random.Generator,
    customers: NDArray[np.int64],
    orders: NDArray[np.int64],
    first_order: int,
    price: NDArray[np.float64],
    names: dict[str, pa.Array],
) -> pa.Table:
    start = rng.random(len(customers)) ** 2 * DAYS * 0.8
    customer = np.repeat(customers, orders)
    minute = np.repeat(start, orders)
    minute = ((minute + rng.random(len(customer)) * (DAYS - minute)) * 1440).astype(np.int64)
    order = np.lexsort((minute, customer))
    minute = minute[order]
    sign = np.where(rng.random(len(customer)) < 0.02, -1.0, 1.0)
    size = 1 + rng.poisson(LINES_PER_ORDER - 1, len(customer))
    line_order = np.repeat(np.arange(len(customer)), size)
    n = len(line_order)
    line_customer = customer[line_order]
    favourite = (line_customer * 7919 + (rng.random(n) ** 2 * 80).astype(np.int64) * 104_729) % PRODUCTS
    product = np.where(rng.random(n) < 0.7, favourite, (rng.random(n) ** 3 * PRODUCTS).astype(np.int64))
    quantity = 1.0 + rng.poisson(0.6, n)
    full = quantity * price[product]
    discount = np.where(rng.random(n) < 0.2, np.round(full * 0.1, 2), 0.0)
    amount = np.round(full - discount, 2) * sign[line_order]
    time = START + (minute[line_order] * 60_000_000).astype("timedelta64[us]")
    ids = pa.array([f"C{i:06d}" for i in customers])
    order_ids = pa.array([f"O{i:08d}" for i in range(first_order, first_order + len(customer))])
    return pa.table(
        {
            "customer_id": ids.take(pa.array(line_customer - customers[0])),
            "order_id": order_ids.take(pa.array(line_order)),
            "occurred_at": pa.array(time, pa.timestamp("us")),
            "amount": _money(amount),
            "product_id": names["product"].take(pa.array(product)),
            "category": names["category"].take(pa.array(product % CATEGORIES)),
            "quantity": pa.array(quantity),
            "discount": _money(discount),
            "channel": names["channel"].take(pa.array(line_order % 2)),
        }
    )


def _money(values: NDArray[np.float64]) -> pa.Array:
    # Through whole ten-thousandths, because a cast from double would refuse values that are not exact.
    whole = np.round(values * 10_000).astype(np.int64)
    raw = np.empty((len(whole), 2), dtype="<i8")
    raw[:, 0], raw[:, 1] = whole, whole >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(whole), [None, pa.py_buffer(raw.tobytes())])
