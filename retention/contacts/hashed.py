"""E-mail addresses and telephone numbers as advertising platforms match them: normalised, then hashed.

Google Ads (Customer Match) and Meta (custom audiences) both take the SHA-256 of an address in lower case without blanks
around it, as lower-case hexadecimal digits. Google takes that of the number in E.164 with its plus sign, which stands
here as `phone_sha256`; Meta that of the same digits without the plus sign, `phone_digits_sha256`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import pandas as pd

from configs.errors import DataError
from retention.conditions.consent import REACHED_BY, may_be_reached

COLUMNS = ("email_sha256", "phone_sha256", "phone_digits_sha256")
"""Columns of a hashed audience."""
_DIGITS = range(8, 16)  # E.164: at most 15, and no subscriber number with its country is shorter
_EXTENSION = re.compile(r"(?i)\s*(?:ext\.?|x|#|转|分机)\s*\d+$")


def normal_email(value: object) -> str | None:
    """An address as it is hashed, None for what is none.

    Examples
    --------
    >>> normal_email("  Ann.Lee@Example.COM "), normal_email("ann at example"), normal_email(None)
    ('ann.lee@example.com', None, None)
    """
    if value is None or value is pd.NA or value != value:
        return None
    text = unicodedata.normalize("NFKC", str(value)).strip().lower()
    return text if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) else None


def normal_phone(value: object, calling_code: str | None = None) -> str | None:
    """A number in E.164, ``+8613800138000``; None for what is none or names no country.

    Parameters
    ----------
    value : object
        As people write it, with blanks, brackets and hyphens.
    calling_code : str, optional
        Digits of the country of numbers that name none; a zero before such a number is a trunk prefix and goes.

    Examples
    --------
    >>> normal_phone("+44 (0)7700 900-123"), normal_phone("0044 7700 900123"), normal_phone("138 0013 8000", "86")
    ('+447700900123', '+447700900123', '+8613800138000')
    >>> normal_phone("138 0013 8000"), normal_phone("07700 900123", "44"), normal_phone("none")
    (None, '+447700900123', None)
    """
    if value is None or value is pd.NA or value != value:
        return None
    text = _EXTENSION.sub("", unicodedata.normalize("NFKC", str(value)).strip())
    plain = re.sub(r"[\s().\-/]", "", text.replace("(0)", "") if text.startswith(("+", "00")) else text)
    if re.fullmatch(r"\+?\d+", plain) is None:
        return None
    if plain.startswith("+"):
        digits = plain[1:]
    elif plain.startswith("00"):
        digits = plain[2:]
    elif calling_code is not None:
        digits = calling_code + plain.removeprefix("0")
    else:
        return None
    return f"+{digits}" if len(digits) in _DIGITS and not digits.startswith("0") else None


def sha256(text: str | None) -> str | None:
    """The hash of a text as lower-case hexadecimal digits; None of nothing."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Hashes:
    """What a hashed audience is made of.

    Attributes
    ----------
    calling_code : str or None
        Digits of the country of telephone numbers that name none.
    """

    calling_code: str | None = None

    def of(self, profile: pd.DataFrame | None, customers: list[str]) -> pd.DataFrame:
        """The hashes of some customers, in their order; each only where they agreed to be reached so.

        Raises
        ------
        DataError
            The customers table has neither addresses nor numbers.
        """
        if profile is None or not REACHED_BY.keys() & set(profile.columns):
            raise DataError("nothing_to_hash", field="email")
        known = profile.drop_duplicates("customer_id", keep="last").set_index("customer_id").reindex(customers)
        given = {
            name: known[name].where(may_be_reached(known, name), None).tolist()
            if name in known.columns
            else [None] * len(known)
            for name in REACHED_BY
        }
        phones = [normal_phone(value, self.calling_code) for value in given["phone"]]
        columns = (
            [sha256(normal_email(value)) for value in given["email"]],
            [sha256(phone) for phone in phones],
            [sha256(None if phone is None else phone[1:]) for phone in phones],
        )
        return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), dtype="object")
