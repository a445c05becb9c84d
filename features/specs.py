"""What a feature is: declared once, read by training, scoring, reasons and documentation.

A `FeatureSpec` says what a column means; the expressions that compute it live in `features.catalog`.
A `Driver` is the family of features that belong to one idea; reasons are given per driver.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

Unit = Literal[
    "days", "orders", "items", "products", "categories", "money", "share", "ratio", "score", "count", "code", "flag"
]
Kind = Literal["numeric", "categorical"]


@dataclass(frozen=True)
class Driver:
    """A family of features that belong to one idea.

    Attributes
    ----------
    code : str
        Stable name, used in scores and settings.
    en, zh : str
        Shown to people.
    actionable : bool
        Whether the company can do something about it (contact, satisfaction) or not (tenure, calendar).
    part_of : str
        Code of the driver that reasons count this family under: silence means nothing without the own rhythm, and a
        model shares their effect out between them at will. Empty where it stands for itself.
    """

    code: str
    en: str
    zh: str
    actionable: bool
    part_of: str = ""


DRIVERS: dict[str, Driver] = {
    driver.code: driver
    for driver in (
        Driver("recency", "silence and buying rhythm", "沉默与购买节奏", True),
        Driver("rhythm", "buying rhythm", "购买节奏", True, "recency"),
        Driver("frequency", "number of orders", "下单次数", True),
        Driver("monetary", "spend", "消费金额", True),
        Driver("trend", "trend of orders and spend", "购买趋势", True, "frequency"),
        Driver("breadth", "range of products bought", "购买品类广度", True),
        Driver("returns", "returns and cancellations", "退货与取消", True),
        Driver("satisfaction", "satisfaction", "满意度", True),
        Driver("service_contact", "contact with service", "客服联系", True),
        Driver("campaigns", "our own campaigns", "我们的触达活动", True),
        Driver("visits", "visits", "访问", True, "recency"),
        Driver("engagement", "reactions to messages, and carts", "消息互动与加购", True),
        Driver("offers", "use of offers", "优惠使用", True),
        Driver("tenure", "length of the relationship", "客户时长", False),
        Driver("profile", "customer profile", "客户属性", False),
        Driver("calendar", "time of year", "季节与日历", False),
        Driver("probabilistic", "expected rhythm of buying", "预期购买规律", False, "recency"),
        Driver("level", "business as a whole", "整体生意", False),
        Driver("calibration", "calibration of the model", "模型校准", False, "level"),
    )
}


TOLD_DRIVERS: tuple[str, ...] = tuple(code for code, driver in DRIVERS.items() if not driver.part_of)
"""Drivers that reasons, points and conditions speak of."""


def told_driver(family: str) -> str:
    """The driver that a family of features counts under.

    Examples
    --------
    >>> told_driver("rhythm"), told_driver("monetary")
    ('recency', 'monetary')
    """
    return DRIVERS[family].part_of or family


@dataclass(frozen=True)
class FeatureSpec:
    """One column of a feature frame.

    Attributes
    ----------
    name : str
        Column name, derived from the declaration (`orders_90d`, `days_since_last_order`).
    driver : str
        Code of the family in `DRIVERS`.
    source : str
        Table it comes from (`transactions`, `customers`, `products`, `feedback`, `interactions`,
        `treatments`).
    unit : str
        Unit of the value; `code` for categories, `flag` for 0/1.
    label_en, label_zh : str
        What the value is, as a noun phrase ("orders in the last 90 days").
    null_means_en, null_means_zh : str
        What a missing value means ("never complained"); empty where it cannot be missing.
    monotone_churn : int
        +1 where a larger value can only raise the churn probability, -1 where it can only lower it, 0 unknown.
    kind : str
        `numeric` (float64, NaN = missing) or `categorical` (string, None = missing).
    window_days : int or None
        Length of the window that it looks back on, None for the whole history.
    """

    name: str
    driver: str
    source: str
    unit: Unit
    label_en: str
    label_zh: str
    null_means_en: str = ""
    null_means_zh: str = ""
    monotone_churn: int = 0
    kind: Kind = "numeric"
    window_days: int | None = None


@dataclass(frozen=True)
class FeatureSet:
    """An ordered set of features; its fingerprint ties a bundle to the definitions it was trained on."""

    specs: tuple[FeatureSpec, ...]

    def __iter__(self) -> Iterator[FeatureSpec]:
        return iter(self.specs)

    def __len__(self) -> int:
        return len(self.specs)

    def __getitem__(self, name: str) -> FeatureSpec:
        for spec in self.specs:
            if spec.name == name:
                return spec
        raise KeyError(name)

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [spec.name for spec in self.specs]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all declarations, in order."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """The declarations as JSON with sorted keys."""
        return json.dumps([asdict(spec) for spec in self.specs], sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> FeatureSet:
        """Read what `to_json` wrote."""
        return cls(tuple(FeatureSpec(**item) for item in json.loads(text)))

    def select(self, names: Iterable[str]) -> FeatureSet:
        """The features named, in the order of this set."""
        wanted = set(names)
        return FeatureSet(tuple(spec for spec in self.specs if spec.name in wanted))
