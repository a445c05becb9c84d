"""What the customers table says of people and cannot be: birthdays in the future or before anybody alive was born."""

from __future__ import annotations

from collections.abc import Iterable

from configs.formats import number
from features.connection import one
from features.ingestion.look import Look, told
from features.ingestion.report import Finding
from features.tables import OLDEST


def birthdays(look: Look) -> Iterable[Finding]:
    """How many birthdays cannot be, on the last day of the log."""
    if not look.has("birthday", "customers"):
        return
    count, given, example = one(
        look.connection,
        "SELECT count(*) FILTER (wrong), count(birthday), min(birthday) FILTER (wrong) FROM (SELECT birthday, "
        f"birthday > ?::DATE OR birthday <= ?::DATE - INTERVAL {OLDEST + 1} YEAR AS wrong FROM customers)",
        [look.log.last, look.log.last],
    )
    if not count:
        return
    yield told(
        "impossible_birthdays",
        "warning",
        (
            f"customers: {number(count, 'en')} of {number(given, 'en')} birthdays cannot be (such as {example}); the "
            "age of these customers is unknown and they get no birthday greeting. Correct the source.",
            f"customers：{number(given, 'zh')} 个生日中有 {number(count, 'zh')} 个不可能成立（如 {example}）；"
            "这些客户的年龄按未知处理，也不发送生日祝福。请更正数据。",
        ),
        table="customers",
        birthdays=count,
        given=given,
        value=str(example),
    )
