"""Numbers, shares, money and days as readers of a language write them, by the CLDR through Babel.

Everything that people read goes through here; files for machines (CSV, JSON) keep plain numbers. A moment that may be
typed again, like the one after `--as-of`, stays in ISO form (`configs.timestamps.format_moment`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType

from babel import Locale
from babel.dates import DateTimePattern
from babel.dates import parse_pattern as parse_date_pattern
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    get_currency_precision,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    parse_pattern,
)
from babel.units import format_unit

UNKNOWN = "–"
"""What stands for a figure that is not known."""
LOCALES: Mapping[str, str] = MappingProxyType({"en": "en", "zh": "zh_Hans_CN"})
"""Locale of each language; any other reads English."""
# English readers live on both sides of the Atlantic: the day comes first, and the month is a word
_DAY = {"en": "d MMM y", "zh": "y年M月d日"}
_DAY_OF_YEAR = {"en": "d MMM", "zh": "M月d日"}
_MONTH = {"en": "MMM y", "zh": "y年M月"}
_LARGE = Decimal(10) ** 9
_COMPACT_DIGITS = 2

Numeric = int | float | Decimal


def number(value: Numeric | None, lang: str, digits: int = 0, *, least: int | None = None, signed: bool = False) -> str:
    """A number with its thousands apart.

    Parameters
    ----------
    value : number or None
        None and NaN give a dash.
    lang : {"en", "zh"}
        Language.
    digits : int
        Decimals; halves go to the even neighbour.
    least : int, optional
        Decimals that stay although they are zero; all of them if not given.
    signed : bool
        Whether a positive number has a plus; zero never has a sign.

    Examples
    --------
    >>> number(1234567.8, "en"), number(2.5, "zh", 2, least=0), number(0.3, "en", 1, signed=True)
    ('1,234,568', '2.5', '+0.3')
    """
    return _applied("decimal", value, lang, digits, least, signed)


def percent(
    value: Numeric | None, lang: str, digits: int = 0, *, least: int | None = None, signed: bool = False
) -> str:
    """A share of one in per cent; arguments as for `number`.

    Examples
    --------
    >>> percent(0.4321, "en"), percent(0.051, "zh", 1, signed=True)
    ('43%', '+5.1%')
    """
    return _applied("percent", value, lang, digits, least, signed)


def money(
    value: Numeric | None, lang: str, currency: str | None = None, digits: int = 0, *, signed: bool = False
) -> str:
    """An amount with the currency as the language writes it, or a bare number where the currency is not known.

    A currency without small change (the yen) has no decimals, whatever `digits` says.

    Examples
    --------
    >>> money(1234.5, "en", "CNY"), money(1234.5, "zh", "CNY"), money(1234.5, "en", None, 2)
    ('CN¥1,234', '¥1,234', '1,234.50')
    """
    if not currency:
        return number(value, lang, digits, signed=signed)
    digits = min(digits, get_currency_precision(currency))
    return _applied("currency", value, lang, digits, None, signed, currency)


def brief_number(value: Numeric | None, lang: str, *, signed: bool = False) -> str:
    """A number with as many figures as a reader needs: three or so, and a word from a thousand million up.

    Examples
    --------
    >>> [brief_number(value, "en") for value in (0.034, 3.14159, 365.4, 1.5e9)], brief_number(1.5e9, "zh")
    (['0.03', '3.1', '365', '1.5B'], '15亿')
    """
    exact = _decimal(value)
    if exact is None or not exact.is_finite():
        return number(value, lang)
    size = abs(exact)
    if size >= _LARGE:
        return _compact(exact, lang, None, signed)
    return number(value, lang, 0 if size >= 100 else 1 if size >= 1 else 2, least=0, signed=signed)


def brief_money(value: Numeric | None, lang: str, currency: str | None = None, *, signed: bool = False) -> str:
    """An amount as a reader needs it: whole from 100 up, a word from a thousand million up, else with small change.

    Examples
    --------
    >>> brief_money(45.5, "en", "CHF"), brief_money(12345.6, "zh", "CNY"), brief_money(1.5e9, "en", "GBP")
    ('CHF\\xa045.50', '¥12,346', '£1.5B')
    """
    exact = _decimal(value)
    if exact is None or not exact.is_finite():
        return money(value, lang, currency)
    if abs(exact) >= _LARGE:
        return _compact(exact, lang, currency, signed)
    return money(value, lang, currency, 0 if abs(exact) >= 100 else 2, signed=signed)


def day(value: date | None, lang: str) -> str:
    """A day of the calendar.

    Examples
    --------
    >>> day(date(2011, 9, 10), "en"), day(date(2011, 9, 10), "zh")
    ('10 Sep 2011', '2011年9月10日')
    """
    return _date(value, lang, _DAY)


def day_of_year(value: date | None, lang: str) -> str:
    """A day of the year that is spoken of.

    Examples
    --------
    >>> day_of_year(date(2011, 9, 10), "en"), day_of_year(date(2011, 9, 10), "zh")
    ('10 Sep', '9月10日')
    """
    return _date(value, lang, _DAY_OF_YEAR)


def month(value: date | None, lang: str) -> str:
    """A month of a year.

    Examples
    --------
    >>> month(date(2011, 9, 10), "en"), month(date(2011, 9, 10), "zh")
    ('Sep 2011', '2011年9月')
    """
    return _date(value, lang, _MONTH)


def _date(value: date | None, lang: str, forms: Mapping[str, str]) -> str:
    return UNKNOWN if value is None else _date_pattern(_in(lang, forms)).apply(value, _locale(lang))


def days(value: Numeric | None, lang: str) -> str:
    """A span of days with its word, in the number that the language asks for.

    Examples
    --------
    >>> days(1, "en"), days(12.34, "en"), days(1200, "zh")
    ('1 day', '12.3 days', '1,200天')
    """
    exact = _decimal(value)
    if exact is None or not exact.is_finite():
        return number(value, lang)
    rounded = round(exact, 0 if abs(exact) >= 100 else 1)
    # one decides on the word by the figure that is shown: 1.02 is "1 day"
    count = int(rounded) if rounded == rounded.to_integral_value() else rounded
    return format_unit(count, "duration-day", locale=_locale(lang))


def _compact(value: Decimal, lang: str, currency: str | None, signed: bool) -> str:
    plus = "+" if signed and value > 0 else ""
    if not currency:
        return plus + format_compact_decimal(value, locale=_locale(lang), fraction_digits=_COMPACT_DIGITS)
    made = format_compact_currency(value, currency, locale=_locale(lang), fraction_digits=_COMPACT_DIGITS)
    return plus + _spaced(made, currency, lang)


@lru_cache(maxsize=1 << 16)
def _applied(
    kind: str,
    value: Numeric | None,
    lang: str,
    digits: int,
    least: int | None,
    signed: bool,
    currency: str | None = None,
) -> str:
    exact = _decimal(value)
    if exact is None:
        return UNKNOWN
    if exact.is_infinite():
        return "∞" if exact > 0 else "-∞"
    figures = f"{exact.scaleb(2) if kind == 'percent' else exact:,.{digits}f}"
    is_zero = not figures.strip("-0.,")  # what is shown as zero has no sign
    sign = 0 if is_zero else -1 if exact < 0 else 1
    if least is not None and least < digits:
        whole, _, fraction = figures.partition(".")
        fraction = fraction[:least] + fraction[least:].rstrip("0")
        figures = f"{whole}.{fraction}" if fraction else whole
    before, after, marks = _frame(kind, lang, sign if signed or sign < 0 else 0, currency)
    return f"{before}{figures.lstrip('-').translate(marks)}{after}"


@cache
def _frame(kind: str, lang: str, sign: int, currency: str | None) -> tuple[str, str, Mapping[int, str]]:
    """What the CLDR puts before and after the figures, and its marks for thousands and decimals.

    Babel takes ten to thirty microseconds for a number, and a run of many customers writes millions of them; so it is
    asked once per form, for one figure.
    """
    locale = _locale(lang)
    known = {
        "decimal": locale.decimal_formats[None],
        "percent": locale.percent_formats[None],
        "currency": locale.currency_formats["standard"],
    }
    form = re.sub(r"0(\.[0#]+)?", "0", known[kind].pattern.split(";")[0], count=1)
    pattern = parse_pattern(f"+{form};-{form}" if sign > 0 else form)
    probe = Decimal(-7 if sign < 0 else 7).scaleb(-2 if kind == "percent" else 0)
    made = pattern.apply(probe, locale, currency=currency, currency_digits=False)
    before, _, after = (_spaced(made, currency, lang) if currency else made).partition("7")
    marks = {",": get_group_symbol(locale), ".": get_decimal_symbol(locale)}
    return before, after, str.maketrans(marks)


def _decimal(value: Numeric | None) -> Decimal | None:
    if value is None:
        return None
    # by its shortest decimal form: 2.675 rounds as it reads, not as the binary number just below it
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return None if exact.is_nan() else exact


def _spaced(made: str, currency: str, lang: str) -> str:
    """A space between letters and figures, as the CLDR asks for (Babel leaves it out)."""
    symbol = get_currency_symbol(currency, _locale(lang))
    return re.sub(rf"({re.escape(symbol)})(?=\d)", "\\1\u00a0", made) if symbol[-1:].isalpha() else made


def _in(lang: str, forms: Mapping[str, str]) -> str:
    return forms.get(lang, forms["en"])


@cache
def _locale(lang: str) -> Locale:
    return Locale.parse(_in(lang, LOCALES))


@cache
def _date_pattern(form: str) -> DateTimePattern:
    return parse_date_pattern(form)
