"""What customers of the made-up company looked at and searched for.

None of it decides how anybody behaves, and it is drawn from generators of its own, so that orders, satisfaction and
their truth are the same with it and without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulator.customers import Floats, Ints, People, Products
from benchmarks.simulator.settings import SimulationSettings
from benchmarks.simulator.words import WORDS

LOOKED = ("visit", "search", "cart", "click")
"""Interactions that concern a product or, a search, a category."""
LOOKS, SEARCHES = 4, 5
"""Numbers of the generators."""


def searches(settings: SimulationSettings, people: People, pull: Floats, week: int) -> dict[str, NDArray[Any]]:
    """The searches of a week, as `events.interactions` keeps contacts."""
    rng = np.random.default_rng([settings.seed, SEARCHES, _first(people), week])
    customer = np.repeat(np.arange(len(people)), rng.poisson(pull * 0.06))
    return {
        "customer": customer,
        "seconds": (week * 7 + rng.uniform(0, 7, len(customer))) * 86_400.0,
        "kind": np.full(len(customer), "search", dtype=object),
    }


def what_was_looked_at(
    settings: SimulationSettings, people: People, products: Products, customer: Ints, kind: NDArray[np.object_]
) -> pd.DataFrame:
    """product_id, category and text of interactions: a product of the favourite category or its companion, mostly."""
    rng = np.random.default_rng([settings.seed, LOOKS, _first(people)])
    leaves = [leaf for below in WORDS[settings.language]["leaves"] for leaf in below]
    count = len(customer)
    favourite = people.favourite[customer]
    draw = rng.random(count)
    category = np.where(
        draw < 0.5, favourite, np.where(draw < 0.8, products.next_category[favourite], rng.integers(0, 12, count))
    )
    places = rng.random(count)
    ids = products.table["product_id"].to_numpy(dtype=object)
    cells = [np.concatenate(cell) for cell in products.of_cell]
    product = np.full(count, None, dtype=object)
    for leaf, cell in enumerate(cells):
        rows = np.flatnonzero(category == leaf)
        product[rows] = ids[cell[(places[rows] * len(cell)).astype(np.int64)]]
    looked, sought = np.isin(kind, LOOKED), kind == "search"
    names = np.array(leaves, dtype=object)[category]
    return pd.DataFrame(
        {
            "product_id": _only(looked & ~sought, product),
            "category": _only(looked, names),
            "text": _only(sought, names),
        }
    )


def _only(rows: NDArray[np.bool_], values: NDArray[np.object_]) -> NDArray[np.object_]:
    found = np.full(len(rows), None, dtype=object)
    found[rows] = values[rows]
    return found


def _first(people: People) -> int:
    return int(str(people.table["customer_id"].iat[0])[1:])
