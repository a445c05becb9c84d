"""Stability of reasons over refits: reproducible, bounded, and none where there is no model."""

from typing import Any

import pytest

from configs.settings import RetentionSettings
from evaluation.datasets import TrainingSet
from evaluation.reason_check import reason_check
from models.suite import ModelSuite


@pytest.mark.slow
def test_refits_on_halves_give_shares_and_the_same_twice(data: TrainingSet) -> None:
    suite = ModelSuite()
    suite.churn_ = object()  # type: ignore[assignment]  # only asked whether there is one
    newest = data.frame[data.frame["as_of"] == data.frame["as_of"].max()].reset_index(drop=True)
    found: dict[str, Any] | None = reason_check(
        data, suite, newest, refits=2, customers=150, retention=RetentionSettings()
    )
    assert found is not None
    assert found["fits"] == 2 and found["customers"] == 150
    assert 0.4 < found["rows"] / len(data.frame) < 0.6
    assert 0.0 <= found["first_kept"] <= found["first_in_top_two"] <= 1.0
    assert found["first_kept"] > 0.3, "chance would be one in a dozen"
    assert -1.0 <= found["rank_agreement"] <= 1.0
    assert found["unstable"] == sorted(code for code, share in found["by_driver"].items() if share < 0.5)
    assert reason_check(data, suite, newest, refits=2, customers=150, retention=RetentionSettings()) == found


def test_nothing_to_compare(data: TrainingSet) -> None:
    suite = ModelSuite()
    suite.churn_ = None
    assert reason_check(data, suite, data.frame, refits=3, customers=10, retention=RetentionSettings()) is None
    suite.churn_ = object()  # type: ignore[assignment]
    assert reason_check(data, suite, data.frame, refits=1, customers=10, retention=RetentionSettings()) is None
