"""What forbids a strategy for a customer: the catalogue's vetoes, consent, contact caps and earlier attempts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import Settings
from retention.conditions.expressions import Table
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import BUILT_IN_VETOES

Floats = NDArray[np.float64]


def veto_index(catalogue: Catalogue) -> dict[str, int]:
    """Place of every veto in the catalogue."""
    return {veto.code: place for place, veto in enumerate(catalogue.vetoes)}


def vetoes(
    table: Table,
    catalogue: Catalogue,
    channel: NDArray[np.int8],
    channels: tuple[str, ...],
    consented: NDArray[np.bool_],
    contacts: Contacts | None,
    settings: Settings,
) -> NDArray[np.int16]:
    """First veto that forbids, per customer × strategy: 1 + its index in the catalogue, 0 where none does."""
    veto = np.zeros(channel.shape, dtype=np.int16)
    place = veto_index(catalogue)
    general = [item for item in catalogue.vetoes if item.code not in BUILT_IN_VETOES and item.condition is not None]
    general_mask = {item.code: item.condition.holds(table) for item in general if item.condition is not None}
    for column, strategy in enumerate(catalogue.strategies):
        is_contact = strategy.channel == "preferred" or catalogue.channels[strategy.channel].contact

        def forbid(code: str, mask: NDArray[np.bool_], column: int = column) -> None:
            veto[(veto[:, column] == 0) & mask, column] = 1 + place[code]

        for item in general:
            if item.concerns(strategy, contact=is_contact):
                forbid(item.code, general_mask[item.code])
        if strategy.contraindication is not None:
            forbid("contraindicated", strategy.contraindication.holds(table))
        if strategy.marketing:
            forbid("no_consent", ~consented[:, column])
        if contacts is not None:
            if is_contact and strategy.marketing:
                forbid("contact_cap", contacts.lately >= settings.retention.contact_cap)
            used = contacts.by_strategy.get(strategy.code)
            if used is not None:
                forbid("too_recent", used[0] < strategy.every_days)
                if strategy.stop_after is not None:
                    forbid("attempts_used", used[1] >= strategy.stop_after)
    return veto


@dataclass(frozen=True)
class Contacts:
    """Earlier contacts per customer: number lately, and per strategy (days since the last, number in a year)."""

    lately: Floats
    by_strategy: dict[str, tuple[Floats, Floats]]

    @classmethod
    def of(cls, scores: pd.DataFrame, contacts: pd.DataFrame | None, settings: Settings) -> Contacts | None:
        """Count the contacts before each row's `as_of`; customers held out were not contacted."""
        if contacts is None or contacts.empty or "as_of" not in scores.columns:
            return None
        rows = pd.DataFrame(
            {"customer_id": scores["customer_id"].to_numpy(), "as_of": pd.to_datetime(scores["as_of"]).to_numpy()}
        ).assign(row=np.arange(len(scores)))
        if "arm" in contacts.columns:
            contacts = contacts[contacts["arm"] != "held_out"]
        joined = rows.merge(contacts, on="customer_id", how="inner")
        days = (joined["as_of"] - pd.to_datetime(joined["treated_at"])).dt.total_seconds() / 86_400
        joined = joined.assign(days=days)[(days > 0).to_numpy()]
        lately = joined[joined["days"] <= settings.retention.contact_cap_days].groupby("row").size()
        by_strategy: dict[str, tuple[Floats, Floats]] = {}
        if "strategy" in joined.columns:
            for code, part in joined.groupby("strategy"):
                last, number = np.full(len(scores), np.inf), np.zeros(len(scores))
                by_row = part.groupby("row")["days"].min()
                last[by_row.index.to_numpy()] = by_row.to_numpy()
                in_year = part[part["days"] <= 365].groupby("row").size()
                number[in_year.index.to_numpy()] = in_year.to_numpy()
                by_strategy[str(code)] = (last, number)
        count = np.zeros(len(scores))
        count[lately.index.to_numpy()] = lately.to_numpy()
        return cls(count, by_strategy)
