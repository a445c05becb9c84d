"""Small random histories with everything that is awkward: ties, split orders, returns, nulls, late rows."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from features.data import ARROW_TYPES
from features.tables import TABLES

Rows = list[dict[str, Any]]
BASE = datetime(2023, 1, 1)
AS_OF = BASE + timedelta(days=600)


def to_arrow(tables: dict[str, Rows], columns: dict[str, list[str]] | None = None) -> dict[str, pa.Table]:
    """Rows as Arrow tables; a column exists when any row names it, or as told."""
    made = {}
    for name, rows in tables.items():
        known = {column.name: column for column in TABLES[name].columns}
        named = columns[name] if columns else [c for c in known if any(c in row for row in rows) or known[c].required]
        fields = {c: pa.array([row.get(c) for row in rows], ARROW_TYPES[known[c].type]) for c in named}
        made[name] = pa.table(fields)
    return made


def random_tables(seed: int, *, customers: int = 6, orders: int = 60, late: bool = False) -> dict[str, Rows]:
    """All tables for a few customers over 700 days, some of it after AS_OF."""
    rng = random.Random(seed)

    def moment(days: float = 700) -> datetime:
        # Some moments fall exactly on midnight, where windows begin and end.
        if rng.random() < 0.25:
            return BASE + timedelta(days=rng.randrange(int(days)))
        return BASE + timedelta(seconds=rng.randrange(int(days * 86_400)), microseconds=rng.choice([0, 1, 999_999]))

    def recorded(at: datetime) -> dict[str, Any]:
        if not late:
            return {}
        return {"recorded_at": rng.choice([None, at, at, at + timedelta(days=rng.randrange(1, 120))])}

    names = [f"c{i}" for i in range(customers)]
    products = [
        {
            "product_id": f"p{i}",
            "category": rng.choice([[f"k{i % 4}"], [f"k{i % 4}", f"k{(i + 1) % 4}"], None]),
            "line": rng.choice(["premium", "Premium", "main", "mass", "辅助", None]),
        }
        for i in range(12)
    ]
    transactions: Rows = []
    for number in range(orders):
        customer, at = rng.choice(names), moment()
        sign = -1 if rng.random() < 0.15 else 1
        for _ in range(rng.randrange(1, 4)):
            if rng.random() < 0.1:
                at = at + timedelta(days=rng.randrange(0, 40))
            price = Decimal(rng.randrange(100, 5000)) / 100
            quantity = rng.choice([1.0, 2.0, 0.5, 3.0, None])
            promised = at + timedelta(days=3) if rng.random() < 0.6 else None
            transactions.append(
                {
                    "customer_id": customer,
                    "order_id": f"o{number}",
                    "occurred_at": at,
                    "amount": rng.choice([price * sign, price * sign, price * sign, Decimal(0)]),
                    "product_id": rng.choice([*(p["product_id"] for p in products), "unlisted", None]),
                    "category": rng.choice(["k0", "k1", "k2", "k3", None]),
                    "quantity": quantity,
                    "discount": rng.choice([None, Decimal(0), Decimal("1.5")]),
                    "promised_at": promised,
                    "delivered_at": at + timedelta(days=rng.random() * 8) if rng.random() < 0.7 else None,
                    **recorded(at),
                }
            )
    if transactions:
        # Two orders of one customer at the same moment.
        twin = dict(transactions[0], order_id="twin")
        transactions.append(twin)
    feedback: Rows = []
    for number in range(orders):
        at = moment()
        scale = rng.choice([{}, {"score_min": 0.0, "score_max": 10.0}, {"score_min": 1.0, "score_max": None}])
        feedback.append(
            {
                "feedback_id": f"f{number}",
                "customer_id": rng.choice(names),
                "occurred_at": at,
                "kind": rng.choice(["survey", "review", "complaint", "nps"]),
                "topic": rng.choice(["quality", "service", "logistics", "other", None]),
                "score": rng.choice([None, 1.0, 2.0, 3.0, 5.0, 9.0]),
                "score_min": None,
                "score_max": None,
                "resolved_at": rng.choice([None, at + timedelta(days=rng.randrange(1, 200))]),
                **scale,
                **recorded(at),
            }
        )
    kinds = ["contact", "visit", "browse", "cart", "open", "click", "redeem"]
    interactions: Rows = []
    for number in range(2 * orders):
        at = moment()
        interactions.append(
            {
                "interaction_id": f"i{number}",
                "customer_id": rng.choice(names),
                "occurred_at": at,
                "kind": rng.choice([*kinds, "cart", "cart"]),
                **recorded(at),
            }
        )
    profile = [
        {
            "customer_id": name,
            "customer_type": rng.choice(["enterprise", "individual", None]),
            "region": rng.choice(["north", "south"]),
            "country": "CN",
            "industry": None,
            "company_size": rng.choice(["large", "small"]),
            "member_level": "gold",
            "preferred_channel": "phone",
            "fulfilment": "regular",
            "acquired_at": rng.choice([None, moment()]),
        }
        for name in [*names, "silent", "later"]
    ]
    profile[-1]["acquired_at"] = AS_OF + timedelta(days=1)
    return {
        "transactions": transactions,
        "customers": profile,
        "products": products,
        "feedback": feedback,
        "interactions": interactions,
        "treatments": [
            {
                "treatment_id": f"t{number}",
                "customer_id": rng.choice([*names, "silent"]),
                "treated_at": moment(),
                "strategy": rng.choice(["points", "greeting_gift"]),
                "arm": rng.choice(["treated", "treated", "held_out"]),
            }
            for number in range(orders // 3)
        ],
    }
