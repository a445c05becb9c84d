"""Breadth and offers: which products a customer buys, at which price level, and with which discounts."""

from __future__ import annotations

from features.declare import Feature, feature, ratio, window_label, window_name
from features.families.spending import gross

PRODUCT = ["transactions.product_id"]
NOTHING = ("nothing bought in the window", "窗口期内无消费")
NO_FLAG = {
    "premium": ("nothing bought that is flagged premium or mass", "未购买标为高端或大众的产品"),
    "main": ("nothing bought that is flagged main or auxiliary", "未购买标为主力或辅助的产品"),
}


def _newcomers(name: str, source: str, en: str, zh: str, needs: list[str]) -> list[Feature]:
    unit = "products" if source == "new_products" else "categories"
    ever = feature(
        f"{name}_ever",
        lambda r: r.sum(f"{source}.n"),
        driver="breadth",
        unit=unit,  # type: ignore[arg-type]
        label=window_label(f"different {en} bought", f"购买过的{zh}数", None),
        needs=needs,
    )
    recent = [
        feature(
            window_name(f"new_{name}", days),
            lambda r, d=days: r.sum(f"{source}.n", d),  # type: ignore[misc]
            driver="breadth",
            unit=unit,  # type: ignore[arg-type]
            label=window_label(f"{en} bought for the first time", f"首次购买的{zh}数", days),
            needs=needs,
            days=days,
        )
        for days in (90, 365)
    ]
    return [ever, *recent]


def breadth() -> list[Feature]:
    """How many different products and categories, how new, how dear."""
    return [
        *_newcomers("products", "new_products", "products", "商品", PRODUCT),
        *_newcomers("categories", "new_categories", "categories", "品类", ["category"]),
        feature(
            "products_per_order",
            lambda r: ratio(r.sum("new_products.n"), r.sum("orders.n")),
            driver="breadth",
            unit="products",
            label=("different products per order so far", "平均每单涉及的不同商品数"),
            null=("never ordered", "从未购买"),
            needs=PRODUCT,
        ),
        feature(
            "price_level",
            lambda r: ratio(r.sum("prices.spent"), r.sum("prices.usual")),
            driver="breadth",
            unit="ratio",
            label=("price level of what is bought (1 = usual in its category)", "所购商品的价格水平（1为同品类平均）"),
            null=("nothing bought with category, quantity and amount", "无带品类、数量和金额的购买"),
            needs=["price"],
        ),
        *[
            feature(
                f"{line}_share_365d",
                lambda r, of=f"orders.{line}": r.share(of, f"{of}_flagged", 365),  # type: ignore[misc]
                driver="breadth",
                unit="share",
                label=(
                    f"share of spend on the {line} line, of {line} and {other}, last 365 days",
                    f"近365天{zh}占{zh}与{other_zh}消费的比例",
                ),
                null=NO_FLAG[line],
                needs=["product_line"],
                days=365,
            )
            for line, zh, other, other_zh in (
                ("premium", "高端产品", "mass", "大众产品"),
                ("main", "主力产品", "auxiliary", "辅助产品"),
            )
        ],
    ]


def _redeemed(days: int) -> Feature:
    return feature(
        window_name("redemptions", days),
        lambda r: r.sum("interactions.redeem", days),
        driver="offers",
        source="interactions",
        unit="count",
        label=window_label("offers redeemed", "优惠核销次数", days),
        days=days,
    )


def offers() -> list[Feature]:
    """Discounts taken and offers redeemed."""
    discount = ["transactions.discount", "transactions.amount"]
    return [
        feature(
            "discount_share_365d",
            lambda r: ratio(r.sum("orders.discount", 365), r.sum("orders.discount", 365) + gross(r, 365)),
            driver="offers",
            unit="share",
            label=("share of the price taken off by discounts, last 365 days", "近365天折扣占原价的比例"),
            null=NOTHING,
            needs=discount,
            days=365,
        ),
        feature(
            "discounted_orders_share_365d",
            lambda r: r.share("orders.discounted", "orders.n", 365),
            driver="offers",
            unit="share",
            label=("share of orders with a discount, last 365 days", "近365天有折扣的订单占比"),
            null=("no order in the last 365 days", "近365天无购买"),
            needs=discount,
            days=365,
        ),
        *[_redeemed(days) for days in (90, 365)],
        feature(
            "days_since_last_redemption",
            lambda r: r.since("interactions.redeem_at"),
            driver="offers",
            source="interactions",
            unit="days",
            label=("days since an offer was last redeemed", "距上次核销优惠的天数"),
            null=("never redeemed an offer", "从未核销优惠"),
        ),
    ]
