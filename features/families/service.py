"""Satisfaction, service contact, engagement: what a customer says, and how often we hear from each other."""

from __future__ import annotations

from typing import Any

from features.declare import Feature, Row, change, feature, ratio, window_label, window_name

TOPICS = {
    "quality": ("product quality", "产品质量"),
    "service": ("service", "服务态度"),
    "logistics": ("delivery", "物流速度"),
}
SCORE = ["feedback.score"]
NO_SCORE = ("no score in the last 365 days", "近365天无评分")


def _mean_score(r: Row, topic: str | None, days: int | None, *, after: int = 0) -> Any:
    mark = f"_{topic}" if topic else ""
    return ratio(r.sum(f"feedback.score{mark}", days, after=after), r.sum(f"feedback.scores{mark}", days, after=after))


def _level(topic: str | None) -> Feature:
    en, zh = TOPICS[topic] if topic else ("all topics", "总体")
    return feature(
        f"satisfaction_{topic}" if topic else "satisfaction_mean_365d",
        lambda r: _mean_score(r, topic, 365),
        driver="satisfaction",
        source="feedback",
        unit="score",
        label=(f"satisfaction, {en}, last 365 days", f"近365天{zh}满意度"),
        null=NO_SCORE,
        needs=[*SCORE, "feedback.topic"] if topic else SCORE,
        monotone=0 if topic else -1,
        days=365,
    )


def _score_trend(topic: str | None) -> Feature:
    en, zh = TOPICS[topic] if topic else ("all topics", "总体")
    return feature(
        f"satisfaction_{topic}_trend" if topic else "satisfaction_trend",
        lambda r: _mean_score(r, topic, 90) - _mean_score(r, topic, 365, after=90),
        driver="satisfaction",
        source="feedback",
        unit="score",
        label=(
            f"change in satisfaction, {en}, last 90 days against the 275 before",
            f"近90天{zh}满意度较此前275天的变化",
        ),
        null=("no score in one of the two periods", "两期之一无评分"),
        needs=[*SCORE, "feedback.topic"] if topic else SCORE,
        days=365,
    )


def _complaints(days: int | None) -> Feature:
    return feature(
        window_name("complaints", days),
        lambda r: r.sum("feedback.complaints", days),
        driver="satisfaction",
        source="feedback",
        unit="count",
        label=window_label("complaints", "投诉次数", days),
        days=days,
    )


def satisfaction() -> list[Feature]:
    """Scores, complaints, and how late deliveries are."""
    resolved = ["feedback.resolved_at"]
    no_delivery = ("no delivery with a promised date in the last 365 days", "近365天无带承诺日期的交付")
    return [
        _level(None),
        _score_trend(None),
        *[make(topic) for topic in TOPICS for make in (_level, _score_trend)],
        feature(
            "low_score_share_365d",
            lambda r: r.share("feedback.low", "feedback.scores", 365),
            driver="satisfaction",
            source="feedback",
            unit="share",
            label=("share of low scores, last 365 days", "近365天低分占比"),
            null=NO_SCORE,
            needs=SCORE,
            days=365,
        ),
        *[_complaints(days) for days in (30, 90, 365, None)],
        feature(
            "open_complaints",
            lambda r: r.sum("feedback.open"),
            driver="satisfaction",
            source="feedback",
            unit="count",
            label=("complaints not yet resolved", "未解决的投诉数"),
            needs=resolved,
            monotone=1,
        ),
        feature(
            "oldest_open_complaint_days",
            lambda r: r.since("feedback.open_at"),
            driver="satisfaction",
            source="feedback",
            unit="days",
            label=("age of the oldest complaint not yet resolved", "最早未解决投诉的天数"),
            null=("no open complaint", "无未解决投诉"),
            needs=resolved,
        ),
        feature(
            "days_since_last_complaint",
            lambda r: r.since("feedback.complaint_at"),
            driver="satisfaction",
            source="feedback",
            unit="days",
            label=("days since the last complaint", "距上次投诉的天数"),
            null=("never complained", "从未投诉"),
        ),
        feature(
            "delivery_delay_days",
            lambda r: r.share("deliveries.delay", "deliveries.n", 365),
            driver="satisfaction",
            unit="days",
            label=(
                "mean days late of deliveries, last 365 days (negative: early)",
                "近365天平均延迟交付天数（负为提前）",
            ),
            null=no_delivery,
            needs=["delivery"],
            days=365,
        ),
        feature(
            "late_delivery_share_365d",
            lambda r: r.share("deliveries.late", "deliveries.n", 365),
            driver="satisfaction",
            unit="share",
            label=("share of late deliveries, last 365 days", "近365天延迟交付占比"),
            null=no_delivery,
            needs=["delivery"],
            days=365,
        ),
    ]


