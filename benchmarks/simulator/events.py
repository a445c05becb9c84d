"""What a week leaves behind: order lines, returns, feedback, interactions, campaign rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulator.customers import Floats, Ints, People, Products
from benchmarks.simulator.looks import searches, what_was_looked_at
from benchmarks.simulator.settings import CampaignPlan, SimulationSettings
from benchmarks.simulator.words import TOPICS, WORDS

DAY = 86_400.0


@dataclass(frozen=True)
class Lines:
    """The orders of one week: per order customer, moment and delivery; per line order, product, quantity, amount."""

    customer: Ints
    seconds: Floats
    delay: Floats
    late: NDArray[np.bool_]
    order_amount: Floats
    order: Ints
    product: Ints
    quantity: Ints
    price: Floats
    discount: Floats
    amount: Floats


def order_lines(
    settings: SimulationSettings, products: Products, people: People, orders: Ints, week: int, rng: np.random.Generator
) -> Lines:
    """Baskets of the week: favourite category first, its companion category next, anything else seldom."""
    customer = np.repeat(np.arange(len(people)), orders)
    count = len(customer)
    seconds = week * 7 * DAY + rng.integers(0, 7, count) * DAY + np.round(rng.uniform(7, 22, count) * 3_600)
    issue = settings.issue
    trouble = np.zeros(count, dtype=np.bool_)
    if issue is not None and week >= issue.since_week:
        trouble = people.region[customer] == issue.region
    late = rng.random(count) < np.where(trouble, issue.late_share if issue else 0.0, 0.05)
    delay = np.where(late, 2 + rng.exponential(4, count), -np.minimum(rng.exponential(0.7, count), 2))
    size = 1 + np.minimum(rng.poisson(1.2, count), 5)
    order = np.repeat(np.arange(count), size)
    buyer = customer[order]
    total = len(order)
    draw = rng.random(total)
    favourite = people.favourite[buyer]
    category = np.where(
        draw < 0.55,
        favourite,
        np.where(draw < 0.8, products.next_category[favourite], rng.integers(0, len(products.of_cell), total)),
    )
    premium = rng.random(total) < people.premium_share[buyer]
    product = np.empty(total, dtype=np.int64)
    place = rng.random(total) ** 1.6  # the first products of a cell are its best sellers
    for leaf, cells in enumerate(products.of_cell):
        for flag, cell in enumerate(cells):
            rows = (category == leaf) & (premium == bool(flag))
            product[rows] = cell[(place[rows] * len(cell)).astype(np.int64)]
    quantity = 1 + rng.poisson(people.volume[buyer] * 0.8)
    price = products.price[product]
    discount_share = np.where(rng.random(total) < 0.15, 0.1, 0.0)
    gross = np.round(quantity * price, 2)
    discount = np.round(gross * discount_share, 2)
    amount = np.round(gross - discount, 2)
    return Lines(
        customer=customer,
        seconds=seconds,
        delay=delay,
        late=late,
        order_amount=np.bincount(order, weights=amount, minlength=count).astype(np.float64),
        order=order,
        product=product,
        quantity=quantity,
        price=price,
        discount=discount,
        amount=amount,
    )


@dataclass
class Log:
    """Collects what is recorded, as arrays; `tables` turns them into tables of the data contract."""

    orders: list[Lines] = field(default_factory=list)
    feedback: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    contacts: list[dict[str, NDArray[Any]]] = field(default_factory=list)

    def add_orders(self, lines: Lines) -> None:
        """Keep a week's orders."""
        self.orders.append(lines)

    def tables(
        self, settings: SimulationSettings, people: People, products: Products, rng: np.random.Generator
    ) -> dict[str, pd.DataFrame]:
        """Transactions with returns, feedback, interactions; sorted as the contract says, times before the end."""
        return {
            "transactions": _transactions(settings, people, products, self.orders, rng),
            "feedback": _feedback(settings, people, self.feedback),
            "interactions": _interactions(settings, people, products, self.contacts),
        }


