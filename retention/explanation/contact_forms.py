"""What can be said of everything but orders: satisfaction, contact, campaigns, visits, offers, time, kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.specs import FeatureSet
from retention.explanation.ground import Figure, Ground, Says, Telling, below, compared, known
from retention.profile.peers import EVERYBODY

TOPICS = ("quality", "service", "logistics")
SCORE_MOVES = 0.1
"""A change of satisfaction is told from this share of the scale on."""
KIND_DIFFERS = 0.03
"""Kinds of customers are told of where they differ from all by so many points."""


def satisfaction_forms(ground: Ground) -> list[Telling]:
    """Complaints, scores, deliveries."""
    age = ground.own("oldest_open_complaint_days")
    standing = Figure("complaint_open", "days", "span", age, since=ground.ago(age))
    open_now = (ground.own("open_complaints") >= 1) & known(age)
    recent, year, ever = (ground.own(f"complaints_{span}") for span in ("90d", "365d", "ever"))
    found = [
        Telling(
            "complaint_open",
            "satisfaction",
            "worse",
            "complaints",
            open_now,
            (standing,),
            ("open_complaints", "oldest_open_complaint_days"),
        ),
        Telling(
            "complaints_90d",
            "satisfaction",
            "worse",
            "complaints",
            recent >= 1,
            (Figure("complaints", "count", "complaints", recent, period_days=90.0),),
            ("complaints_90d", "complaints_30d", "days_since_last_complaint"),
        ),
    ]
    found += _scores(ground)
    since = ground.own("days_since_last_complaint")
    found.append(
        Telling(
            "complaints_365d",
            "satisfaction",
            "worse",
            "complaints",
            (year >= 1) & known(since),
            (
                Figure("complaints", "count", "complaints", year, period_days=365.0),
                Figure("last_complaint", "days", "ago", since),
            ),
            ("complaints_365d", "days_since_last_complaint", "complaints_ever"),
        )
    )
    found += _deliveries(ground)
    none = Figure("complaints", "count", "complaints", ever)
    found.append(
        Telling("complaints_none", "satisfaction", "better", "complaints", ever == 0, (none,), ("complaints_ever",))
    )
    return found


def _scores(ground: Ground) -> list[Telling]:
    low, high = ground.baseline.score_scale
    width = high - low

    found: list[Telling] = []
    trend = ground.own("satisfaction_trend")
    moves: list[tuple[str, Says, NDArray[np.bool_]]] = [
        ("score_down", "worse", trend < 0),
        ("score_up", "better", trend > 0),
    ]
    for form, says, fell in moves:
        moved = Figure("score_change", "score", "score", np.abs(trend) * width, period_days=90.0, scale_max=high)
        enough = fell & (np.abs(trend) >= SCORE_MOVES)
        found.append(Telling(form, "satisfaction", says, "score", enough, (moved,), ("satisfaction_trend",)))
    for topic in (None, *TOPICS):
        name = f"satisfaction_{topic}" if topic else "satisfaction_mean_365d"
        figure = Figure(
            "score",
            "score",
            "score",
            low + width * ground.own(name),
            low + width * ground.peer(name),
            "peers",
            period_days=365.0,
            scale_max=high,
            topic=topic,
        )
        found += compared(
            f"score_{topic}_peers" if topic else "score_peers",
            "satisfaction",
            figure,
            idea="score" if topic is None else f"score_{topic}",
            rests_on=(name, f"{name}_trend", "satisfaction_trend", "low_score_share_365d"),
            more_is="better",
        )
    return found


def _deliveries(ground: Ground) -> list[Telling]:
    late, peers = ground.own("late_delivery_share_365d"), ground.peer("late_delivery_share_365d")
    rests = ("late_delivery_share_365d", "delivery_delay_days")
    beside = ground.beside_peers("late_share", "late_delivery_share_365d", "percent", unit="share", period_days=365.0)
    alone = Figure("late_share", "share", "percent", late, period_days=365.0)
    found = [
        Telling(
            "late_peers",
            "satisfaction",
            "worse",
            "late",
            below(peers, late, "percent") & (peers >= 0.005),
            (beside,),
            rests,
        ),
        Telling(
            "late",
            "satisfaction",
            "worse",
            "late",
            (late >= 0.05) & ~(late <= peers),
            (alone,),
            rests,
        ),
    ]
    delay = ground.own("delivery_delay_days")
    return [
        *found,
        Telling(
            "late_days",
            "satisfaction",
            "worse",
            "late",
            delay >= 0.75,
            (Figure("delay", "days", "span", delay, period_days=365.0),),
            rests,
        ),
        Telling(
            "on_time",
            "satisfaction",
            "better",
            "late",
            late == 0,
            (alone,),
            rests,
        ),
        Telling(
            "late_peers", "satisfaction", "better", "late", below(late, peers, "percent") & (late > 0), (beside,), rests
        ),
    ]


def contact_forms(ground: Ground) -> list[Telling]:
    """Contacts with service and our own campaigns."""
    recent = ground.own("contacts_90d")
    count = ground.beside_peers("contacts", "contacts_90d", "contacts", period_days=90.0)
    driver, rests = "service_contact", ("contacts_90d", "contacts_30d", "contacts_365d")
    found = compared("contacts_peers", driver, count, idea="contacts", rests_on=rests, more_is="better")
    # much contact can be trouble: who calls three times has a reason to
    busy = below(ground.peer("contacts_90d"), recent, "contacts") & (recent >= 3)
    found.append(Telling("contacts_peers", driver, "worse", "contacts", busy, (count,), rests))
    found += _last(ground, "contact", driver)
    done, year = ground.own("days_since_last_treatment"), ground.own("treatments_365d")
    peers = ground.peer("treatments_365d")
    none = ground.beside_peers("campaigns", "treatments_365d", "campaigns", period_days=365.0)
    reached = Figure("last_campaign", "days", "ago", done)
    rests = ("treatments_365d", "treatments_90d", "days_since_last_treatment")
    return [
        *found,
        Telling("campaign_recent", "campaigns", "better", "campaigns", done <= 90, (reached,), rests),
        Telling("campaign_none", "campaigns", "worse", "campaigns", (year == 0) & (peers >= 1), (none,), rests),
    ]


def reaction_forms(ground: Ground) -> list[Telling]:
    """Visits, messages, carts, offers."""
    abandoned = ground.own("cart_abandoned_30d")
    left = Figure("cart_abandoned", "count", "carts_left", abandoned, period_days=30.0)
    found = [
        Telling(
            "cart_abandoned",
            "engagement",
            "worse",
            "cart",
            abandoned >= 1,
            (left,),
            ("cart_abandoned_30d",),
        )
    ]
    recent, trend = ground.own("visits_90d"), ground.own("visits_trend_90d")
    with np.errstate(invalid="ignore", divide="ignore"):
        before = np.where(trend > -1, recent * (1 - trend) / (1 + trend), np.nan)
    moved = Figure("visits", "count", "visits", recent, before, "own", period_days=90.0)
    found += compared(
        "visits_change",
        "recency",
        moved,
        idea="visits",
        rests_on=("visits_trend_90d", "visits_90d"),
        more_is="better",
    )
    for form, name, style, driver in (
        ("visits_peers", "visits_90d", "visits", "recency"),
        ("opens_peers", "opens_90d", "opened", "engagement"),
        ("clicks_peers", "clicks_90d", "clicked", "engagement"),
        ("browses_peers", "browses_90d", "pages", "recency"),
        ("carts_peers", "carts_90d", "carts", "engagement"),
    ):
        figure = ground.beside_peers(name.removesuffix("_90d"), name, style, period_days=90.0)
        found += compared(form, driver, figure, idea=form, rests_on=(name,), more_is="better")
    found += _last(ground, "visit", "recency")
    offers = ground.beside_peers("offers", "redemptions_365d", "offers", period_days=365.0)
    found += compared(
        "offers_peers",
        "offers",
        offers,
        idea="offers",
        rests_on=("redemptions_365d", "redemptions_90d"),
        more_is="better",
    )
    bargain = ground.beside_peers(
        "discounted", "discounted_orders_share_365d", "percent", unit="share", period_days=365.0
    )
    found += compared(
        "discounts_peers",
        "offers",
        bargain,
        idea="discounts",
        rests_on=("discounted_orders_share_365d", "discount_share_365d"),
        more_is="better",
    )
    return found + _last(ground, "offer", "offers", of="redemption")


def _last(ground: Ground, event: str, driver: str, *, of: str | None = None) -> list[Telling]:
    """How long ago something last happened; `of` is its name among the features where that is another one."""
    name = f"days_since_last_{of or event}"
    figure = ground.beside_peers(f"last_{event}", name, "ago", unit="days")
    return compared(f"last_{event}", driver, figure, idea=f"last_{event}", rests_on=(name,), more_is="worse")


def standing_forms(ground: Ground, feature_set: FeatureSet) -> list[Telling]:
    """Time with the company, and the kind of customer."""
    since = ground.own("days_since_first_order")
    beside = ground.beside_peers("tenure", "days_since_first_order", "span", unit="days")
    rests = ("days_since_first_order", "known_share_of_log", "acquired_days")
    found = compared("tenure_peers", "tenure", beside, idea="tenure", rests_on=rests, more_is="better")
    long = Figure("tenure", "days", "span", since)
    found.append(Telling("tenure_long", "tenure", "better", "tenure", since >= 365, (long,), rests))
    for spec in feature_set:
        rates = ground.baseline.peers.kinds.get(spec.name)
        if not rates or spec.name not in ground.frame:
            continue
        values = [str(value) for value in ground.frame[spec.name].astype(object).tolist()]
        rate = np.array([np.nan if value == EVERYBODY else rates.get(value, np.nan) for value in values])
        everybody = np.full(len(rate), rates[EVERYBODY])
        figure = Figure("kind_rate", "share", "hundred", rate, everybody, "peers", topic=spec.name)
        names = np.array(values, dtype=object)
        with np.errstate(invalid="ignore"):
            worse, better = rate - everybody >= KIND_DIFFERS, everybody - rate >= KIND_DIFFERS
        found += [
            Telling("kind", "profile", "worse", spec.name, worse, (figure,), (spec.name,), names),
            Telling("kind", "profile", "better", spec.name, better, (figure,), (spec.name,), names),
        ]
    return found
