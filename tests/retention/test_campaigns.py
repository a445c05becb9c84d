from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.simulator import CampaignPlan, SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from configs.errors import NotEnoughDataError
from configs.settings import DataSettings, Settings, SourceSettings
from features.engine import Tables, tables_from_arrow
from retention.campaigns import campaign_uplift, measure_campaigns
from retention.catalogue import load_catalogue
from retention.uplift import UpliftSettings

PLANS = (
    CampaignPlan(strategy="regular_contact", week=20, share=1.0, held_out=0.5, lift=1.5, moderation=1.0),
    CampaignPlan(strategy="greeting_gift", week=48, share=0.5, held_out=0.5, lift=0.0),
)
COMPANY = SimulationSettings(
    customers=4_500, weeks=50, future_weeks=0, acquired_before=1.0, survey_share=0.0, campaigns=PLANS, issue=None
)
SETTINGS = Settings(data=DataSettings(transactions=SourceSettings(path=Path("orders.parquet"))))


@pytest.fixture(scope="module")
def company() -> dict[str, pd.DataFrame]:
    return simulate(COMPANY)


@pytest.fixture(scope="module")
def tables(company: dict[str, pd.DataFrame]) -> Tables:
    return tables_from_arrow(
        {name: to_arrow(name, company[name]) for name in ("transactions", "customers", "treatments")}
    )


def test_one_call_measures_what_had_time_to_work(tables: Tables, company: dict[str, pd.DataFrame]) -> None:
    kinds = dict(zip(company["customers"]["customer_id"], company["customers"]["customer_type"], strict=True))
    found = measure_campaigns(tables, load_catalogue(), SETTINGS, COMPANY.end, segments=kinds)
    keys = {(effect.strategy, effect.segment, effect.outcome) for effect in found.effects}
    assert keys == {
        ("regular_contact", segment, outcome)
        for segment in ("all", "enterprise", "individual")
        for outcome in ("active", "orders", "spend", "spend_if_active")
    }  # the later campaign's horizon is still open
    effect = next(item for item in found.effects if (item.segment, item.outcome) == ("all", "active"))
    truth = company["true_effects"].query("strategy == 'regular_contact'")["true_effect"].mean()
    assert abs(effect.effect - truth) < 3 * effect.se and effect.low > 0
    assert effect.method == "cuped" and effect.variance_removed > 0.05
    belief = found.beliefs["regular_contact"]
    assert belief.evidence == "randomised" and belief.orders_points > 0.03
    assert set(found.contacts["strategy"]) == {"regular_contact", "greeting_gift"}
    assert effect.as_dict()["evidence"] == "randomised"


def test_nothing_before_the_first_campaign_and_without_treatments(
    tables: Tables, company: dict[str, pd.DataFrame]
) -> None:
    early = measure_campaigns(tables, load_catalogue(), SETTINGS, datetime(2023, 8, 1))
    assert early.effects == [] and early.beliefs == {} and early.contacts.empty
    with tables_from_arrow({"transactions": to_arrow("transactions", company["transactions"].head(100))}) as bare:
        assert measure_campaigns(bare, load_catalogue(), SETTINGS, COMPANY.end).effects == []


@pytest.mark.slow
def test_the_learner_finds_the_digital_customers(tables: Tables) -> None:
    quick = UpliftSettings(folds=2, rounds=25, effect_rounds=30)
    report = campaign_uplift(tables, "regular_contact", SETTINGS, COMPANY.end, learner=quick)
    assert sum(report.qini) > 0 and sum(report.qini) > sum(report.qini_risk_first)
    with pytest.raises(NotEnoughDataError, match="strategy 'greeting_gift': 0 customers in the smaller arm"):
        campaign_uplift(tables, "greeting_gift", SETTINGS, COMPANY.end)
