"""The grade follows its written rule, one condition at a time."""

from typing import Any

import pytest

from evaluation.grade import LifetimeTest, grade
from evaluation.metrics import Difference
from evaluation.texts import TEXTS

GOOD: dict[str, Any] = {
    "customers": 1000,
    "stayed": 500,
    "stopped": 500,
    "auc": 0.8,
    "lift": 1.8,
    "log_loss_difference": Difference(-0.02, -0.03, -0.01),
    "spend_difference": Difference(-0.2, -0.5, 0.1),
    "calibration_error": 0.02,
    "orders_bias": -0.05,
    "spend_bias": 0.1,
}


@pytest.mark.parametrize(
    ("change", "letter", "reason"),
    [
        ({}, "A", "better"),
        ({"spend_difference": None, "spend_bias": None}, "A", "better"),
        ({"log_loss_difference": Difference(-0.01, -0.03, 0.01)}, "B", "as_good"),
        ({"calibration_error": 0.07}, "B", "level_off"),
        ({"orders_bias": 0.16}, "B", "level_off"),
        ({"spend_bias": -0.21}, "B", "level_off"),
        ({"calibration_error": 0.11}, "C", "not_calibrated"),
        ({"log_loss_difference": Difference(0.02, 0.01, 0.03)}, "C", "worse_churn"),
        ({"spend_difference": Difference(0.2, 0.1, 0.3)}, "C", "worse_spend"),
        ({"customers": 199}, "C", "too_few"),
        ({"stopped": 29}, "C", "too_few"),
        ({"log_loss_difference": Difference(*[float("nan")] * 3)}, "B", "as_good"),
        ({"auc": 0.53}, "C", "not_told_apart"),
        ({"auc": 0.54}, "A", "better"),
        ({"auc": 0.40}, "C", "upside_down"),
        ({"lift": 0.99}, "C", "upside_down"),
        ({"spend_bias": -0.51, "simple_spend_bias": -0.08}, "C", "spend_lost"),
        ({"spend_bias": -0.51, "simple_spend_bias": -0.55}, "B", "level_off"),
        ({"spend_bias": 0.70, "simple_spend_bias": 0.10}, "C", "spend_lost"),
        ({"spend_bias": 0.60, "simple_spend_bias": 0.10}, "B", "level_off"),
        ({"orders_bias": 1.66, "simple_orders_bias": 0.73}, "C", "orders_lost"),
        ({"orders_bias": 1.66}, "B", "level_off"),
        ({"lifetime": LifetimeTest(500, -1.0, 0.8, 0.8)}, "C", "lifetime_lost"),
        ({"lifetime": LifetimeTest(500, 0.78, 0.8, 0.8)}, "B", "level_off"),
        ({"lifetime": LifetimeTest(500, 0.2, 0.85, 0.8)}, "A", "better"),
        ({"lifetime": LifetimeTest(500, 0.2, 0.94, 0.8)}, "B", "level_off"),
        ({"lifetime": LifetimeTest(500, 0.2, 0.54, 0.8)}, "C", "lifetime_lost"),
        ({"lifetime": LifetimeTest(29, -1.0, 0.1, 0.8)}, "A", "better"),
    ],
)
def test_grade(change: dict[str, Any], letter: str, reason: str) -> None:
    found = grade(**GOOD | change)
    assert (found.letter, found.reason) == (letter, reason)
    assert f"grade.{reason}" in TEXTS
    assert found.as_dict()["letter"] == letter
