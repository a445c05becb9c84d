"""The columns of the scores table that conditions may speak of, and the values that each can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.specs import DRIVERS

FieldKind = Literal["text", "number", "time", "drivers"]

LEVELS = ("high", "medium", "low", "unknown")
CHANNELS = ("email", "sms", "phone", "social", "face_to_face")


@dataclass(frozen=True)
class Field:
    """A column that conditions may speak of; `choices` empty means any text."""

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()


def _texts() -> list[Field]:
    tiers = [
        "purchasing_power",
        "purchase_frequency",
        "purchase_potential",
        "satisfaction",
        "loyalty",
        "churn_risk",
        "overall_value",
    ]
    return [
        *(Field(f"{tier}_tier", "text", LEVELS) for tier in tiers),
        Field("buying_behaviour_tier", "text", ("regular", "occasional", "never", "unknown")),
        Field("stage", "text", ("prospect", "first_time", "repeat", "loyal", "at_risk", "lost", "won_back", "unknown")),
        Field("member_level", "text"),
        Field("customer_type", "text", ("enterprise", "individual", "unknown")),
        Field("tenure_tier", "text", ("new", "existing", "unknown")),
        Field("region_tier", "text", ("local", "domestic", "international", "unknown")),
        Field("region", "text"),
        Field("country", "text"),
        Field("industry", "text"),
        Field("company_size", "text", ("large", "medium", "small", "unknown")),
        Field("product_line_tier", "text", ("premium", "mass", "unknown")),
        Field("product_role_tier", "text", ("main", "auxiliary", "unknown")),
        Field("fulfilment_tier", "text", ("regular", "special", "unknown")),
        Field("customer_type_tier", "text", ("enterprise", "individual", "unknown")),
        Field("company_size_tier", "text", ("large", "medium", "small", "unknown")),
        Field("industry_tier", "text"),
        Field("preferred_channel_tier", "text", (*CHANNELS, "unknown")),
        Field("fulfilment", "text"),
        Field("preferred_channel", "text"),
        Field("owner", "text"),
        Field("segment", "text"),
        *(
            Field(f"{tier}_evidence", "text", ("strong", "weak", "none"))
            for tier in [*tiers, "buying_behaviour", "tenure", "region", "product_line", "product_role"]
        ),
        Field("evidence", "text", ("strong", "weak", "none")),
    ]


def _numbers() -> list[Field]:
    windows = (7, 14, 30, 60, 90, 180, 365)
    names = [
        *("churn_probability", "expected_orders", "expected_spend", "headroom", "lifetime_value", "horizon_days"),
        *("purchasing_power", "purchase_frequency", "purchase_potential", "satisfaction", "loyalty", "churn_risk"),
        *(
            "overall_value",
            "buying_behaviour",
            "tenure",
            "product_line",
            "product_role",
            "days_since_last_order",
            "days_since_first_order",
        ),
        *(f"orders_{days}d" for days in windows),
        *(f"spend_{days}d" for days in windows),
        *("orders_ever", "spend_ever", "mean_order_value_365d", "mean_order_value_ever", "max_order_value_ever"),
        *("mean_gap_days", "gap_cv", "overdue_ratio", "orders_trend_90d", "spend_trend_90d"),
        *("returns_90d", "returns_365d", "return_share_ever", "products_ever", "new_products_90d"),
        *("categories_ever", "new_categories_90d", "price_level", "active_months_share"),
        *("satisfaction_mean_365d", "satisfaction_trend", "satisfaction_quality", "satisfaction_service"),
        *("satisfaction_logistics", "low_score_share_365d", "complaints_30d", "complaints_90d", "complaints_365d"),
        *("open_complaints", "oldest_open_complaint_days", "days_since_last_complaint", "delivery_delay_days"),
        *("contacts_90d", "days_since_last_contact", "visits_90d", "opens_90d", "clicks_90d", "carts_90d"),
        *("cart_abandoned_30d", "redemptions_90d", "discount_share_365d", "orders_same_season_last_year"),
        *("recency_quintile", "frequency_quintile", "monetary_quintile"),
    ]
    return [Field(name, "number") for name in dict.fromkeys(names)]


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        *_texts(),
        *_numbers(),
        Field("birthday", "time"),
        Field("renewal_at", "time"),
        Field("acquired_at", "time"),
        Field("drivers", "drivers", tuple(DRIVERS)),
    )
}
"""Every column that a condition may name."""