def moments(settings: SimulationSettings, seconds: Floats) -> pd.DatetimeIndex:
    """Seconds since the start of the log as timestamps (UTC without zone, whole seconds)."""
    start = pd.Timestamp(settings.end) - pd.Timedelta(weeks=settings.weeks)
    return pd.DatetimeIndex(start + pd.to_timedelta(np.round(seconds), unit="s"))


def _transactions(
    settings: SimulationSettings, people: People, products: Products, weeks: list[Lines], rng: np.random.Generator
) -> pd.DataFrame:
    """Numbers first, sorted as numbers; texts are made once at the end."""
    starts = np.cumsum([0, *(len(lines.customer) for lines in weeks)])
    buyer = np.concatenate([lines.customer for lines in weeks])
    moment = np.concatenate([lines.seconds for lines in weeks])
    delay = np.concatenate([lines.delay for lines in weeks])
    number = _running_number(buyer, moment)
    order = np.concatenate([lines.order + start for lines, start in zip(weeks, starts[:-1], strict=True)])
    size = np.bincount(order, minlength=len(buyer))
    numbers: dict[str, NDArray[Any]] = {
        "customer": buyer[order],
        "seconds": moment[order],
        "number": number[order],
        "line": np.arange(1, len(order) + 1) - np.repeat(np.cumsum(size) - size, size),
        "back": np.zeros(len(order), dtype=np.int64),
        "promised": moment[order] + 3 * DAY,
        "delivered": moment[order] + (3 + delay[order]) * DAY,
        "product": np.concatenate([lines.product for lines in weeks]),
        "quantity": np.concatenate([lines.quantity for lines in weeks]).astype(np.float64),
        "unit_price": np.concatenate([lines.price for lines in weeks]),
        "discount": np.concatenate([lines.discount for lines in weeks]),
        "amount": np.concatenate([lines.amount for lines in weeks]),
    }
    back = rng.random(len(order)) < settings.return_share
    returned = {name: values[back] for name, values in numbers.items()}
    returned["seconds"] = returned["seconds"] + (3 + rng.integers(2, 20, int(back.sum()))) * DAY
    returned["back"] = np.ones(int(back.sum()), dtype=np.int64)
    for name in ("quantity", "amount", "discount"):
        returned[name] = -returned[name]
    for name in ("promised", "delivered"):
        returned[name] = np.full(int(back.sum()), np.nan)
    every = {name: np.concatenate([values, returned[name]]) for name, values in numbers.items()}
    end = settings.weeks * 7 * DAY
    kept = np.flatnonzero(every["seconds"] < end)
    place = np.lexsort([every[name][kept] for name in ("line", "number", "back", "seconds", "customer")])
    every = {name: values[kept][place] for name, values in every.items()}
    # an order still on its way at the end has no delivery moment yet
    every["delivered"] = np.where(every["delivered"] >= end, np.nan, every["delivered"])
    return _as_transactions(settings, people, products, every)


def _running_number(customer: Ints, seconds: Floats) -> Ints:
    """1, 2, 3 … per customer in the order of time; the same however customers are cut into blocks."""
    ranked = np.lexsort((seconds, customer))
    sorted_customer = customer[ranked]
    begins = np.r_[True, sorted_customer[1:] != sorted_customer[:-1]][: len(ranked)]
    begin = np.maximum.accumulate(np.where(begins, np.arange(len(ranked)), 0))
    number = np.empty(len(customer), dtype=np.int64)
    number[ranked] = np.arange(len(ranked)) - begin + 1
    return number


def _as_transactions(
    settings: SimulationSettings, people: People, products: Products, every: dict[str, NDArray[Any]]
) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.array(people.table["customer_id"].tolist()).take(pa.array(every["customer"]))
    number = pc.utf8_lpad(pa.array(every["number"]).cast(pa.string()), 4, "0")
    line = pa.array(every["line"]).cast(pa.string())
    order_id = pc.binary_join_element_wise(pc.utf8_slice_codeunits(ids, 1), number, "-")
    back = pa.array(every["back"] == 1)
    return_id = pc.binary_join_element_wise(pc.binary_join_element_wise(pa.scalar("R"), order_id, ""), line, "-")
    codes = pa.array(products.table["product_id"].tolist()).take(pa.array(every["product"]))

    def text(values: Any) -> pd.Series[Any]:
        return pd.Series(values.to_pandas())

    return pd.DataFrame(
        {
            "customer_id": text(ids),
            "order_id": text(pc.if_else(back, return_id, order_id)),
            "line_id": text(line),
            "occurred_at": moments(settings, every["seconds"]),
            "product_id": text(codes),
            "quantity": every["quantity"],
            "unit_price": every["unit_price"],
            "discount": every["discount"],
            "amount": every["amount"],
            "returns_order_id": text(pc.if_else(back, order_id, pa.scalar(None, pa.string()))),
            "promised_at": moments(settings, every["promised"]),
            "delivered_at": moments(settings, every["delivered"]),
        }
    )


