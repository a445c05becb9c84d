"""What readers see of numbers, shares, money and days: both languages, the edges of rounding, and the cost of it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from babel.numbers import format_currency, format_decimal, format_percent

from configs import formats
from configs.catalogue import LANGUAGES

NBSP = "\u00a0"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0, 0, "0"), (-0.0, 2, "0.00"), (-0.004, 2, "0.00"), (0.5, 0, "0"), (1.5, 0, "2"), (2.5, 0, "2"),
        (-1234567.8, 0, "-1,234,568"), (2.675, 2, "2.68"), (Decimal("0.125"), 2, "0.12"), (999.995, 2, "1,000.00"),
        (10**18, 0, "1,000,000,000,000,000,000"), (None, 1, "–"), (float("nan"), 1, "–"),
        (float("inf"), 1, "∞"), (float("-inf"), 1, "-∞"), (np.float64(12.5), 1, "12.5"), (np.int64(7), 0, "7"),
    ],
)  # fmt: skip
def test_numbers(value: Any, digits: int, shown: str, lang: str) -> None:
    assert formats.number(value, lang, digits) == shown


@pytest.mark.parametrize("lang", LANGUAGES)
def test_decimals_that_say_nothing_may_go(lang: str) -> None:
    assert [formats.number(value, lang, 2, least=0) for value in (3.0, 0.5, 0.25)] == ["3", "0.5", "0.25"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_signs(lang: str) -> None:
    signed = [formats.number(value, lang, 1, signed=True) for value in (0.3, -0.3, 0, 0.04, -0.04)]
    assert signed == ["+0.3", "-0.3", "0.0", "0.0", "0.0"]
    assert formats.percent(0.0004, lang, signed=True) == "0%"
    assert formats.money(-1234.5, lang, "EUR", 2, signed=True) == "-€1,234.50"
    assert formats.money(1234.5, lang, "EUR", 2, signed=True) == "+€1,234.50"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(0.4321, 0, "43%"), (0.005, 0, "0%"), (0.015, 0, "2%"), (-0.051, 1, "-5.1%"), (12.0, 0, "1,200%"), (None, 0, "–")],
)
def test_shares(value: float | None, digits: int, shown: str, lang: str) -> None:
    assert formats.percent(value, lang, digits) == shown


@pytest.mark.parametrize(
    ("value", "currency", "digits", "en", "zh"),
    [
        (12345.6, "CNY", 0, "CN¥12,346", "¥12,346"),
        (-45.5, "CNY", 2, "-CN¥45.50", "-¥45.50"),
        (45.5, "USD", 2, "$45.50", "US$45.50"),
        (0, "GBP", 0, "£0", "£0"),
        (1234.5, "CHF", 2, f"CHF{NBSP}1,234.50", f"CHF{NBSP}1,234.50"),
        (1234.5, "QQQ", 2, f"QQQ{NBSP}1,234.50", f"QQQ{NBSP}1,234.50"),
        (1234.4, "JPY", 2, "¥1,234", "JP¥1,234"),
        (1234.5, None, 2, "1,234.50", "1,234.50"),
        (None, "EUR", 0, "–", "–"),
    ],
)
def test_money(value: float | None, currency: str | None, digits: int, en: str, zh: str) -> None:
    assert (formats.money(value, "en", currency, digits), formats.money(value, "zh", currency, digits)) == (en, zh)


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (0, "$0.00", "US$0.00"), (99.99, "$99.99", "US$99.99"), (100, "$100", "US$100"),
        (999_999_999, "$999,999,999", "US$999,999,999"), (1.5e9, "$1.5B", "US$15亿"),
        (-1.234e9, "-$1.23B", "-US$12.34亿"), (float("nan"), "–", "–"),
    ],
)  # fmt: skip
def test_as_much_of_an_amount_as_a_reader_needs(value: float, en: str, zh: str) -> None:
    assert (formats.brief_money(value, "en", "USD"), formats.brief_money(value, "zh", "USD")) == (en, zh)


def test_large_numbers_are_words() -> None:
    assert formats.brief_number(1.5e9, "en", signed=True) == "+1.5B"
    assert formats.brief_number(-1.5e12, "zh") == "-1.5万亿"
    assert formats.brief_money(2.5e9, "en", "CHF") == f"CHF{NBSP}2.5B"
    assert formats.brief_money(2.5e9, "en") == "2.5B"


def test_days_of_the_calendar_and_spans_of_days() -> None:
    moment = datetime(2011, 9, 10, 23, 59)
    assert (formats.day(moment, "en"), formats.day(moment.date(), "zh")) == ("10 Sep 2011", "2011年9月10日")
    assert (formats.month(date(2024, 2, 29), "en"), formats.month(date(2024, 2, 29), "zh")) == ("Feb 2024", "2024年2月")
    assert formats.day(None, "en") == formats.month(None, "zh") == formats.days(None, "en") == "–"
    assert [formats.days(value, "en") for value in (0, 1, 1.02, 1.1, 2, 365.4)] == [
        "0 days", "1 day", "1 day", "1.1 days", "2 days", "365 days",
    ]  # fmt: skip
    assert [formats.days(value, "zh") for value in (1, 1.5, 1200)] == ["1天", "1.5天", "1,200天"]


def test_another_language_reads_english() -> None:
    assert formats.day(date(2024, 5, 31), "de") == "31 May 2024"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_numbers_are_those_of_babel(lang: str) -> None:
    rng = np.random.default_rng(11)
    locale = formats.LOCALES[lang]
    values = [round(float(value), 4) for scale in (0.1, 1, 1e3, 1e7) for value in rng.normal(0, scale, 100)]
    for value in [value for value in values if abs(value) >= 0.05]:
        assert formats.number(value, lang, 1) == format_decimal(value, "#,##0.0", locale)
        assert formats.percent(value, lang, 1) == format_percent(value, "#,##0.0%", locale)
        assert formats.money(value, lang, "CNY", 2) == format_currency(value, "CNY", locale=locale)
