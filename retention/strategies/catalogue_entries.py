"""The entries of the catalogue of strategies: what a strategy, a veto, a sequence and a phrase may say."""

from __future__ import annotations

import string
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from configs.catalogue import phrase
from features.specs import TOLD_DRIVERS
from retention.conditions.expressions import Condition

TEXT_LIMIT = 120

Kind = Literal["product", "offer", "service", "programme", "contact", "content", "recovery", "event", "reach"]
Channel = Literal["email", "sms", "phone", "social", "face_to_face", "ads", "none", "preferred"]
Evidence = Literal["rule", "observed", "randomised"]
EVIDENCE: tuple[Evidence, ...] = ("rule", "observed", "randomised")

PLACEHOLDERS: dict[str, str] = {
    "churn": "churn_probability",
    "horizon": "horizon_days",
    "value": "lifetime_value",
    "spend": "expected_spend",
    "orders": "expected_orders",
    "headroom": "headroom",
    "days": "days_since_last_order",
    "complaints": "open_complaints",
    "complaint_days": "oldest_open_complaint_days",
    "satisfaction": "satisfaction",
    "industry": "industry",
    "level": "member_level",
}
"""What a `why` text may speak of, and the scores column that fills it."""


class CatalogueEntry(BaseModel):
    """Base of all entries: nothing unknown, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def placeholders(text: str) -> set[str]:
    """Names in braces in a text.

    Examples
    --------
    >>> sorted(placeholders("{churn} risk in {horizon} days"))
    ['churn', 'horizon']
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _check_same_placeholders(en: str, zh: str) -> set[str]:
    try:
        english, chinese = placeholders(en), placeholders(zh)
    except ValueError as error:
        raise ValueError(phrase("phrases.brace_open", reason=str(error))) from None
    if english != chinese:
        own = ", ".join(sorted(english))
        raise ValueError(phrase("phrases.placeholders_differ", en=own, zh=", ".join(sorted(chinese))))
    return english


class Text(CatalogueEntry):
    """The same sentence in both languages."""

    en: str = Field(min_length=1, max_length=TEXT_LIMIT)
    zh: str = Field(min_length=1, max_length=TEXT_LIMIT)

    @model_validator(mode="after")
    def _same_placeholders(self) -> Self:
        en = _check_same_placeholders(self.en, self.zh)
        if unknown := sorted(en - PLACEHOLDERS.keys()):
            raise ValueError(phrase("phrases.placeholder_unknown", name=unknown[0], names=", ".join(PLACEHOLDERS)))
        return self

    def of(self, language: str) -> str:
        """The text in `en` or `zh`."""
        return self.zh if language == "zh" else self.en


class ChannelEntry(CatalogueEntry):
    """What one contact through a channel costs, and whether it reaches a named person."""

    name: Text
    cost: float = Field(0.0, ge=0)
    staff_minutes: float = Field(0.0, ge=0)
    contact: bool = True


class Effect(CatalogueEntry):
    """What a strategy is believed to do until it has been measured.

    `orders_points`: change of the probability of an order in the horizon for a customer at even odds (0.5); other
    customers get the same shift of log-odds. `spend_uplift`: relative change of what an active customer spends.
    `sd_points`: how sure the belief is (standard deviation of `orders_points`), the weight against a measurement.
    """

    orders_points: float = Field(0.0, ge=-0.3, le=0.3)
    spend_uplift: float = Field(0.0, ge=-0.5, le=0.5)
    sd_points: float = Field(0.02, gt=0, le=0.3)
    evidence: Evidence = "rule"


class Deadline(CatalogueEntry):
    """By when a strategy is to be done: `days` after what the column `since` counts the days from."""

    since: str
    days: int = Field(ge=1, le=3650)


