"""Why this strategy, and why not the next one: the selection's decisions in words, zh and en."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from configs.catalogue import LANGUAGES, Lang
from configs.formats import number
from features.specs import TOLD_DRIVERS
from retention.strategies.catalogue import PLACEHOLDERS, Catalogue, placeholders
from retention.strategies.offer import PricedOffers
from retention.wording import format_value, format_values

UNITS: dict[str, str] = {
    "churn": "probability",
    "horizon": "plain",
    "value": "money",
    "spend": "money",
    "orders": "plain",
    "headroom": "money",
    "days": "plain",
    "complaints": "plain",
    "satisfaction": "index",
    "industry": "code",
    "level": "code",
}
"""Unit of every placeholder, for `retention.wording.format_value`; a plain one has its unit in the sentence."""

Pair = tuple[str, str]


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
    currency : str or None
        ISO code shown with money.
    """

    def __init__(self, scores: pd.DataFrame, offer: PricedOffers, catalogue: Catalogue, currency: str | None) -> None:
        self._offer = offer
        self._catalogue = catalogue
        self._currency = currency
        self._scores = scores
        self._drivers = list(TOLD_DRIVERS)
        self._reasons = scores["reasons"].tolist() if "reasons" in scores else [[]] * len(scores)
        self._amounts: dict[tuple[float, Lang], str] = {}
        self._words: dict[tuple[str, Lang], list[str]] = {}
        self._known: dict[str, list[bool]] = {}
        self._needed = [sorted(placeholders(strategy.why.en)) for strategy in offer.strategies]
        self._fixed: dict[tuple[str, int, int], Pair] = {}

    def why(self, row: int, column: int) -> Pair:
        """The strategy's sentence with this customer's figures, then the driver that it answers or builds on."""
        strategy = self._offer.strategies[column]
        names = self._needed[column]
        # never a sentence with a hole: what is unknown falls back to what the strategy is
        whole = all(self._is_known(name)[row] for name in names)
        risk = int(self._offer.risk_driver[row, column])
        strength = int(self._offer.strength_driver[row, column])
        made = []
        for language in LANGUAGES:
            if whole:
                text = strategy.why.of(language).format(**{name: self._word(name, language)[row] for name in names})
            else:
                text = strategy.description.of(language)
            if answered := self._driver(row, risk, strength, language):
                text += ("" if language == "zh" else " ") + answered
            made.append(text)
        return made[0], made[1]

    def why_not_next(self, row: int, column: int, after: int, picked: list[int]) -> Pair:
        """Why the best remaining strategy does not stand here: forbidden, same kind, or worth less."""
        phrases, offer = self._catalogue.phrases, self._offer
        if after < 0:
            return self._once("none", -1, -1, lambda lang: phrases["next_none"].of(lang))
        candidate = offer.strategies[after]
        if veto := int(offer.veto[row, after]):
            reason = self._catalogue.vetoes[veto - 1].text
            return self._once(
                "veto",
                after,
                veto,
                lambda lang: (
                    phrases["next_vetoed"].of(lang).format(name=candidate.name.of(lang), reason=reason.of(lang))
                ),
            )
        same = next((other for other in picked if offer.strategies[other].kind == candidate.kind), -1)
        if same >= 0:
            other = offer.strategies[same].name
            return self._once(
                "kind",
                after,
                same,
                lambda lang: (
                    phrases["next_same_kind"].of(lang).format(name=candidate.name.of(lang), other=other.of(lang))
                ),
            )
        if offer.strategies[column].duty and not candidate.duty:
            return self._once(
                "duty", after, -1, lambda lang: phrases["next_duty"].of(lang).format(name=candidate.name.of(lang))
            )
        if not offer.priced[row]:
            return self._once(
                "less",
                after,
                -1,
                lambda lang: phrases["next_less_unpriced"].of(lang).format(name=candidate.name.of(lang)),
            )
        profits = float(offer.profit[row, after]), float(offer.profit[row, column])
        made = []
        for language in LANGUAGES:
            amount, own = (self._money(profit, language) for profit in profits)
            made.append(
                phrases["next_less"].of(language).format(name=candidate.name.of(language), amount=amount, own=own)
            )
        return made[0], made[1]

    def _money(self, amount: float, language: Lang) -> str:
        # what is shown has two decimals at most, so many customers share a text
        key = (round(amount) if abs(amount) >= 1_000 else round(amount, 2), language)
        if key not in self._amounts:
            self._amounts[key] = format_value(amount, "money", language, self._currency)
        return self._amounts[key]

    def _once(self, what: str, first: int, second: int, make: Callable[[Lang], str]) -> Pair:
        key = (what, first, second)
        if key not in self._fixed:
            self._fixed[key] = (make("en"), make("zh"))
        return self._fixed[key]

    def _driver(self, row: int, risk: int, strength: int, language: Lang) -> str:
        """The reason that the strategy answers or builds on, in the words that the customer's reasons tell it in."""
        for place, direction, phrase in ((risk, "raises", "answers"), (strength, "lowers", "builds_on")):
            told = self._told(row, self._drivers[place], direction, language) if place >= 0 else ""
            if told:
                return self._catalogue.phrases[phrase].of(language).format(reason=told)
        return ""

    def _told(self, row: int, driver: str, direction: str, language: Lang) -> str:
        for reason in self._reasons[row]:
            if reason["driver"] == driver and reason["direction"] == direction and reason["facts"]:
                return str(reason[f"text_{language}"])
        return ""

    def _is_known(self, name: str) -> list[bool]:
        if name not in self._known:
            column = PLACEHOLDERS[name]
            if column not in self._scores.columns:
                known = pd.Series(False, index=self._scores.index)
            elif name == "headroom":  # "similar customers spend nothing more" is no reason
                known = self._scores[column] > 0
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
