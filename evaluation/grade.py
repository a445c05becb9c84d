"""The grade of a model: A, B or C by one written rule, against the best simple method on the same customers.

The rule (also in docs/metrics.md):

* **C** if it cannot be judged: fewer than 200 test customers, or fewer than 30 who stayed or 30 who stopped;
  if customers cannot be told apart (AUC within what chance gives, 95 %) or are told the wrong way round (AUC below
  0.5, or the riskiest tenth stopped less often than all); if log loss (beside every simple method, the constant rate
  among them) or spend deviance is worse than the best one's beyond noise; if the calibration error is above 0.10; if
  orders or spend in total are outside 60 to 167 % of what happened and a simple method comes closer; or if lifetime
  value, where it could be tested, is in total less than half or more than twice of what happened, or its interval
  covers 25 points less than it states.
* **A** if log loss is better than the best baseline's beyond noise, spend deviance is not worse beyond noise, the
  calibration error is at most 0.05, expected orders are within 15 % in total, expected spend within 20 %, lifetime
  value within 25 % and its interval covers within 10 points of what it states.
* **B** otherwise: as good as the best simple method, or better with a level that is off.

"Beyond noise" means that the 90 % bootstrap interval of the paired difference over customers excludes zero. The best
baseline of a measure is the one with the lowest value of that measure. A model of grade C is not put into use
(`training.gate`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

from evaluation.metrics import Difference, auc_by_chance

MIN_CUSTOMERS, MIN_PER_CLASS = 200, 30
MAX_ECE_A, MAX_ECE_B = 0.05, 0.10
MAX_ORDERS_BIAS_A, MAX_SPEND_BIAS_A, MAX_LIFETIME_BIAS_A = 0.15, 0.20, 0.25
LEAST_TOTAL_B, LEAST_LIFETIME_B = 0.60, 0.50
"""Expected ÷ actual in total, or its inverse, below which a level is no level."""
MAX_COVERAGE_GAP_A, MAX_COVERAGE_GAP_B = 0.10, 0.25
MIN_LIFETIME_CUSTOMERS = 30

Letter = Literal["A", "B", "C"]


@dataclass(frozen=True)
class Check:
    """One condition of the rule: its code, the value seen, the limit, and whether it holds."""

    code: str
    value: float | None
    limit: float | None
    holds: bool


@dataclass(frozen=True)
class LifetimeTest:
    """What the test of lifetime value found: customers, bias in total, coverage seen and stated."""

    customers: int
    bias: float
    coverage: float
    stated: float


@dataclass(frozen=True)
class Grade:
    """A letter and the checks that gave it.

    Attributes
    ----------
    letter : str
        A, B or C.
    reason : str
        Stable code of the deciding reason: `better`, `as_good`, `level_off`, `too_few`, `not_told_apart`,
        `upside_down`, `worse_churn`, `worse_spend`, `not_calibrated`, `orders_lost`, `spend_lost`, `lifetime_lost`.
    checks : tuple of Check
        Everything that was looked at, in order.
    """

    letter: Letter
    reason: str
    checks: tuple[Check, ...]

    def as_dict(self) -> dict[str, object]:
        """JSON values."""
        return {"letter": self.letter, "reason": self.reason, "checks": [asdict(check) for check in self.checks]}


def grade(  # noqa: PLR0913 – one keyword per measure that the rule asks for
    *,
    customers: int,
    stayed: int,
    stopped: int,
    auc: float,
    lift: float,
    log_loss_difference: Difference,
    spend_difference: Difference | None,
    calibration_error: float,
    orders_bias: float,
    spend_bias: float | None,
    simple_orders_bias: float = math.nan,
    simple_spend_bias: float = math.nan,
    lifetime: LifetimeTest | None = None,
) -> Grade:
    """Apply the rule of this module.

    Parameters
    ----------
    customers, stayed, stopped : int
        Test customers, and how many of them did and did not order in the horizon.
    auc, lift : float
        Of the churn probability; `lift` of the riskiest tenth.
    log_loss_difference : Difference
        Log loss minus the best baseline's, per customer; negative is better.
    spend_difference : Difference or None
        The same for the deviance of expected spend; None where the log has no amounts.
    calibration_error, orders_bias, spend_bias : float
        Measures of this model; `spend_bias` None without amounts.
    simple_orders_bias, simple_spend_bias : float
        Of the simple method that comes closest in total; NaN where there is none.
    lifetime : LifetimeTest or None
        None where the log is too short to test it, or has no amounts.
    """
    spend = spend_difference
    chance = auc_by_chance(stopped, stayed)
    checks = [
        Check("enough_customers", customers, MIN_CUSTOMERS, customers >= MIN_CUSTOMERS),
        Check("enough_of_both", min(stayed, stopped), MIN_PER_CLASS, min(stayed, stopped) >= MIN_PER_CLASS),
        Check("told_apart", _json(auc), _json(0.5 + chance), not abs(auc - 0.5) <= chance),
        Check("right_way_up", _json(auc), 0.5, not auc < 0.5),
        Check("riskiest_tenth", _json(lift), 1.0, not lift < 1.0),
        Check("churn_not_worse", _json(log_loss_difference.low), 0.0, not log_loss_difference.low > 0),
        Check("churn_better", _json(log_loss_difference.high), 0.0, log_loss_difference.high < 0),
        Check("calibrated", _json(calibration_error), MAX_ECE_B, calibration_error <= MAX_ECE_B),
        Check("well_calibrated", _json(calibration_error), MAX_ECE_A, calibration_error <= MAX_ECE_A),
        _held("orders_held", orders_bias, simple_orders_bias),
        Check("orders_level", _json(orders_bias), MAX_ORDERS_BIAS_A, abs(orders_bias) <= MAX_ORDERS_BIAS_A),
    ]
    if spend is not None:
        checks.append(Check("spend_not_worse", _json(spend.low), 0.0, not spend.low > 0))
    if spend_bias is not None:
        checks.append(_held("spend_held", spend_bias, simple_spend_bias))
        checks.append(Check("spend_level", _json(spend_bias), MAX_SPEND_BIAS_A, abs(spend_bias) <= MAX_SPEND_BIAS_A))
    if lifetime is not None and lifetime.customers >= MIN_LIFETIME_CUSTOMERS:
        checks += _lifetime_checks(lifetime)
    holds = {check.code: check.holds for check in checks}
    letter, reason = _decide(holds)
    return Grade(letter, reason, tuple(checks))


def _held(code: str, bias: float, simple: float) -> Check:
    """Whether a total is near what happened, or at least as near as the nearest simple method's."""
    ours, theirs = _share(bias), _share(simple)
    return Check(code, _json(bias), LEAST_TOTAL_B, not ours < LEAST_TOTAL_B or not theirs > ours)


