"""Figures as people say them: 51 days, about 11 days, nearly every day, 3 orders, USD 1,090, 2.4万元.

A figure is rounded once, by `as_shown`, and both the sentence and the question whether two figures differ go by the
rounded one: nothing is compared with an equal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs import formats
from configs.catalogue import Lang, section
from retention.profile.attributes import Floats

Style = str
"""`span` (51 days), `ago` (3 days ago), `every` (every 11 days), `money`, `percent`, `score`, `hundred` (31 of 100), or
a noun of `reasons.nouns`."""

MONTH, YEAR = 365.25 / 12, 365.25
MONTHS_FROM = 120.0
"""Days from which a span is told in months."""
YEARS_FROM = 2 * YEAR
"""Days from which a span is told in years."""


def as_shown(values: Floats, style: Style) -> Floats:
    """Values as rounded as the sentence shows them, in the unit of the values; shape (n,).

    Examples
    --------
    >>> as_shown(np.array([51.4, 427.0, 1.2]), "span").round(1).tolist()
    [51.0, 426.1, 1.0]
    >>> as_shown(np.array([1093.7, 0.184]), "money").tolist()
    [1090.0, 0.18]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if style in ("span", "ago", "every"):
            days = np.rint(values)
            if style == "every":
                days = np.where(days < 2, 1.0, days)  # nearly every day
            months = np.rint(values / MONTH) * MONTH
            years = np.rint(values / YEAR) * YEAR
            return np.asarray(np.where(values < MONTHS_FROM, days, np.where(values < YEARS_FROM, months, years)))
        if style == "money":
            digits = np.where(values == 0, 0, np.floor(np.log10(np.abs(np.where(values == 0, 1.0, values)))))
            step = np.power(10.0, np.maximum(digits - 2, -2))
            return np.asarray(np.where(values == 0, 0.0, np.round(np.rint(values / step) * step, 2)))
        if style in ("percent", "hundred"):
            return np.asarray(np.rint(values * 100.0) / 100.0)
        if style == "score":
            return np.asarray(np.round(values, 1))
        return np.asarray(np.rint(values))


def worded(
    values: Floats, style: Style, lang: Lang, currency: str | None = None, *, reference: bool = False
) -> list[str]:
    """Values in words, shape (n,); equal figures are worded once.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN gives an empty text.
    style : str
        How they are said.
    lang : {"en", "zh"}
    currency : str, optional
        ISO code of money.
    reference : bool
        Whether the figure is what another is compared with: English then leaves the noun out.

    Examples
    --------
    >>> worded(np.array([51.0, 1.0]), "span", "en"), worded(np.array([10.6]), "every", "zh")
    (['51 days', '1 day'], ['约11天一单'])
    >>> worded(np.array([24_310.0]), "money", "zh", "CNY"), worded(np.array([1093.7]), "money", "en", "USD")
    (['2.43万元'], ['$1,090'])
    >>> worded(np.array([0.0, 1.0, 3.0]), "ago", "en")
    ['today', 'yesterday', '3 days ago']
    """
    codes, distinct = pd.factorize(as_shown(values, style), use_na_sentinel=True)
    say = _speaker(style, lang, currency, reference)
    made = [say(float(value)) for value in distinct.tolist()]
    made.append("")
    return [made[code] for code in codes.tolist()]


def _speaker(style: Style, lang: Lang, currency: str | None, reference: bool) -> Callable[[float], str]:
    words = section("reasons", lang)["figures"]
    nouns = {"none": words["none"], **section("reasons", lang)["nouns"].get(style, {})}

    def span(days: float) -> str:
        if days < MONTHS_FROM:
            return _counted(words, lang, "day", "days", days)
        if days < YEARS_FROM:
            return _counted(words, lang, "month", "months", round(days / MONTH))
        return _counted(words, lang, "year", "years", round(days / YEAR))

    def ago(days: float) -> str:
        return str(words["today" if days < 1 else "yesterday"]) if days < 2 else words["ago"].format(span=span(days))

    def every(days: float) -> str:
        return str(words["every_day"]) if days < 2 else words["every"].format(span=span(days))

    def count(number: float) -> str:
        if reference:
            return str(nouns["beside" if number else "none"]).format(number=formats.number(number, lang))
        return str(nouns["zero" if number == 0 else "one" if number == 1 else "many"]).format(
            number=formats.number(number, lang)
        )

    spoken: dict[Style, Callable[[float], str]] = {
        "span": span,
        "ago": ago,
        "every": every,
        "money": lambda amount: money_words(amount, lang, currency),
        "percent": lambda share: formats.percent(share, lang),
        "hundred": lambda share: words["hundred"].format(number=formats.number(share * 100, lang)),
        "score": lambda score: words["score"].format(number=formats.number(score, lang, 1, least=0)),
    }
    return spoken.get(style, count)


def _counted(words: dict[str, str], lang: Lang, one: str, many: str, number: float) -> str:
    return words[one if number == 1 else many].format(number=formats.number(number, lang))


def money_words(amount: float, lang: Lang, currency: str | None) -> str:
    """An amount that is rounded already, as people write it: yuan in words, other money as the language writes it.

    Examples
    --------
    >>> money_words(80.0, "zh", "CNY"), money_words(24_300.0, "zh", "CNY"), money_words(45.5, "en", "USD")
    ('80元', '2.43万元', '$45.50')
    """
    words = section("reasons", lang)["figures"]
    whole = amount == int(amount)
    if lang == "zh" and currency == "CNY":
        if abs(amount) >= 10_000:
            return str(words["ten_thousand_yuan"].format(number=formats.number(amount / 10_000, lang, 2, least=0)))
        return str(words["yuan"].format(number=formats.number(amount, lang, 0 if whole else 2)))
    return formats.money(amount, lang, currency, 0 if whole else 2)


def dates(values: NDArray[np.datetime64], as_of: pd.Timestamp, lang: Lang) -> list[str]:
    """Days of events; the year is said where it is not the year of `as_of`.

    Examples
    --------
    >>> dates(np.array(["2011-05-03", "2010-12-24"], dtype="datetime64[D]"), pd.Timestamp("2011-06-01"), "en")
    ['3 May', '24 Dec 2010']
    """
    codes, distinct = pd.factorize(values.astype("datetime64[D]"), use_na_sentinel=True)
    days = [pd.Timestamp(value).date() for value in distinct]
    made = [(formats.day_of_year if day.year == as_of.year else formats.day)(day, lang) for day in days]
    made.append("")
    return [made[code] for code in codes.tolist()]
