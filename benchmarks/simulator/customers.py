"""Customers and products of the made-up company: what they are before anything happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulator.attributes import personal_columns
from benchmarks.simulator.settings import SimulationSettings
from benchmarks.simulator.words import CHANNELS, COUNTRIES, DIGITAL, INDUSTRIES, REGIONS, SIZES, WORDS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Products:
    """The range: a table of the data contract, and per product its category, price and line.

    `of_cell[category][premium]` are the products of a category and line; `next_category` is the category that goes with
    each (who buys the one takes the other more often than chance).
    """

    table: pd.DataFrame
    category: Ints
    price: Floats
    premium: NDArray[np.bool_]
    of_cell: list[list[Ints]]
    next_category: Ints


def make_products(settings: SimulationSettings) -> Products:
    """The range of products; the same for every block of customers."""
    rng = np.random.default_rng([settings.seed, 1])
    words = WORDS[settings.language]
    leaves = [(top, leaf) for top, below in zip(words["tops"], words["leaves"], strict=True) for leaf in below]
    count = settings.products
    category = np.arange(count) % len(leaves)
    premium = (np.arange(count) // len(leaves)) % 3 == 0
    price = np.round(np.exp(rng.normal(2.3, 0.5, count)) * np.where(premium, 2.8, 1.0), 2)
    other = rng.random(count) < 0.1
    paths = []
    for place in range(count):
        path = " > ".join(leaves[category[place]])
        second = " > ".join(leaves[(category[place] + 5) % len(leaves)])
        paths.append([path, second] if other[place] else [path])
    names = [
        f"{words['adjectives'][rng.integers(len(words['adjectives']))]} {leaves[category[place]][1]} {place + 1}"
        for place in range(count)
    ]
    table = pd.DataFrame(
        {
            "product_id": [f"P{place + 1:05d}" for place in range(count)],
            "name": names,
            "category": paths,
            # one flag per product: of the plain ones, half say "mass" and half whether they are of the main line
            "line": np.where(
                premium,
                "premium",
                np.where(np.arange(count) // len(leaves) % 3 == 1, "mass", np.where(category < 8, "main", "auxiliary")),
            ),
            "margin": np.round(np.where(premium, 0.45, 0.25) + rng.normal(0, 0.03, count), 3),
        }
    )
    cells = [
        [np.flatnonzero((category == leaf) & (premium == flag)) for flag in (False, True)]
        for leaf in range(len(leaves))
    ]
    return Products(table, category, price, premium, cells, (np.arange(len(leaves)) + 1) % len(leaves))


@dataclass(frozen=True)
class People:
    """One block of customers: traits that decide behaviour, and the customers table.

    Attributes
    ----------
    rate : ndarray
        Orders per week at average satisfaction, season and growth.
    content : ndarray
        Satisfaction that the customer returns to.
    acquired_week : ndarray
        Week of the log (negative: before it) from which the customer may order.
    """

    table: pd.DataFrame
    enterprise: NDArray[np.bool_]
    prospect: NDArray[np.bool_]
    region: NDArray[np.object_]
    digital: NDArray[np.bool_]
    premium_share: Floats
    favourite: Ints
    volume: Floats
    rate: Floats
    content: Floats
    acquired_week: Ints

    def __len__(self) -> int:
        return len(self.rate)


def make_people(settings: SimulationSettings, first: int, count: int, rng: np.random.Generator) -> People:
    """Customers `first` … `first + count - 1`."""
    words = WORDS[settings.language]
    enterprise = rng.random(count) < settings.enterprise_share
    prospect = rng.random(count) < settings.prospect_share
    abroad = rng.random(count) < 0.15
    region = np.where(abroad, "Abroad", rng.choice(REGIONS, count, p=[0.35, 0.15, 0.2, 0.1, 0.2]))
    country = np.where(abroad, rng.choice(COUNTRIES[1:], count), COUNTRIES[0])
    channel = rng.choice(CHANNELS, count, p=[0.35, 0.2, 0.2, 0.15, 0.1])
    before = rng.random(count) < settings.acquired_before
    started = np.where(
        before,
        -rng.integers(1, settings.burn_in_weeks + 2, count),
        # a growing company wins its new customers later rather than earlier
        np.floor(settings.weeks * rng.random(count) ** (1 / (1 + settings.yearly_growth))),
    ).astype(np.int64)
    rate = settings.rate * np.exp(rng.normal(0, settings.rate_spread, count)) * np.where(enterprise, 1.3, 1.0)
    rate[prospect] = 0.0
    content = rng.normal(0.1, 0.8, count)
    volume = np.exp(rng.normal(0, 0.35, count)) * np.where(enterprise, 6.0, 1.0)
    premium_share = np.where(rng.random(count) < 0.3, 0.8, 0.1)
    size = rng.choice(SIZES, count, p=[0.5, 0.35, 0.15])
    volume *= np.where(enterprise & (size == "large"), 3.0, 1.0)
    start_day = pd.Timestamp(settings.end) - pd.Timedelta(weeks=settings.weeks)
    acquired = start_day + pd.to_timedelta(started * 7, unit="D")
    if settings.language == "zh":
        person = rng.choice(words["family"], count).astype(object) + rng.choice(words["given"], count).astype(object)
        firm = rng.choice(words["company"], count).astype(object) + rng.choice(words["company_end"], count).astype(
            object
        )
    else:
        person = np.char.add(np.char.add(rng.choice(words["given"], count), " "), rng.choice(words["family"], count))
        firm = np.char.add(
            np.char.add(rng.choice(words["company"], count), " "), rng.choice(words["company_end"], count)
        )
    birth_day = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 20_000, count), unit="D")
    renewal = pd.Timestamp(settings.end) + pd.to_timedelta(rng.integers(1, 365, count), unit="D")
    consent = np.where(
        rng.random(count) < settings.unsubscribed_share, "no", np.where(rng.random(count) < 0.2, "email, sms", "yes")
    )
    worth = rate * volume
    level = np.where(
        worth > np.quantile(worth, 0.9), "gold", np.where(worth > np.quantile(worth, 0.7), "silver", "ordinary")
    )
    table = pd.DataFrame(
        {
            "customer_id": customer_ids(first, count),
            "customer_type": np.where(enterprise, "enterprise", "individual"),
            "name": np.where(enterprise, firm.astype(object), person.astype(object)),
            "region": region,
            "country": country,
            "industry": _only(enterprise, rng.choice(INDUSTRIES, count)),
            "company_size": _only(enterprise, size),
            "acquired_at": acquired,
            "birthday": pd.Series(birth_day).where(~pd.Series(enterprise)).dt.date,
            "preferred_channel": channel,
            "member_level": level,
            "fulfilment": np.where(rng.random(count) < 0.1, "special", "regular"),
            "consent": consent,
            "owner": _only(enterprise | (worth > np.quantile(worth, 0.95)), rng.choice(words["owners"], count)),
            "renewal_at": pd.Series(renewal).where(pd.Series(enterprise)),
            "phone": _phones(first, count, settings.language),
            "email": [f"{name.lower()}@example.com" for name in customer_ids(first, count)],
        }
    )
    favourite = rng.integers(0, 12, count)
    personal = personal_columns(settings, customer_ids(first, count), enterprise, ~prospect, favourite, started)
    return People(
        table=table.join(personal),
        enterprise=enterprise,
        prospect=prospect,
        region=region.astype(object),
        digital=np.isin(channel, DIGITAL),
        premium_share=premium_share,
        favourite=favourite,
        volume=volume,
        rate=rate,
        content=content,
        acquired_week=started,
    )


def _only(rows: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[np.object_]:
    found = np.full(len(rows), None, dtype=object)
    found[rows] = values[rows]
    return found


def _phones(first: int, count: int, language: str) -> list[str]:
    """Numbers that nobody has: kept free for fiction (Ofcom), or of a kind that is not given out in China."""
    if language == "zh":
        return [f"100 {number // 10_000 % 10_000:04d} {number % 10_000:04d}" for number in range(first, first + count)]
    return [f"+44 7700 900{number % 1_000:03d}" for number in range(first, first + count)]


def customer_ids(first: int, count: int) -> NDArray[np.object_]:
    """Ids of a block, sorted as text in the order of their numbers."""
    return np.array([f"C{place:08d}" for place in range(first, first + count)], dtype=object)