def _share(bias: float) -> float:
    """Expected ÷ actual or its inverse, whichever is below one: 0 is nothing of it, 1 is exact."""
    ratio = max(1.0 + bias, 0.0)
    return min(ratio, 1.0 / ratio) if ratio > 0 else 0.0 if ratio == 0 else math.nan


def _lifetime_checks(found: LifetimeTest) -> list[Check]:
    gap = abs(found.coverage - found.stated)
    short = found.stated - found.coverage
    return [
        Check("lifetime_held", _json(found.bias), LEAST_LIFETIME_B, not _share(found.bias) < LEAST_LIFETIME_B),
        Check("lifetime_level", _json(found.bias), MAX_LIFETIME_BIAS_A, not abs(found.bias) > MAX_LIFETIME_BIAS_A),
        Check(
            "interval_held", _json(found.coverage), found.stated - MAX_COVERAGE_GAP_B, not short > MAX_COVERAGE_GAP_B
        ),
        Check("interval_level", _json(found.coverage), found.stated - MAX_COVERAGE_GAP_A, not gap > MAX_COVERAGE_GAP_A),
    ]


REFUSED = (
    ("enough_customers", "too_few"),
    ("enough_of_both", "too_few"),
    ("told_apart", "not_told_apart"),
    ("right_way_up", "upside_down"),
    ("riskiest_tenth", "upside_down"),
    ("churn_not_worse", "worse_churn"),
    ("spend_not_worse", "worse_spend"),
    ("calibrated", "not_calibrated"),
    ("orders_held", "orders_lost"),
    ("spend_held", "spend_lost"),
    ("lifetime_held", "lifetime_lost"),
    ("interval_held", "lifetime_lost"),
)
"""Checks that a model must pass at all, in the order in which the first failing one is told, and the reason told."""
LEVELS = ("well_calibrated", "orders_level", "spend_level", "lifetime_level", "interval_level")


def _decide(holds: dict[str, bool]) -> tuple[Letter, str]:
    for code, reason in REFUSED:
        if not holds.get(code, True):
            return "C", reason
    if not holds["churn_better"]:
        return "B", "as_good"
    if not all(holds.get(code, True) for code in LEVELS):
        return "B", "level_off"
    return "A", "better"


def _json(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