def _counted(kind: str, name: str, days: int, driver: str, en: str, zh: str) -> Feature:
    return feature(
        window_name(name, days),
        lambda r: r.sum(f"interactions.{kind}", days),
        driver=driver,
        source="interactions",
        unit="count",
        label=window_label(en, zh, days),
        days=days,
    )


def _last(kind: str, name: str, driver: str, en: str, zh: str, null: tuple[str, str]) -> Feature:
    return feature(
        f"days_since_last_{name}",
        lambda r: r.since(f"interactions.{kind}_at"),
        driver=driver,
        source="interactions",
        unit="days",
        label=(f"days since the last {en}", f"距上次{zh}的天数"),
        null=null,
    )


def service_contact() -> list[Feature]:
    """Contacts between the company and the customer."""
    driver = "service_contact"
    return [
        *[_counted("contact", "contacts", days, driver, "contacts", "联系次数") for days in (30, 90, 365)],
        _last("contact", "contact", driver, "contact", "联系", ("never in contact", "从未联系")),
        feature(
            "contacts_trend_90d",
            lambda r: change(r.sum("interactions.contact", 90), r.sum("interactions.contact", 180, after=90)),
            driver=driver,
            source="interactions",
            unit="ratio",
            label=("change in contacts, last 90 days against the 90 before", "近90天联系次数较前90天的变化"),
            null=("no contact in the last 180 days", "近180天无联系"),
            days=180,
        ),
    ]


def treatments() -> list[Feature]:
    """What the company itself did by a strategy: known at the cut-off, so a model can tell its echo from habit."""
    driver = "campaigns"
    return [
        *[
            feature(
                window_name("treatments", days),
                lambda r, d=days: r.sum("treatments.n", d),  # type: ignore[misc]
                driver=driver,
                source="treatments",
                unit="count",
                label=window_label("strategies carried out", "已执行策略次数", days),
                days=days,
            )
            for days in (90, 365)
        ],
        feature(
            "days_since_last_treatment",
            lambda r: r.since("treatments.at"),
            driver=driver,
            source="treatments",
            unit="days",
            label=("days since a strategy was last carried out", "距上次执行策略的天数"),
            null=("no strategy carried out yet", "从未执行过策略"),
        ),
    ]


def engagement() -> list[Feature]:
    """Visits, e-mails opened and clicked, carts; who no longer visits is silent, and told as such."""
    driver, visits = "engagement", "visits"
    return [
        *[_counted("visit", "visits", days, visits, "visits", "访问次数") for days in (30, 90)],
        _last("visit", "visit", visits, "visit", "访问", ("never visited", "从未访问")),
        _counted("browse", "browses", 90, visits, "pages browsed", "浏览次数"),
        _counted("open", "opens", 90, driver, "messages opened", "消息打开次数"),
        _counted("click", "clicks", 90, driver, "messages clicked", "消息点击次数"),
        _counted("cart", "carts", 90, driver, "carts filled", "加购次数"),
        feature(
            "cart_abandoned_30d",
            lambda r: r.sum("carts.abandoned", 30),
            driver=driver,
            source="interactions",
            unit="count",
            label=("carts filled in the last 30 days with no order since", "近30天加购后未下单次数"),
            days=30,
        ),
        feature(
            "visits_trend_90d",
            lambda r: change(r.sum("interactions.visit", 90), r.sum("interactions.visit", 180, after=90)),
            driver=visits,
            source="interactions",
            unit="ratio",
            label=("change in visits, last 90 days against the 90 before", "近90天访问次数较前90天的变化"),
            null=("no visit in the last 180 days", "近180天无访问"),
            days=180,
        ),
    ]
