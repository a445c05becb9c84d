"""Attributes of a customer: looked up by id, cleaned, and turned into our codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

NOT_GIVEN = frozenset(
    ("", "-", "?", "n/a", "na", "none", "null", "unknown", "unspecified", "not given", "未知", "不详")
)
"""Texts that say nothing: the attribute is unknown."""

SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "customer_type": {
        "enterprise": ("enterprise", "company", "business", "corporate", "b2b", "organisation", "organization", "企业"),
        "individual": ("individual", "person", "personal", "consumer", "private", "b2c", "个人"),
    },
    "industry": {
        "manufacturing": ("manufacturing", "industry", "制造", "制造业"),
        "services": ("services", "service", "服务", "服务业"),
        "retail": ("retail", "retailer", "trade", "零售", "零售业"),
    },
    "company_size": {
        "large": ("large", "big", "l", "大", "大型"),
        "medium": ("medium", "mid", "middle", "m", "中", "中型"),
        "small": ("small", "micro", "s", "小", "小型", "微型"),
    },
    "fulfilment": {
        "regular": ("regular", "normal", "standard", "常规"),
        "special": ("special", "特殊"),
    },
    "preferred_channel": {
        "email": ("email", "e-mail", "mail", "电子邮件", "邮件"),
        "sms": ("sms", "text", "短信"),
        "phone": ("phone", "telephone", "call", "电话"),
        "social": ("social", "wechat", "weixin", "facebook", "whatsapp", "社交媒体", "微信"),
        "face_to_face": ("face_to_face", "face to face", "visit", "store", "in person", "面对面", "拜访"),
    },
}


@dataclass(frozen=True)
class Measured:
    """One dimension's number for every customer.

    Attributes
    ----------
    value : ndarray, shape (n,)
        float64 (NaN = unknown) or text (None = unknown).
    evidence : ndarray of str, shape (n,)
        `strong`, `weak` or `none`.
    tier : ndarray of str, shape (n,), optional
        Set where the tier is a rule of its own instead of two cut-offs.
    """

    value: Floats | Texts
    evidence: Texts
    tier: Texts | None = None


def number(frame: pd.DataFrame, name: str) -> Floats:
    """A numeric column as float64, all NaN where the frame has none; shape (n,)."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)


def attribute(frame: pd.DataFrame, profile: pd.DataFrame | None, name: str) -> Texts:
    """A text attribute from the customers table, else from the frame; None where unknown; shape (n,)."""
    found = np.full(len(frame), None, dtype=object)
    if name in frame.columns:
        found = frame[name].astype(object).to_numpy(dtype=object)
    if profile is not None and name in profile.columns:
        one = profile.drop_duplicates("customer_id", keep="last")
        keys, values = one["customer_id"].to_numpy(dtype=object), one[name].astype(object).to_numpy(dtype=object)
        given = looked_up(frame["customer_id"], keys, values, None)
        found = np.where(pd.notna(given), given, found).astype(object)
    codes, distinct = pd.factorize(found, use_na_sentinel=True)
    words = [str(value).strip() for value in distinct.tolist()]
    said = np.array([None if word.lower() in NOT_GIVEN else word for word in words] + [None], dtype=object)
    return said[codes]


def code_of(dimension: str, values: Texts) -> Texts:
    """Our code for every given text (`Wechat` → `social`); a text without a code is kept in lower case."""
    known = {word: code for code, words in SYNONYMS.get(dimension, {}).items() for word in words}
    seen = {v: known.get(v.lower(), v.lower()) for v in set(values.tolist()) if v is not None}
    return np.array([None if v is None else seen[v] for v in values.tolist()], dtype=object)


def looked_up(ids: pd.Series, keys: NDArray[Any], values: NDArray[Any], missing: Any) -> NDArray[Any]:
    """The value of every id, `missing` where `keys` does not hold it; keeps the type of `values`; shape (n,)."""
    place = pd.Index(keys, dtype=object).get_indexer(pd.Index(ids, dtype=object))
    found = np.full(len(ids), missing, dtype=values.dtype)
    known = place >= 0
    found[known] = values[place[known]]
    return found


def given(frame: pd.DataFrame, profile: pd.DataFrame | None, dimension: str) -> Measured:
    """An attribute as it stands in the customers table, as its code; the tier is the code."""
    code = code_of(dimension, attribute(frame, profile, dimension))
    lacks = np.array([value is None for value in code.tolist()], dtype=bool)
    tier = np.where(lacks, "unknown", code).astype(object)
    return Measured(code, np.where(lacks, "none", "strong").astype(object), tier)
