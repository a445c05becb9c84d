"""What gives the data their meaning: the settings by which rows are read, without where the rows are."""

from __future__ import annotations

import hashlib

from configs.files import json_bytes
from configs.settings import DataSettings

PLACES = ("path", "url", "format", "last_line_complete")
LIMITS = ("future_after", "max_refused_share", "max_null_customer_share", "mapping")
"""Settings that change which rows are accepted as a whole, or that are spelled out by others."""


def meaning_of(data: DataSettings) -> dict[str, str]:
    """A short hash per setting of `data`, absent ones left out: two logs read alike have the same.

    Examples
    --------
    >>> from configs.settings import SourceSettings
    >>> one, two = (DataSettings(transactions=SourceSettings(path="a.csv"), currency=c) for c in ("EUR", "USD"))
    >>> [name for name in meaning_of(one) if meaning_of(one)[name] != meaning_of(two).get(name)]
    ['currency']
    """
    found = {}
    for name, value in data.model_dump(mode="json", exclude_defaults=True, exclude={*LIMITS}).items():
        if isinstance(value, dict):
            value = {key: one for key, one in value.items() if key not in PLACES}
        found[name] = hashlib.sha256(json_bytes(value)).hexdigest()[:16]
    return found


def differing(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names of the settings that are not the same in both."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
