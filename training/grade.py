"""The grade of a model: A, B or C by one written rule, against the best simple method on the same customers.

The rule (also in docs/metrics.md):

* **C** if it cannot be judged: fewer than 200 test customers, or fewer than 30 who stayed or 30 who stopped;
  or if log loss or spend deviance is worse than the best baseline's beyond noise; or if the calibration error is
  above 0.10.
* **A** if log loss is better than the best baseline's beyond noise, spend deviance is not worse beyond noise, the
  calibration error is at most 0.05, expected orders are within 15 % in total and expected spend within 20 %.
* **B** otherwise: as good as the best simple method, or better with a level that is off.

"Beyond noise" means that the 90 % bootstrap interval of the paired difference over customers excludes zero. The best
baseline of a measure is the one with the lowest value of that measure.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

from training.metrics import Difference

MIN_CUSTOMERS, MIN_PER_CLASS = 200, 30
MAX_ECE_A, MAX_ECE_B = 0.05, 0.10
MAX_ORDERS_BIAS_A, MAX_SPEND_BIAS_A = 0.15, 0.20

Letter = Literal["A", "B", "C"]


@dataclass(frozen=True)
class Check:
    """One condition of the rule: its code, the value seen, the limit, and whether it holds."""

    code: str
    value: float | None
    limit: float | None
    holds: bool


@dataclass(frozen=True)
class Grade:
    """A letter and the checks that gave it.

    Attributes
    ----------
    letter : str
        A, B or C.
    reason : str
        Stable code of the deciding reason: `better`, `as_good`, `level_off`, `too_few`, `worse_churn`, `worse_spend`,
        `not_calibrated`.
    checks : tuple of Check
        Everything that was looked at, in order.
    """

    letter: Letter
    reason: str
    checks: tuple[Check, ...]

    def as_dict(self) -> dict[str, object]:
        """JSON values."""
        return {"letter": self.letter, "reason": self.reason, "checks": [asdict(check) for check in self.checks]}


def grade(
    *,
    customers: int,
    stayed: int,
    stopped: int,
    log_loss_difference: Difference,
    spend_difference: Difference | None,
    calibration_error: float,
    orders_bias: float,
    spend_bias: float | None,
) -> Grade:
    """Apply the rule of this module.

    Parameters
    ----------
    customers, stayed, stopped : int
        Test customers, and how many of them did and did not order in the horizon.
    log_loss_difference : Difference
        Log loss minus the best baseline's, per customer; negative is better.
    spend_difference : Difference or None
        The same for the deviance of expected spend; None where the log has no amounts.
    calibration_error, orders_bias, spend_bias : float
        Measures of this model; `spend_bias` None without amounts.
    """
    spend = spend_difference
    checks = [
        Check("enough_customers", customers, MIN_CUSTOMERS, customers >= MIN_CUSTOMERS),
        Check("enough_of_both", min(stayed, stopped), MIN_PER_CLASS, min(stayed, stopped) >= MIN_PER_CLASS),
        Check("churn_not_worse", _json(log_loss_difference.low), 0.0, not log_loss_difference.low > 0),
        Check("churn_better", _json(log_loss_difference.high), 0.0, log_loss_difference.high < 0),
        Check("calibrated", _json(calibration_error), MAX_ECE_B, calibration_error <= MAX_ECE_B),
        Check("well_calibrated", _json(calibration_error), MAX_ECE_A, calibration_error <= MAX_ECE_A),
        Check("orders_level", _json(orders_bias), MAX_ORDERS_BIAS_A, abs(orders_bias) <= MAX_ORDERS_BIAS_A),
    ]
    if spend is not None:
        checks.append(Check("spend_not_worse", _json(spend.low), 0.0, not spend.low > 0))
    if spend_bias is not None:
        checks.append(Check("spend_level", _json(spend_bias), MAX_SPEND_BIAS_A, abs(spend_bias) <= MAX_SPEND_BIAS_A))
    holds = {check.code: check.holds for check in checks}
    letter, reason = _decide(holds)
    return Grade(letter, reason, tuple(checks))


def _decide(holds: dict[str, bool]) -> tuple[Letter, str]:
    if not (holds["enough_customers"] and holds["enough_of_both"]):
        return "C", "too_few"
    if not holds["churn_not_worse"]:
        return "C", "worse_churn"
    if not holds.get("spend_not_worse", True):
        return "C", "worse_spend"
    if not holds["calibrated"]:
        return "C", "not_calibrated"
    if not holds["churn_better"]:
        return "B", "as_good"
    if not (holds["well_calibrated"] and holds["orders_level"] and holds.get("spend_level", True)):
        return "B", "level_off"
    return "A", "better"


def _json(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
