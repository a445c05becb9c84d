"""What the reports and the model card say, by key: their own texts, and the words for drivers, dimensions and tiers."""

from __future__ import annotations

from configs.catalogue import LANGUAGES, pairs
from features.specs import DRIVERS
from retention.wording import text as _word
from retention.wording import texts as _texts

TEXTS: dict[str, tuple[str, str]] = pairs("reports") | pairs("scores_report") | pairs("contributions")
"""Every text by key."""
TEXTS |= {f"driver.{driver.code}": (driver.en, driver.zh) for driver in DRIVERS.values()}
TEXTS |= {
    f"dimension.{code}": (_texts("en")["dimensions"][code]["name"], _texts("zh")["dimensions"][code]["name"])
    for code in _texts("en")["dimensions"]
}
TEXTS |= {f"sign.{code}": (_word("en", "signs", code), _word("zh", "signs", code)) for code in _texts("en")["signs"]}
TEXTS |= {f"tier.{code}": (_word("en", "tiers", code), _word("zh", "tiers", code)) for code in _texts("en")["tiers"]}


def text(key: str, language: str, /, **values: object) -> str:
    """The words of a key in a language with its placeholders filled.

    Examples
    --------
    >>> text("next.aim", "en", share="10%")
    'aim: 10%'
    """
    return TEXTS[key][LANGUAGES.index(language)].format(**values)
