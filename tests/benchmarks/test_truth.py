"""What is said of a simulated company against its truth; sums that must hold for every customer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality_tasks import LogMissingError, chosen_tasks, task_settings
from benchmarks.simulator import CampaignPlan, SimulationSettings, simulate
from benchmarks.truth import (
    adding_up,
    company_settings,
    company_tables,
    driver_agreement,
    effect_recovery,
    satisfaction_agreement,
    trained_scorer,
)
from features.engine import Tables, open_tables
from features.ingestion import ingest
from retention.scoring.scorer import Scorer

COMPANY = SimulationSettings(
    customers=1_500,
    seed=21,
    campaigns=(
        CampaignPlan(strategy="reactivation_offer", week=50, share=1.0, held_out=0.5, lift=2.0),
        CampaignPlan(strategy="greeting_gift", week=75, share=1.0, held_out=0.5, lift=0.0),
    ),
)


def scores_of(reasons: list[list[str]], tiers: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(len(tiers))],
            "churn_risk_tier": tiers,
            "reasons": [[{"driver": name, "form": name} for name in names] for names in reasons],
        }
    )


def test_agreement_counts_the_first_two_reasons_of_high_risk_customers() -> None:
    scores = scores_of(
        [["recency", "level"], ["level", "satisfaction"], ["level", "tenure", "frequency"], ["recency"], []],
        ["high", "high", "high", "low", "high"],
    )
    truth = pd.DataFrame(
        {
            "customer_id": ["c4", "c3", "c2", "c1", "c0"],
            "true_driver": [None, "satisfaction", "frequency", "satisfaction", "recency"],
        }
    )
    found = driver_agreement(scores, truth)
    assert (found.customers, found.first, found.first_two) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert found.by_cause == {"recency": (1, 1.0), "satisfaction": (1, 1.0), "frequency": (1, 0.0)}
    slow = scores.assign(reasons=[*scores["reasons"][:2], [{"driver": "recency", "form": "rhythm_peers"}], [], []])
    assert driver_agreement(slow, truth).by_cause["frequency"] == (1, 1.0), "a slow rhythm is told as one"


def test_sums_that_do_not_hold_are_seen() -> None:
    parts = [[{"driver": "recency", "points": 0.2}, {"driver": "level", "points": -0.05}], []]
    scores = pd.DataFrame(
        {
            "churn_probability": [0.65, 0.4],
            "churn_base": [0.5, np.nan],
            "drivers": parts,
            "expected_spend": [1_000.0, np.nan],
            "spend_base": [999.0, np.nan],
            "spend_drivers": [[{"driver": "recency", "points": 0.5}], []],
            "lifetime_value": [np.nan, np.nan],
            "lifetime_base": [np.nan, np.nan],
            "lifetime_drivers": [[], []],
        }
    )
    found = adding_up(scores)
    assert found == {"churn_probability": pytest.approx(0.0, abs=1e-12), "expected_spend": pytest.approx(5e-4)}


@pytest.fixture(scope="module")
def company() -> dict[str, pd.DataFrame]:
    return simulate(COMPANY)


@pytest.fixture(scope="module")
def tables(company: dict[str, pd.DataFrame]) -> Iterator[Tables]:
    with company_tables(company) as given:
        yield given


@pytest.fixture(scope="module")
def scorer(tables: Tables) -> Scorer:
    return trained_scorer(tables, COMPANY.end, company_settings(cutoffs=4))


@pytest.fixture(scope="module")
def scores(scorer: Scorer, tables: Tables) -> pd.DataFrame:
    return scorer.score(tables, COMPANY.end)


@pytest.mark.slow
def test_the_true_cause_is_among_the_first_two_reasons(scores: pd.DataFrame, company: dict[str, pd.DataFrame]) -> None:
    found = driver_agreement(scores, company["truth"])
    assert found.customers > 300 and found.first_two >= 0.8
    assert found.by_cause["recency"][1] >= 0.9
    # satisfaction is told where it is the cause more often than where it is not
    others = company["truth"].assign(true_driver="satisfaction")
    anywhere = driver_agreement(scores, others).first_two
    assert found.by_cause["satisfaction"][1] > anywhere + 0.15


@pytest.mark.slow
def test_satisfaction_moves_risk_as_it_truly_does(scores: pd.DataFrame, company: dict[str, pd.DataFrame]) -> None:
    found = satisfaction_agreement(scores, company["truth"])
    assert found.customers > 300
    assert found.right_sign >= 0.75 and found.correlation > 0.45
    assert found.unhappy > 0.02 and found.happy < -0.02


@pytest.mark.slow
def test_true_effects_lie_in_their_intervals_and_move_the_belief(
    scorer: Scorer, tables: Tables, company: dict[str, pd.DataFrame]
) -> None:
    rows = {row["strategy"]: row for row in effect_recovery(tables, company["true_effects"], scorer, COMPANY.end)}
    assert set(rows) == {"reactivation_offer", "greeting_gift"}
    for row in rows.values():
        error = (row["high"] - row["low"]) / 3.92
        assert abs(row["measured"] - row["true"]) < 3 * error and row["evidence"] == "randomised"
    assert rows["reactivation_offer"]["low"] > 0
    assert rows["reactivation_offer"]["believed_points"] > rows["reactivation_offer"]["prior_points"]
    # the bundle keeps what was measured at training, so the service believes what the batch run believes
    assert set(scorer.measured) == set(rows)


@pytest.mark.slow
def test_base_and_drivers_are_the_numbers_shown(scores: pd.DataFrame) -> None:
    found = adding_up(scores)
    assert set(found) == {"churn_probability", "expected_spend", "lifetime_value"}
    assert max(found.values()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "as_of"), [("journey-2017-10", datetime(2017, 6, 1)), ("retail-2011-09", datetime(2010, 9, 1))]
)
def test_base_and_drivers_are_the_numbers_shown_on_public_logs(
    name: str, as_of: datetime, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (task,) = chosen_tasks([name])
    try:
        settings = task_settings(task, tmp_path_factory.mktemp("log"))
    except LogMissingError as missing:
        pytest.skip(str(missing))
    # the sums do not ask for the best model: a short history, few cut-offs, one horizon
    targets = settings.targets.model_copy(update={"horizons": (90,), "lifetime_days": 90})
    training = settings.training.model_copy(update={"max_cutoffs": 2, "max_rows": 20_000})
    settings = settings.model_copy(update={"targets": targets, "training": training})
    ingest(settings)
    with open_tables(settings.canonical) as tables:
        scores = trained_scorer(tables, as_of, settings).score(tables, as_of)
    found = adding_up(scores)
    assert len(scores) > 2_000 and set(found) == {"churn_probability", "expected_spend", "lifetime_value"}
    assert max(found.values()) < 1e-6