class Strategy(CatalogueEntry):
    """One strategy; see docs/strategies.md for what each field does."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{2,47}$")
    kind: Kind
    name: Text
    description: Text
    why: Text
    serves: tuple[str, ...] = Field(min_length=1)
    when: dict[str, Any]
    never_when: dict[str, Any] = Field(default_factory=dict)
    drivers: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    channel: Channel
    cost: float = Field(0.0, ge=0)
    staff_minutes: float = Field(0.0, ge=0)
    discount: float = Field(0.0, ge=0, le=0.9)
    marketing: bool = True
    promotion: bool = False
    duty: bool = False
    due: Literal["stage", "kind"] | None = None
    deadline: Deadline | None = None
    every_days: int = Field(30, ge=0, le=3650)
    stop_after: int | None = Field(None, ge=1)
    effect: Effect
    _when: Condition = PrivateAttr()
    _never: Condition | None = PrivateAttr()

    @field_validator("drivers", "builds_on")
    @classmethod
    def _known_drivers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for driver in value:
            if driver not in TOLD_DRIVERS:
                raise ValueError(phrase("phrases.driver_unknown", name=driver, names=", ".join(TOLD_DRIVERS)))
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.discount > 0 and not self.promotion:
            raise ValueError(phrase("phrases.discount_is_promotion"))
        if self.kind == "offer" and not self.promotion:
            raise ValueError(phrase("phrases.offer_is_promotion"))
        if self.promotion and self.discount == 0 and self.cost == 0:
            raise ValueError(phrase("phrases.promotion_costs_nothing"))
        if placeholders(self.name.en) or placeholders(self.description.en):
            raise ValueError(phrase("phrases.placeholder_outside_why"))
        return self

    @property
    def condition(self) -> Condition:
        """Who it is for."""
        return self._when

    @property
    def contraindication(self) -> Condition | None:
        """When it must not be used, beyond the catalogue's general vetoes."""
        return self._never


class Veto(CatalogueEntry):
    """A general rule that forbids a strategy; without `when` the selection itself knows the rule."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{2,47}$")
    text: Text
    applies_to: Literal["all", "marketing", "promotion", "discount", "contact"] = "all"
    when: dict[str, Any] | None = None
    _when: Condition | None = PrivateAttr()

    @property
    def condition(self) -> Condition | None:
        """When it forbids; None for the rules that are computed from contacts and consent."""
        return self._when

    def concerns(self, strategy: Strategy, *, contact: bool) -> bool:
        """Whether the veto speaks of this strategy; `contact`: it goes to a named person."""
        return {
            "all": True,
            "marketing": strategy.marketing,
            "promotion": strategy.promotion,
            "discount": strategy.discount > 0,
            "contact": contact,
        }[self.applies_to]


BUILT_IN_VETOES = (
    "no_consent", "contact_cap", "too_recent", "attempts_used", "contraindicated", "unprofitable", "other_step"
)  # fmt: skip


class Step(CatalogueEntry):
    """One step of a sequence: a strategy, so many days after the last contact of the steps before, so many times."""

    strategy: str
    wait_days: int = Field(0, ge=0, le=3650)
    times: int = Field(1, ge=1, le=20)


class Sequence(CatalogueEntry):
    """Strategies that are used one after another for those whom `when` describes, and nothing else beside them."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{2,47}$")
    when: dict[str, Any]
    steps: tuple[Step, ...] = Field(min_length=1)
    _when: Condition = PrivateAttr()

    @property
    def condition(self) -> Condition:
        """Whom it is for."""
        return self._when


class Phrase(CatalogueEntry):
    """A sentence of the selection in both languages, with the same words to fill in."""

    en: str = Field(min_length=1, max_length=TEXT_LIMIT)
    zh: str = Field(min_length=1, max_length=TEXT_LIMIT)

    @model_validator(mode="after")
    def _same_placeholders(self) -> Self:
        _check_same_placeholders(self.en, self.zh)
        return self

    def of(self, language: str) -> str:
        """The text in `en` or `zh`."""
        return self.zh if language == "zh" else self.en


PHRASES: dict[str, set[str]] = {
    "answers": {"reason", "action"},
    "due_by": {"date"},
    "overdue": {"date"},
    "step": {"step", "steps"},
    "step_waits": {"step", "steps", "date"},
    "next_less": {"name", "amount", "own"},
    "next_less_unmeasured": {"name"},
    "next_fits_less": {"name"},
    "next_same_reason": {"name", "other"},
    "next_less_unpriced": {"name"},
    "next_same_kind": {"name", "other"},
    "next_duty": {"name"},
    "next_vetoed": {"name", "reason"},
    "next_none": set(),
}
