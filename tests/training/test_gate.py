"""The gate: the first model passes, a worse one stays back, chance does not decide."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.errors import BundleError
from evaluation.backtest import Evaluation
from training.gate import already_in_use, check_grade, compare, decide, unreadable_champion

LOSSES = np.random.default_rng(11).gamma(1.0, 0.5, 2000)
DEVIANCES = np.random.default_rng(12).gamma(0.5, 30.0, 2000)


def evaluation(
    churn: Any = 0.0, spend: Any = 0.0, *, as_of: str = "2022-07-01", skill: float = -0.05, **content: Any
) -> Evaluation:
    """An evaluation whose losses are the common ones plus something."""
    values = {
        "as_of": as_of,
        "test_cutoff": as_of,
        "horizon_days": 90,
        "lifetime_days": 365,
        "has_amounts": True,
        "grade": {"letter": "A"},
        "metrics": {"holdfast": {}, "bgnbd": {"churn_log_loss": 0.5, "spend_deviance": 20.0}},
        "best": {
            "churn": "bgnbd",
            "churn_difference": {"mean": skill * 0.5, "low": skill * 0.5 - 0.01, "high": skill * 0.5 + 0.01},
            "spend": "bgnbd",
            "spend_difference": {"mean": -1.0, "low": -2.0, "high": 0.0},
        },
    }  # fmt: skip
    losses = pd.DataFrame(
        {
            "key": np.arange(2000),
            "log_loss": LOSSES + churn,
            "orders_deviance": 1.0,
            "spend_deviance": DEVIANCES + spend,
        }
    )
    return Evaluation(values | content, losses)


def test_the_first_model_is_promoted() -> None:
    found = decide(evaluation(), None, seed=1)
    assert (found.promote, found.code) == (True, "first")
    assert "grade A" in found.en and "等级为 A" in found.zh
    untested = decide(None, None, seed=1)
    assert (untested.promote, untested.code) == (True, "first")


@pytest.mark.parametrize(
    ("churn", "spend", "promote", "words"),
    [
        (0.0, 0.0, True, "not worse"),
        (-0.05, 0.0, True, "not worse"),
        (0.05, 0.0, False, "churn risk worse"),
        (0.0, 5.0, False, "expected spend worse"),
        (0.05, 5.0, False, "churn risk and expected spend worse"),
    ],
)
def test_paired_on_the_same_customers(churn: float, spend: float, promote: bool, words: str) -> None:
    found = decide(evaluation(churn, spend), evaluation(), seed=1)
    assert found.promote is promote
    assert words in found.en
    assert all(part["way"] == "paired" for part in found.evidence.values())
    assert found.evidence["log_loss"]["mean"] == pytest.approx(churn, abs=1e-9)


def test_chance_does_not_keep_a_model_back() -> None:
    noise = np.random.default_rng(4).normal(0.001, 0.5, 2000)
    assert decide(evaluation(noise), evaluation(), seed=1).promote


def test_customers_are_matched_by_key() -> None:
    """Half of the customers shared, in another order: only they are compared, each with itself."""
    new, champion = evaluation(0.05), evaluation()
    shuffled = Evaluation(new.content, new.losses.iloc[1000:].sample(frac=1, random_state=2))
    found = compare(shuffled, champion, seed=1)
    assert found["log_loss"]["customers"] == 1000
    assert found["log_loss"]["low"] == pytest.approx(0.05)


def test_other_test_windows_are_compared_by_skill() -> None:
    champion = evaluation(as_of="2022-06-01", skill=-0.05)
    kept = decide(evaluation(5.0, skill=-0.05), champion, seed=1)
    assert kept.promote, "raw losses of different windows say nothing"
    assert {part["way"] for part in kept.evidence.values()} == {"skill"}
    assert not decide(evaluation(skill=0.05), champion, seed=1).promote
    assert decide(evaluation(skill=-0.03), champion, seed=1).promote, "within the noise of both"


def test_other_question_untested_unreadable_and_same() -> None:
    assert decide(evaluation(9.0, horizon_days=30), evaluation(), seed=1).code == "other_question"
    assert decide(None, evaluation(), seed=1, champion_meta={}).code == "untested"
    assert not decide(None, evaluation(), seed=1, champion_meta={}).promote
    assert decide(evaluation(), None, seed=1, champion_meta={}).code == "champion_untested"
    assert already_in_use().promote
    found = unreadable_champion(BundleError("bundle_part_changed", code="bundle_changed", bundle="abc", name="x"))
    assert (
        found.promote
        and "was changed" in found.en
        and "被改动过" in found.zh
        and found.as_dict()["evidence"] == {"error": "bundle_changed"}
    )


FAILED = {"grade": {"letter": "C", "reason": "spend_lost"}}


def test_a_model_that_failed_its_test_is_never_promoted() -> None:
    """Without a tested model of the same question the written rules take its place; with one, that one stays."""
    new = evaluation(**FAILED)
    alone = decide(new, None, seed=1)
    assert (alone.promote, alone.rule, alone.code) == (False, True, "failed")
    untested = decide(new, None, seed=1, champion_meta={"grade": None})
    assert (untested.promote, untested.rule) == (False, True)
    beside = decide(new, evaluation(), seed=1, champion_meta={"grade": "A"})
    assert (beside.promote, beside.rule, beside.code) == (False, False, "failed_kept")
    other = decide(new, evaluation(horizon_days=30), seed=1, champion_meta={"grade": "A"})
    assert (other.promote, other.rule) == (False, True)
    for decision in (alone, beside):
        assert "C" in decision.en and "C" in decision.zh


def test_rules_that_failed_the_test_stay_in_use_until_a_model_passes() -> None:
    """Rules are what a failed model falls back to, so their own grade does not hold them back."""
    assert decide(evaluation(**FAILED), None, seed=1, by_rule=True).code == "first_by_rule"
    ruled = {"grade": "C", "answers": "rule"}
    assert decide(evaluation(), None, seed=1, champion_meta=ruled).code == "champion_by_rule"
    assert not decide(None, None, seed=1, champion_meta=ruled).promote
    assert decide(None, None, seed=1, champion_meta={"grade": None, "answers": "rule"}).promote


def test_using_a_failed_model_by_hand_needs_a_word() -> None:
    with pytest.raises(BundleError, match="--despite-grade"):
        check_grade({"grade": "C", "answers": "model"}, "4f1c")
    check_grade({"grade": "C", "answers": "rule"}, "4f1c")
    check_grade({"grade": "B", "answers": "model"}, "4f1c")
