"""What is to be simulated: every constant of the made-up company."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, field_validator, model_validator

from configs.catalogue import Lang
from configs.setting_model import Model


class CampaignPlan(Model):
    """A campaign with a random hold-out and a known effect.

    Attributes
    ----------
    strategy : str
        Code in the catalogue of strategies.
    week : int
        Week of the log in which it is run (0 = first).
    share : float
        Share of all customers known by then that take part, drawn at random.
    held_out : float
        Share of the participants left alone.
    lift : float
        Relative change of the order rate of treated customers for `weeks` weeks, on average over digital and other
        customers; 0 is a placebo.
    moderation : float
        How unequal it is: digital customers (e-mail, SMS or social media preferred) get ``lift * (1 + moderation)``,
        the others ``lift * (1 - moderation)``.
    weeks : int
        How long it lasts.
    cost : float
        Money per contact.
    """

    strategy: str
    week: int = Field(ge=0)
    share: float = Field(0.5, gt=0, le=1)
    held_out: float = Field(0.3, ge=0, lt=1)
    lift: float = Field(0.5, ge=-0.9, le=5)
    moderation: float = Field(0.0, ge=-1, le=1)
    weeks: int = Field(13, ge=1)
    cost: float = Field(1.0, ge=0)


class Issue(Model):
    """A planted fault that costs satisfaction: deliveries into a region are late from a week on."""

    region: str = "West"
    since_week: int = Field(60, ge=0)
    late_share: float = Field(0.5, ge=0, le=1)


class SimulationSettings(Model):
    """The made-up company.

    Rates are per week. A customer orders at ``rate * season * growth * exp(rate_satisfaction * s)`` and leaves for good
    with hazard ``leave * exp(-leave_satisfaction * s)``, s being a satisfaction that orders and complaints move.
    """

    customers: int = Field(2_000, ge=1, le=50_000_000)
    weeks: int = Field(104, ge=8, le=1_040)
    future_weeks: int = Field(13, ge=0, le=104)
    burn_in_weeks: int = Field(30, ge=0, le=104)
    end: datetime = datetime.fromisoformat("2024-06-30")
    seed: int = Field(7, ge=0)
    language: Lang = "en"
    currency: str = "EUR"
    enterprise_share: float = Field(0.2, ge=0, le=1)
    prospect_share: float = Field(0.03, ge=0, le=1)
    acquired_before: float = Field(0.55, ge=0, le=1)
    rate: float = Field(0.22, gt=0)
    rate_spread: float = Field(0.7, ge=0)
    yearly_growth: float = Field(0.05, ge=-0.9, le=5)
    season: float = Field(0.25, ge=0, le=1)
    leave: float = Field(0.005, ge=0, le=1)
    leave_satisfaction: float = 1.4
    rate_satisfaction: float = 0.10
    survey_share: float = Field(0.4, ge=0, le=1)
    text_share: float = Field(0.5, ge=0, le=1)
    return_share: float = Field(0.04, ge=0, le=1)
    unsubscribed_share: float = Field(0.1, ge=0, le=1)
    products: int = Field(240, ge=24, le=100_000)
    issue: Issue | None = Issue()
    campaigns: tuple[CampaignPlan, ...] | None = None
    chunk: int = Field(25_000, ge=1)

    @field_validator("end")
    @classmethod
    def _midnight(cls, value: datetime) -> datetime:
        if value.tzinfo is not None or value != value.replace(hour=0, minute=0, second=0, microsecond=0):
            raise ValueError("give a midnight without a time zone")
        return value

    @model_validator(mode="after")
    def _inside(self) -> SimulationSettings:
        for campaign in self.campaigns or ():
            if campaign.week >= self.weeks:
                raise ValueError(
                    f"campaign {campaign.strategy} is in week {campaign.week}, after the last ({self.weeks - 1})"
                )
        return self

    @property
    def plans(self) -> tuple[CampaignPlan, ...]:
        """The campaigns; unless given: one that works, one that works for digital customers alone, and a placebo."""
        if self.campaigns is not None:
            return self.campaigns
        return (
            CampaignPlan(strategy="reactivation_offer", week=int(0.58 * self.weeks), lift=0.6, cost=2.0),
            CampaignPlan(strategy="regular_contact", week=int(0.72 * self.weeks), lift=0.5, moderation=0.9, cost=4.0),
            CampaignPlan(strategy="greeting_gift", week=int(0.82 * self.weeks), lift=0.0, cost=2.5),
        )
