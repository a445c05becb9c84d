"""Why this strategy, and why not the next one: the selection's decisions in words, zh and en."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from datetime import time as clock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES, Lang
from configs.formats import number
from configs.settings import Settings
from configs.timestamps import local_time
from features.specs import TOLD_DRIVERS
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import PLACEHOLDERS, Text, placeholders
from retention.strategies.offer import PricedOffers
from retention.wording import format_date, format_value, format_values

Floats = NDArray[np.float64]

UNITS: dict[str, str] = {
    "churn": "probability",
    "horizon": "plain",
    "value": "money",
    "spend": "money",
    "orders": "plain",
    "headroom": "money",
    "days": "plain",
    "complaints": "plain",
    "complaint_days": "plain",
    "satisfaction": "index",
    "industry": "code",
    "level": "code",
}
"""Unit of every placeholder, for `retention.wording.format_value`; a plain one has its unit in the sentence."""

SHOWN_ABOVE_ZERO = {"headroom": 0.0, "orders": 0.05, "spend": 0.005, "value": 0.005}
"""Figures that are no reason where they are told as zero: "similar customers spend nothing more", "0.0 orders"."""

Pair = tuple[str, str]


def local_days(scores: pd.DataFrame, timezone: str) -> list[datetime | None]:
    """The business day that every row speaks of, as its midnight; None without `as_of`."""
    if "as_of" not in scores.columns:
        return [None] * len(scores)
    moments = pd.to_datetime(scores["as_of"])
    days = {
        moment: datetime.combine(local_time(moment.to_pydatetime(), timezone), clock.min) for moment in moments.unique()
    }
    return [days[moment] for moment in moments.tolist()]


def days_later(today: list[datetime | None], days: Floats) -> list[datetime | None]:
    """The day so many days after each; None where the number is NaN."""
    return [_day(day, more) if more == more else None for day, more in zip(today, days.tolist(), strict=True)]


def _day(today: datetime | None, days: float) -> datetime | None:
    return None if today is None else today + timedelta(days=math.floor(days))


class StrategyWriter:
    """Sentences for one table of scores; every answer is a pair (en, zh).

    Parameters
    ----------
    scores : DataFrame
        The scores table that was priced.
    offer : PricedOffers
        What `price_strategies` returned for it.
    catalogue : Catalogue
        Holds names, reasons and phrases.
    settings : Settings
        Currency shown with money, and zone of the business's days.
    """

    def __init__(self, scores: pd.DataFrame, offer: PricedOffers, catalogue: Catalogue, settings: Settings) -> None:
        self._offer = offer
        self._catalogue = catalogue
        self._currency = settings.data.currency
        self._today = local_days(scores, settings.data.timezone)
        self._scores = scores
        self._drivers = list(TOLD_DRIVERS)
        self._reasons = scores["reasons"].tolist() if "reasons" in scores else [[]] * len(scores)
        self._amounts: dict[tuple[float, Lang], str] = {}
        self._words: dict[tuple[str, Lang], list[str]] = {}
        self._known: dict[str, list[bool]] = {}
        self._needed = [sorted(placeholders(strategy.why.en)) for strategy in offer.strategies]
        self._fixed: dict[tuple[str, ...], Pair] = {}

    def why(self, row: int, column: int) -> Pair:
        """The reason it answers or builds on and what it is; without one, the strategy's own sentence with figures."""
        strategy = self._offer.strategies[column]
        names = self._needed[column]
        # never a sentence with a hole: what is unknown falls back to what the strategy is
        whole = all(self._is_known(name)[row] for name in names)
        made = []
        for language in LANGUAGES:
            action = strategy.description.of(language)
            if reason := "" if strategy.duty else self._reason(row, column, language):
                text = self._catalogue.phrases["answers"].of(language).format(reason=reason, action=action)
            elif whole:
                text = strategy.why.of(language).format(**{name: self._word(name, language)[row] for name in names})
            else:
                text = action
            parts = (text, self._when(row, column, language))
            made.append(("" if language == "zh" else " ").join(part for part in parts if part))
        return made[0], made[1]

    def _when(self, row: int, column: int, language: Lang) -> str:
        """By when it is to be done, and which step it is."""
        phrases, offer = self._catalogue.phrases, self._offer
        left, step = float(offer.left[row, column]), int(offer.step[row, column])
        if not math.isnan(left):
            day = _day(self._today[row], left)
            return phrases["due_by" if left >= 0 else "overdue"].of(language).format(date=format_date(day, language))
        if step:
            wait = float(offer.wait[row, column])
            fields: dict[str, Any] = {"step": step, "steps": int(offer.steps[row, column])}
            if wait > 0:
                fields["date"] = format_date(_day(self._today[row], wait), language)
            return phrases["step_waits" if wait > 0 else "step"].of(language).format(**fields)
        return ""

    def why_not_next(self, row: int, column: int, after: int, picked: list[int]) -> Pair:
        """Why the best remaining strategy does not stand here: forbidden, same kind, fits less, or worth less."""
        offer = self._offer
        if after < 0:
            return self._once("next_none")
        candidate = offer.strategies[after]
        if veto := int(offer.veto[row, after]):
            return self._once("next_vetoed", name=candidate.name, reason=self._catalogue.vetoes[veto - 1].text)
        alike = next((other for other in picked if offer.strategies[other].kind == candidate.kind), None)
        if alike is not None:
            return self._once("next_same_kind", name=candidate.name, other=offer.strategies[alike].name)
        if offer.strategies[column].duty and not candidate.duty:
            return self._once("next_duty", name=candidate.name)
        fits, own_fit = offer.fit[row, after], offer.fit[row, column]
        if fits < own_fit:
            return self._once("next_fits_less", name=candidate.name)
        if fits > own_fit:
            first = next(other for other in picked if offer.fit[row, other] == fits)
            return self._once("next_same_reason", name=candidate.name, other=offer.strategies[first].name)
        if not offer.priced[row]:
            return self._once("next_less_unpriced", name=candidate.name)
        if 0 in (offer.evidence[row, after], offer.evidence[row, column]):
            return self._once("next_less_unmeasured", name=candidate.name)
        profits = float(offer.profit[row, after]), float(offer.profit[row, column])
        made = []
        for language in LANGUAGES:
            amount, own = (self._money(profit, language) for profit in profits)
            words = self._catalogue.phrases["next_less"].of(language)
            made.append(words.format(name=candidate.name.of(language), amount=amount, own=own))
        return made[0], made[1]

    def _money(self, amount: float, language: Lang) -> str:
        # what is shown has two decimals at most, so many customers share a text
        key = (round(amount) if abs(amount) >= 1_000 else round(amount, 2), language)
        if key not in self._amounts:
            self._amounts[key] = format_value(amount, "money", language, self._currency)
        return self._amounts[key]

    def _once(self, phrase: str, **fields: Text) -> Pair:
        """A phrase filled with texts of the catalogue; made once, for many customers share it."""
        key = (phrase, *(text.en for text in fields.values()))
        if key not in self._fixed:
            words = self._catalogue.phrases[phrase]
            en, zh = (
                words.of(lang).format(**{name: text.of(lang) for name, text in fields.items()}) for lang in LANGUAGES
            )
            self._fixed[key] = (en, zh)
        return self._fixed[key]

    def _reason(self, row: int, column: int, language: Lang) -> str:
        """The reason that the strategy answers or builds on, in the words that the customer's reasons tell it in."""
        place = int(self._offer.driver[row, column])
        for reason in self._reasons[row] if place >= 0 else ():
            if reason["driver"] == self._drivers[place] and reason["facts"]:
                return str(reason[f"text_{language}"])
        return ""

    def _is_known(self, name: str) -> list[bool]:
        if name not in self._known:
            column = PLACEHOLDERS[name]
            if column not in self._scores.columns:
                known = pd.Series(False, index=self._scores.index)
            elif name in SHOWN_ABOVE_ZERO:
                known = self._scores[column] > SHOWN_ABOVE_ZERO[name]
            else:
                known = self._scores[column].notna()
            self._known[name] = known.tolist()
        return self._known[name]

    def _word(self, name: str, language: Lang) -> list[str]:
        key = (name, language)
        if key not in self._words:
            column = self._scores[PLACEHOLDERS[name]]
            if UNITS[name] == "plain":
                digits = 1 if name == "orders" else 0
                self._words[key] = [number(value, language, digits) for value in column.astype("float64").tolist()]
            else:
                self._words[key] = format_values(column.tolist(), UNITS[name], language, self._currency)
        return self._words[key]