def feedback_and_mood(
    settings: SimulationSettings,
    people: People,
    mood: Floats,
    lines: Lines,
    week: int,
    rng: np.random.Generator,
    log: Log | None,
) -> None:
    """What the week's orders do to satisfaction (changed in place), and what customers say about it."""
    customer = lines.customer
    count = len(customer)
    topic = rng.integers(0, 3, count)
    topic = np.where(lines.late, 2, topic)
    felt = 0.06 + 0.55 * (people.content[customer] - mood[customer]) * 0.3 + rng.normal(0, 0.35, count)
    felt = felt - np.where(lines.late, 0.8, 0.0)
    mood += 0.02 * (people.content - mood)
    np.add.at(mood, customer, felt)
    angry = (felt < -0.6) & (rng.random(count) < 0.45)
    solved = angry & (rng.random(count) < 0.7)
    closed = solved | (angry & (rng.random(count) < 0.75))  # some are closed without having been solved
    np.add.at(mood, customer, np.where(solved, 0.45, np.where(angry, -0.5, 0.0)))
    np.clip(mood, -3, 3, out=mood)
    if log is None:
        return
    asked = (rng.random(count) < settings.survey_share) & ~angry
    level = 3.3 + 0.95 * mood[customer] - np.where(lines.late, 1.0, 0.0) + rng.normal(0, 0.45, count)
    said = np.where(asked, np.clip(np.round(level), 1, 5), np.nan)
    days = lines.delay + 3 + rng.uniform(0.5, 4, count)
    for kind, rows in (("survey", asked), ("complaint", angry)):
        log.feedback.append(
            {
                "customer": customer[rows],
                "seconds": lines.seconds[rows] + days[rows] * DAY,
                "kind": np.full(int(rows.sum()), kind, dtype=object),
                "topic": topic[rows],
                "score": said[rows] if kind == "survey" else np.full(int(rows.sum()), np.nan),
                "resolved": np.where(
                    closed[rows], lines.seconds[rows] + (days[rows] + rng.exponential(5, int(rows.sum()))) * DAY, np.nan
                ),
                "written": rng.random(int(rows.sum())) < settings.text_share,
                "choice": rng.integers(0, 2, int(rows.sum())),
            }
        )


def _feedback(settings: SimulationSettings, people: People, parts: list[dict[str, NDArray[Any]]]) -> pd.DataFrame:
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    frame = pd.DataFrame(joined)
    end = settings.weeks * 7 * DAY
    frame = frame[frame["seconds"] < end].reset_index(drop=True)
    frame["customer_id"] = people.table["customer_id"].to_numpy(dtype=object)[frame["customer"]]
    frame = frame.sort_values(["customer_id", "seconds", "kind"], kind="stable", ignore_index=True)
    frame.loc[frame["resolved"] >= end, "resolved"] = np.nan
    words = WORDS[settings.language]
    texts: list[str | None] = []
    for kind, topic, score, written, choice in zip(
        frame["kind"], frame["topic"], frame["score"], frame["written"], frame["choice"], strict=True
    ):
        if not written:
            texts.append(None)
        elif kind == "complaint" or score <= 2:
            texts.append(words["bad"][TOPICS[topic]][choice])
        else:
            texts.append(words["good"][TOPICS[topic]][choice] if score >= 4 else words["middle"][choice])
    number = frame.groupby("customer_id").cumcount() + 1
    scored = frame["score"].notna()
    return pd.DataFrame(
        {
            "feedback_id": "F" + frame["customer_id"].str[1:] + "-" + number.astype(str).str.zfill(4),
            "customer_id": frame["customer_id"],
            "occurred_at": moments(settings, frame["seconds"].to_numpy(dtype=np.float64)),
            "kind": frame["kind"],
            "topic": np.array(TOPICS, dtype=object)[frame["topic"].to_numpy(dtype=np.int64)],
            "score": frame["score"],
            "score_min": np.where(scored, 1.0, np.nan),
            "score_max": np.where(scored, 5.0, np.nan),
            "resolved_at": moments(settings, frame["resolved"].to_numpy(dtype=np.float64)),
            "text": pd.Series(texts, dtype="object", index=frame.index),
        }
    )


