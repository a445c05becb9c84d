"""What the tables tell of people beside their own row: whom they brought, and what they looked at and did not buy.

Relations like those of `features.extracts`: they see what happened and was known before a moment, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from features.data import Tables
from features.extracts import bought, seen_at
from features.relations import Columns, unbound
from features.statements import Step, planned

LOOKS = ("browse", "search", "cart")
"""Kinds of interaction by which a customer shows interest in something."""


@planned
def referrals_relation(columns: Columns, as_of: datetime, some: bool) -> Step:
    """How many customers each customer, or those whom the table `wanted` names, brought who ordered before a moment."""
    tables = unbound(dict(columns))
    customers, wanted = tables["customers"], tables["wanted"]
    brought = customers.filter(customers.referred_by.notnull() & (customers.referred_by != customers.customer_id))
    if some:
        brought = brought.semi_join(wanted, brought.referred_by == wanted.wanted_customer)
    buyers = bought(seen_at(columns, "transactions", as_of))
    found = brought.semi_join(buyers, brought.customer_id == buyers.customer_id)
    counted = found.group_by("referred_by").agg(referrals=found.customer_id.nunique())
    return Step("some_referrals" if some else "referrals", counted.order_by("referred_by"))


def referrals_before(tables: Tables, as_of: datetime, customers: Sequence[str]) -> pd.Series[Any] | None:
    """Customers brought who had ordered before `as_of`, by the id of who brought them; None where nobody tells.

    Who brought whom is asked of all customers, although `tables` be a part of them with the rows of `customers` alone.
    """
    whole = tables.whole
    if "referred_by" not in whole.columns("customers"):
        return None
    if whole is tables:
        found = whole.run(referrals_relation(whole.shape, as_of, False)).to_pandas()
    else:
        wanted = pa.table({"wanted_customer": pa.array(customers, pa.string())})
        found = whole.run(referrals_relation(whole.shape, as_of, True), wanted=wanted).to_pandas()
    # ingested tables have the column only where somebody is told; a history that was sent may hold it empty
    if found.empty and whole.memory is not None:
        return None
    counts: pd.Series[Any] = found.set_index("referred_by")["referrals"]
    return counts


@planned
def last_looks_relation(columns: Columns, as_of: datetime) -> Step:
    """When each customer last looked for something, and last bought before a moment."""
    seen = seen_at(columns, "interactions", as_of)
    looks = seen.filter(seen.kind.isin(LOOKS))
    looks = looks.group_by("customer_id").agg(looked_at=looks.occurred_at.max())
    lines = bought(seen_at(columns, "transactions", as_of))
    buys = lines.group_by(buyer=lines.customer_id).agg(bought_at=lines.occurred_at.max())
    found = looks.left_join(buys, looks.customer_id == buys.buyer)
    return Step("last_looks", found.select("customer_id", "looked_at", "bought_at").order_by("customer_id"))


def last_looks(tables: Tables, as_of: datetime) -> pd.DataFrame | None:
    """customer_id, looked_at, bought_at (missing where never); None without interactions."""
    if not tables.has("interactions"):
        return None
    found: pd.DataFrame = tables.run(last_looks_relation(tables.shape, as_of)).to_pandas()
    return found


@planned
def looked_relation(columns: Columns, as_of: datetime, item: str, days: int) -> Step:
    """What each customer looked at in the days before a moment and has not bought since."""
    import ibis

    rows = seen_at(columns, "interactions", as_of)
    since = ibis.literal(as_of.replace(tzinfo=None) - timedelta(days=days), "timestamp")
    looks = rows.filter(rows.kind.isin(LOOKS) & rows[item].notnull() & (rows.occurred_at >= since))
    looks = looks.group_by("customer_id", item=looks[item]).agg(looks=looks.count(), looked_at=looks.occurred_at.max())
    lines = bought(seen_at(columns, "transactions", as_of))
    lines = lines.filter(lines[item].notnull())
    buys = lines.group_by(buyer=lines.customer_id, thing=lines[item]).agg(bought_at=lines.occurred_at.max())
    both = looks.left_join(buys, [looks.customer_id == buys.buyer, looks["item"] == buys.thing])
    both = both.filter(both.bought_at.isnull() | (both.bought_at < both.looked_at))
    found = both.select("customer_id", "item", "looks", "looked_at")
    return Step("looked", found.order_by("customer_id", ibis.desc("looked_at"), "item"))


def looked_at_only(tables: Tables, as_of: datetime, item: str, days: int) -> pd.DataFrame:
    """customer_id, item, looks, looked_at of what was looked at in the days before `as_of` and not bought since.

    Empty where the interactions do not name such items.
    """
    if item not in tables.columns("interactions"):
        return pd.DataFrame({"customer_id": [], "item": [], "looks": [], "looked_at": []}).astype("object")
    found: pd.DataFrame = tables.run(looked_relation(tables.shape, as_of, item, days)).to_pandas()
    return found
