"""What a customer's page says of the person: age, gender, interests, points, referrals and the last look around.

These are told, never explained by: no prediction and no reason rests on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from configs import formats
from configs.catalogue import Lang, section
from retention.wording import format_date, texts

SHOWN_LOOK_DAYS = 60
"""Days for which a look is worth telling."""


@dataclass(frozen=True)
class Attribute:
    """A fact of the person, with its name."""

    name: str
    value: str


def attribute_lines(facts: Mapping[str, Any] | None, lang: Lang) -> tuple[Attribute, ...]:
    """The facts that are known of one customer, in words.

    Parameters
    ----------
    facts : mapping or None
        The customer's row of `retention.profile.customer_facts`; None where there is none.
    lang : {"en", "zh"}
        Language.
    """
    if facts is None:
        return ()
    words = section("attributes", lang)
    known = [(name, value) for name, value in _told(facts, words, lang) if value]
    return tuple(Attribute(str(words["names"][name]), value) for name, value in known)


def _told(facts: Mapping[str, Any], words: Mapping[str, Any], lang: Lang) -> Iterable[tuple[str, str]]:
    forms = words["forms"]
    if not _missing(facts.get("age")):
        yield "age", str(forms["age"]).format(age=int(facts["age"]))
    elif not _missing(facts.get("birthday")):
        yield "age", str(forms["impossible"]).format(day=format_date(facts["birthday"], lang))
    if not _missing(facts.get("gender")):
        yield "gender", str(words["gender"][facts["gender"]])
    interests = facts.get("interests")
    if interests is not None and not isinstance(interests, float):
        yield "interests", str(texts(lang)["format"]["list"]).join(str(one) for one in interests)
    yield "points", _points(facts, forms, lang)
    if not _missing(facts.get("referrals")):
        count = int(facts["referrals"])
        form = {0: "referred_none", 1: "referred_one"}.get(count, "referred")
        yield "referrals", str(forms[form]).format(count=count)
    if not _missing(facts.get("referred_by")):
        yield "referred_by", str(facts["referred_by"])
    looked = facts.get("looked_days")
    if looked is not None and not _missing(looked) and looked <= SHOWN_LOOK_DAYS:
        form = {0: "today", 1: "looked_one"}.get(int(looked), "looked")
        yield "looked", str(forms[form]).format(days=int(looked))


def _points(facts: Mapping[str, Any], forms: Mapping[str, Any], lang: Lang) -> str:
    balance = facts.get("points_balance")
    if balance is None or _missing(balance):
        return ""
    points = formats.number(float(balance), lang)
    if balance <= 0 or _missing(facts.get("points_expire_on")):
        return str(forms["points"]).format(points=points)
    gone = facts.get("points_expire_days", 0) < 0
    day = format_date(facts["points_expire_on"], lang)
    return str(forms["expired" if gone else "expire"]).format(points=points, day=day)


def _missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))
