"""Whom a company may approach, and through which channel.

The `consent` column of the customers table holds yes, no, or the channels agreed to (``email, sms``). Where the
table has the column and a customer has nothing in it, there is no consent. Where no such column exists, nothing is
known and nothing is forbidden here: the company answers for its list.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.conditions.fields import CHANNELS

YES = frozenset({"yes", "y", "true", "1", "1.0", "all", "granted", "opt_in", "是", "同意", "全部"})
NO = frozenset({"", "no", "n", "false", "0", "0.0", "none", "denied", "opt_out", "withdrawn", "否", "不同意", "无"})
ALIASES = {
    "e-mail": "email",
    "mail": "email",
    "电子邮件": "email",
    "邮件": "email",
    "短信": "sms",
    "text": "sms",
    "电话": "phone",
    "telephone": "phone",
    "call": "phone",
    "社交": "social",
    "社交媒体": "social",
    "wechat": "social",
    "微信": "social",
    "面谈": "face_to_face",
    "visit": "face_to_face",
    "拜访": "face_to_face",
}


def parse_consent(value: object) -> frozenset[str]:
    """Channels that a consent text allows.

    Examples
    --------
    >>> sorted(parse_consent("email; 短信"))
    ['email', 'sms']
    >>> parse_consent("yes") == frozenset(CHANNELS), parse_consent(None)
    (True, frozenset())
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return frozenset()
    text = str(value).strip().lower()
    if text in YES:
        return frozenset(CHANNELS)
    if text in NO:
        return frozenset()
    parts = [part for part in re.split(r"[,;|、，；\s]+", text) if part]
    return frozenset(name for part in parts if (name := ALIASES.get(part, part)) in CHANNELS)


def allowed_channels(customers: pd.DataFrame) -> NDArray[np.bool_]:
    """Which channels each customer agreed to; shape (n, number of channels), in the order of `CHANNELS`."""
    allowed = np.ones((len(customers), len(CHANNELS)), dtype=np.bool_)
    if "consent" not in customers.columns:
        return allowed
    codes, texts = pd.factorize(customers["consent"].astype("object"), use_na_sentinel=True)
    table = np.array(
        [[name in parse_consent(text) for name in CHANNELS] for text in texts] + [[False] * len(CHANNELS)],
        dtype=np.bool_,
    )
    return np.asarray(table[codes])  # code -1 (missing) takes the last row


REACHED_BY = {"phone": ("phone", "sms"), "email": ("email",)}
"""Columns that say how a customer is reached → channels whose consent lets them be used."""


def may_be_reached(customers: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    """Whether each customer agreed to be reached by what stands in a column of `REACHED_BY`."""
    allowed = allowed_channels(customers)
    return np.asarray(np.any([allowed[:, CHANNELS.index(channel)] for channel in REACHED_BY[column]], axis=0))