def interactions(
    settings: SimulationSettings,
    people: People,
    there: NDArray[np.bool_],
    mood: Floats,
    week: int,
    rng: np.random.Generator,
    log: Log,
) -> None:
    """Visits, opens, clicks, carts and contacts of the week: those who have gone fall silent here too."""
    active = np.where(there & (people.acquired_week <= week), 1.0, 0.04)
    active = np.where(people.acquired_week > week, 0.0, active)
    pull = (0.3 + people.rate) * np.exp(0.2 * mood) * active
    for kind, weight in (("visit", 0.25), ("open", 0.15), ("click", 0.08), ("cart", 0.05), ("contact", 0.03)):
        times = rng.poisson(pull * weight)
        customer = np.repeat(np.arange(len(people)), times)
        log.contacts.append(
            {
                "customer": customer,
                "seconds": (week * 7 + rng.uniform(0, 7, len(customer))) * DAY,
                "kind": np.full(len(customer), kind, dtype=object),
            }
        )
    log.contacts.append(searches(settings, people, pull, week))


def _interactions(
    settings: SimulationSettings, people: People, products: Products, parts: list[dict[str, NDArray[Any]]]
) -> pd.DataFrame:
    frame = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    frame["customer_id"] = people.table["customer_id"].to_numpy(dtype=object)[frame["customer"]]
    frame = frame.sort_values(["customer_id", "seconds", "kind"], kind="stable", ignore_index=True)
    number = frame.groupby("customer_id").cumcount() + 1
    channel = people.table["preferred_channel"].to_numpy(dtype=object)[frame["customer"]]
    online = frame["kind"].isin(["visit", "search", "cart"]).to_numpy()
    kind = frame["kind"].to_numpy(dtype=object)
    looked = what_was_looked_at(settings, people, products, frame["customer"].to_numpy(dtype=np.int64), kind)
    rows = pd.DataFrame(
        {
            "interaction_id": "I" + frame["customer_id"].str[1:] + "-" + number.astype(str).str.zfill(5),
            "customer_id": frame["customer_id"],
            "occurred_at": moments(settings, np.floor(frame["seconds"].to_numpy(dtype=np.float64))),
            "kind": frame["kind"],
            "channel": np.where(online, "web", channel),
            "direction": "in",
        }
    )
    return rows.join(looked)


def campaign_rows(
    settings: SimulationSettings,
    plan: CampaignPlan,
    people: People,
    invited: NDArray[np.bool_],
    treated: NDArray[np.bool_],
    week: int,
    effect: Floats,
    lift: Floats,
) -> pd.DataFrame:
    """The treatments table of one campaign, with the true change of P(order within its weeks) beside it."""
    rows = np.flatnonzero(invited)
    ids = people.table["customer_id"].to_numpy(dtype=object)[rows]
    return pd.DataFrame(
        {
            "treatment_id": [f"T{week:03d}-{name[1:]}" for name in ids],
            "customer_id": ids,
            "treated_at": moments(settings, np.full(len(rows), week * 7 * DAY)),
            "strategy": plan.strategy,
            "cost": np.where(treated[rows], plan.cost, 0.0),
            "arm": np.where(treated[rows], "treated", "held_out"),
            "outcome": np.full(len(rows), None, dtype=object),
            "true_effect": effect[rows],
            "true_lift": lift[rows],
        }
    )
