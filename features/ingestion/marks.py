"""Currency signs and codes that stand beside a number, and the currencies that each can mean."""

from __future__ import annotations

from collections.abc import Iterable

from features.connection import literal

_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON "
    "RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
)
_DOLLARS = "USD CAD AUD NZD HKD TWD SGD MXN ARS CLP COP BSD BBD BZD BMD BND FJD JMD KYD LRD NAD TTD XCD UYU"
_SIGNS = {
    "¥": "CNY JPY", "CN¥": "CNY", "JP¥": "JPY", "RMB": "CNY", "人民币": "CNY", "元": "CNY TWD HKD MOP", "块": "CNY",
    "円": "JPY", "日元": "JPY", "美元": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD", "港元": "HKD",
    "韩元": "KRW", "新台币": "TWD", "$": _DOLLARS, "US$": "USD", "HK$": "HKD", "NT$": "TWD", "S$": "SGD", "A$": "AUD",
    "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "MX$": "MXN", "R$": "BRL", "€": "EUR",
    "£": "GBP EGP FKP GIP SHP LBP SYP",
    "₹": "INR", "₩": "KRW KPW", "₽": "RUB", "₫": "VND", "฿": "THB", "₺": "TRY", "₴": "UAH", "₦": "NGN", "₱": "PHP",
    "₪": "ILS", "₸": "KZT", "ZŁ": "PLN", "KČ": "CZK", "KR": "SEK NOK DKK ISK", "FT": "HUF", "RM": "MYR", "RP": "IDR",
    "RS": "INR PKR LKR NPR MUR SCR", "RS.": "INR PKR LKR NPR MUR SCR", "FR.": "CHF", "R": "ZAR", "ЛВ": "BGN",
    "CNH": "CNY CNH",
}  # fmt: skip
MEANINGS: dict[str, frozenset[str]] = {
    **{code: frozenset({code}) for code in _CODES.split()},
    **{sign: frozenset(codes.split()) for sign, codes in _SIGNS.items()},
}
"""Sign or code, in capitals → the currencies it can mean."""
MARK = r"RS\.|FR\.|[^-+0-9.,'() ]{1,5}"
"""Regular expression of what may be one."""
_GROUPED = (
    "¥ CN¥ JP¥ RMB 人民币 元 円 $ US$ HK$ NT$ S$ A$ AU$ NZ$ £ ₹ ₩ ฿ ₱ "
    "CNY JPY USD HKD TWD SGD AUD NZD GBP INR KRW THB PHP MYR MXN ILS"
)
GROUPS_BY_COMMA = tuple(_GROUPED.split())
"""Money that is written with decimal points and never in thousandths, so that the comma of `¥1,234` parts thousands."""


def common_currencies(marks: Iterable[str]) -> frozenset[str]:
    """The currencies that all the marks can mean together."""
    meanings = [MEANINGS[mark] for mark in marks]
    return frozenset.intersection(*meanings) if meanings else frozenset()


def contradicts(mark: str, currency: str) -> str:
    """SQL condition: the mark beside the number cannot mean the currency, itself a code or a sign."""
    listed = ", ".join(
        f"{literal(sign)}: [{', '.join(literal(name) for name in sorted(_spellings(codes)))}]"
        for sign, codes in MEANINGS.items()
    )
    return f"NOT coalesce(list_contains(map {{{listed}}}[{mark}], upper(trim({currency}))), false)"


def _spellings(codes: frozenset[str]) -> set[str]:
    """The names by which a currency column may call one of these currencies."""
    return {mark for mark, meant in MEANINGS.items() if meant & codes}
