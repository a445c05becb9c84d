"""The work list as people read it: whom to contact today, all that is needed for the call, and room for the outcome."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs import formats
from configs.catalogue import Lang, pairs, text
from configs.settings import Settings
from configs.timestamps import local_time
from retention.conditions.consent import REACHED_BY, may_be_reached
from retention.conditions.fields import CHANNELS
from retention.strategies.catalogue import Catalogue

COLUMNS = (
    "day", "owner", "customer", "name", "phone", "email", "orders", "complaint", "summary", "strategy", "task",
    "channel", "script", "outcome", "reason", "done", "note", "code",
)  # fmt: skip
"""Columns in their order; what they are called stands in `configs/texts/worklist.yaml`."""
FILLED_IN = ("outcome", "reason", "done", "note")
"""Columns that are left empty for whoever makes the contact."""
ITEMS_TOLD = 3
LONGEST_TEXT = 500
"""Characters of a complaint that are told."""


def headers(language: Lang) -> list[str]:
    """What the columns are called."""
    return [text(f"worklist.columns.{name}", language) for name in COLUMNS]


def staff_list(
    rows: pd.DataFrame,
    scores: pd.DataFrame,
    profile: pd.DataFrame | None,
    orders: pd.DataFrame,
    complaints: pd.DataFrame,
    catalogue: Catalogue,
    settings: Settings,
    language: Lang,
) -> pd.DataFrame:
    """The rows of a work list in words.

    Parameters
    ----------
    rows : DataFrame
        `WorkList.rows`.
    scores : DataFrame
        The scores table: stage and summary.
    profile : DataFrame or None
        The customers table: name, phone, email, consent where there.
    orders, complaints : DataFrame
        From `features.customer_facts`.
    catalogue, settings, language
        What strategies are called and ask for; currency and time zone; the language of the list.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, row by row as given. A telephone number or an address is shown where the customer agreed to
        be reached that way, or where the contact is no marketing, such as the answer to a complaint.
    """
    ids = rows["customer_id"].tolist()
    known = scores.drop_duplicates("customer_id").set_index("customer_id").reindex(ids)
    people = _people(profile, ids)
    strategies = [catalogue[code] for code in rows["strategy"]]
    marketing = np.array([item.marketing for item in strategies], dtype=np.bool_)
    told = _orders_told(orders, settings, language)
    waiting = _complaints_told(complaints, scores["as_of"].max() if len(scores) else None, settings, language)
    names = _texts(people, "name")
    stages = known["stage"].tolist() if "stage" in known.columns else [None] * len(ids)
    summary = f"summary_{language}"
    table = {
        "day": rows["due"].to_numpy(),
        "owner": rows["owner"].to_numpy(dtype=object),
        "customer": ids,
        "name": names,
        **{name: _shown(people, name, marketing) for name in REACHED_BY},
        "orders": [told.get(customer) for customer in ids],
        "complaint": [waiting.get(customer) for customer in ids],
        "summary": known[summary].tolist() if summary in known.columns else [None] * len(ids),
        "strategy": [item.name.of(language) for item in strategies],
        "task": [item.description.of(language) for item in strategies],
        "channel": [catalogue.channels[name].name.of(language) for name in rows["channel"]],
        "script": [
            script(item.kind, stage, name, language) if speaks else None
            for item, stage, name, speaks in zip(strategies, stages, names, rows["channel"].isin(CHANNELS), strict=True)
        ],
        **dict.fromkeys(FILLED_IN),
        "code": rows["strategy"].to_numpy(dtype=object),
    }
    return pd.DataFrame(table, columns=list(COLUMNS))


def script(kind: str, stage: object, name: str | None, language: Lang) -> str:
    """The first words to a customer.

    Examples
    --------
    >>> script("recovery", "loyal", None, "zh")
    '您好！给您带来不便，非常抱歉。请您说说情况，我来帮您解决。'
    """
    known = pairs("worklist", "scripts")
    # a customer who is gone is asked for the reason before anything is offered
    chosen = "lost" if stage == "lost" and kind != "recovery" else kind if kind in known else "contact"
    greeting = (
        text("worklist.greeting.named", language, name=name) if name else text("worklist.greeting.unnamed", language)
    )
    return text(f"worklist.scripts.{chosen}", language, greeting=greeting)


def _people(profile: pd.DataFrame | None, ids: list[str]) -> pd.DataFrame:
    if profile is None:
        return pd.DataFrame(index=ids)
    return profile.drop_duplicates("customer_id", keep="last").set_index("customer_id").reindex(ids)


def _texts(people: pd.DataFrame, name: str) -> list[str | None]:
    if name not in people.columns:
        return [None] * len(people)
    return [None if pd.isna(value) or not str(value).strip() else str(value).strip() for value in people[name].tolist()]


def _shown(people: pd.DataFrame, name: str, marketing: NDArray[np.bool_]) -> list[str | None]:
    agreed = may_be_reached(people, name)
    return [
        value if open_to_it else None
        for value, open_to_it in zip(_texts(people, name), agreed | ~marketing, strict=True)
    ]


def _orders_told(orders: pd.DataFrame, settings: Settings, language: Lang) -> dict[str, str]:
    zone, currency = settings.data.timezone, settings.data.currency
    told: dict[str, list[str]] = {}
    for order in orders.to_dict("records"):
        day = formats.day(local_time(order["occurred_at"].to_pydatetime(), zone).date(), language)
        items = _listed(order["items"], language)
        amount = None if pd.isna(order["amount"]) else formats.brief_money(order["amount"], language, currency)
        both = amount is not None and items is not None
        what = text("worklist.order.priced", language, amount=amount, items=items) if both else amount or items
        line = day if what is None else text("worklist.order.line", language, day=day, what=what)
        told.setdefault(order["customer_id"], []).append(line)
    return {customer: "\n".join(lines) for customer, lines in told.items()}


def _listed(items: object, language: Lang) -> str | None:
    if not isinstance(items, list) or not items:
        return None
    listed = text("words.format.list", language).join(map(str, items[:ITEMS_TOLD]))
    if len(items) <= ITEMS_TOLD:
        return listed
    # Chinese counts all of them, English those that are not named
    count = len(items) if language == "zh" else len(items) - ITEMS_TOLD
    return text("worklist.order.more", language, items=listed, count=count)


def _complaints_told(
    complaints: pd.DataFrame, as_of: datetime | None, settings: Settings, language: Lang
) -> dict[str, str]:
    zone = settings.data.timezone
    told: dict[str, list[str]] = {}
    for row in complaints.to_dict("records"):
        moment = row["occurred_at"].to_pydatetime()
        age = (pd.Timestamp(as_of).tz_localize(None) - row["occurred_at"]).days if as_of is not None else 0
        topic = "other" if pd.isna(row["topic"]) else str(row["topic"])
        line = text(
            "worklist.complaint.line",
            language,
            day=formats.day(local_time(moment, zone).date(), language),
            topic=text(f"worklist.topics.{topic}", language),
            age=formats.days(age, language),
        )
        if isinstance(row["text"], str) and row["text"].strip():
            line = text(
                "worklist.complaint.told", language, line=line, text=" ".join(row["text"].split())[:LONGEST_TEXT]
            )
        told.setdefault(row["customer_id"], []).append(line)
    return {customer: "\n".join(lines) for customer, lines in told.items()}


def by_sheet(table: pd.DataFrame, language: Lang) -> Iterable[tuple[str, pd.DataFrame]]:
    """The rows of each owner under a name that a sheet may have; those of nobody in particular last."""
    owners = [None if pd.isna(name) else str(name) for name in table["owner"].tolist()]
    names: list[Any] = sorted({name for name in owners if name is not None})
    if None in owners or not names:
        names.append(None)
    taken: set[str] = {"history"}  # a name that the program keeps for itself
    for name in names:
        part = table[[own == name for own in owners]].reset_index(drop=True)
        yield (
            _sheet_name(name or text(f"worklist.sheets.{'nobody' if len(names) > 1 else 'all'}", language), taken),
            part,
        )


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """A name of at most 31 characters without those that are not allowed, used once whatever its case."""
    plain = "".join("_" if mark in "[]:*?/\\" else mark for mark in wanted).strip("' ") or "_"
    name, place = plain[:31], 1
    while name.casefold() in taken:
        place += 1
        name = f"{plain[:27]} {place}"
    taken.add(name.casefold())
    return name
