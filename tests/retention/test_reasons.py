"""Reasons add up, whatever the numbers; the rule is order-free and has its limits right."""

from __future__ import annotations

import itertools
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from configs.errors import InvariantError
from features.specs import DRIVERS, TOLD_DRIVERS, FeatureSet, FeatureSpec, told_driver
from models.contract import Contributions, Link
from retention.explanation.reasons import (
    STEPS,
    Attribution,
    attribute,
    check_sum,
    choose,
    driver_lists,
    natural_base,
    path_share,
    rest_of,
)

SPECS = FeatureSet(
    (
        FeatureSpec("a1", "recency", "transactions", "days", "a one", "甲一"),
        FeatureSpec("a2", "recency", "transactions", "days", "a two", "甲二"),
        FeatureSpec("b1", "satisfaction", "feedback", "score", "b one", "乙一", "no score", "无评分"),
        FeatureSpec("c1", "profile", "customers", "code", "c one", "丙一", kind="categorical"),
    )
)
NAMES = ["a1", "a2", "b1", "c1", "level", "calibration"]


def parts(link: Link, base: object, values: object) -> Contributions:
    """Contributions from plain lists."""
    table = np.atleast_2d(np.asarray(values, dtype=float))
    return Contributions(
        link, np.broadcast_to(np.asarray(base, float), (len(table),)), pd.DataFrame(table, columns=NAMES)
    )


@pytest.mark.parametrize("link", ["logit", "log", "identity"])
@given(
    base=st.floats(-8, 8),
    values=hnp.arrays(float, (5, len(NAMES)), elements=st.floats(-6, 6)),
    scale=st.sampled_from([0.0, 1e-300, 1e-12, 1e-6, 1e-3, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_base_and_drivers_add_up_on_every_row(link: Link, base: float, values: np.ndarray, scale: float) -> None:
    given_parts = parts(link, base, values * scale)
    found = attribute(given_parts, SPECS, target="churn" if link == "logit" else "spend")
    shown = given_parts.predict()
    assert np.all(np.abs(found.total() - shown) <= 1e-9 * np.maximum(1.0, np.abs(shown)))
    assert np.all(np.abs(found.base + found.features.sum(axis=1) - shown) <= 1e-9 * np.maximum(1.0, np.abs(shown)))


def test_adding_up_holds_far_out() -> None:
    for link, base, value in itertools.product(
        ("logit",), (-700.0, -40.0, 0.0, 40.0, 700.0), (-2000.0, -50.0, 50.0, 2000.0)
    ):
        given_parts = parts(link, base, [[value, 0, 0, 0, 0, 0]])
        found = attribute(given_parts, SPECS, target="churn")
        assert np.isfinite(found.features).all()
        assert abs(found.total()[0] - 1 / (1 + np.exp(-np.clip(base + value, -700, 700)))) < 1e-9


def test_each_driver_gets_the_mean_slope_on_the_straight_path() -> None:
    # the integral of Aumann and Shapley by brute force, for comparison with the closed form
    base, values = -0.7, np.array([1.3, -0.4, 0.0, 0.6, 0.2, -0.1])
    steps = (np.arange(200_000) + 0.5) / 200_000
    p = 1 / (1 + np.exp(-(base + steps * values.sum())))
    expected = values * np.mean(p * (1 - p))
    found = attribute(parts("logit", base, [values]), SPECS, target="churn").features[0]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_limit_when_parts_cancel_is_the_slope_at_the_base() -> None:
    base = 0.4
    p0 = 1 / (1 + np.exp(-base))
    found = attribute(parts("logit", base, [[0.8, -0.8, 0, 0, 0, 0]]), SPECS, target="churn")
    np.testing.assert_allclose(found.features[0, :2], [0.8 * p0 * (1 - p0), -0.8 * p0 * (1 - p0)], atol=1e-15)
    assert abs(found.total()[0] - p0) < 1e-15


@pytest.mark.parametrize("total", [0.0, 1e-9, -1e-7, 1e-5, 1.9e-4, 2.1e-4, 0.01, 1.0, -3.0, 30.0])
@pytest.mark.parametrize("base", [-5.0, 0.0, 2.5])
@pytest.mark.parametrize("link", ["logit", "log"])
def test_path_share_agrees_with_fifty_digits(link: Link, base: float, total: float) -> None:
    getcontext().prec = 50
    b, s = Decimal(base), Decimal(total)

    def inverse(x: Decimal) -> Decimal:
        return 1 / (1 + (-x).exp()) if link == "logit" else x.exp()

    if total == 0:
        p = inverse(b)
        exact = p * (1 - p) if link == "logit" else p
    else:
        exact = (inverse(b + s) - inverse(b)) / s
    found = path_share(link, np.array([base]), np.array([total]))[0]
    assert abs(Decimal(float(found)) / exact - 1) < Decimal("1e-13")


def test_the_order_of_columns_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(20, len(NAMES))), columns=NAMES)
    base = np.zeros(20)
    one = attribute(Contributions("logit", base, table), SPECS, target="churn")
    other = attribute(Contributions("logit", base, table[NAMES[::-1]]), SPECS, target="churn")
    assert one.codes == other.codes == [code for code in DRIVERS if code in one.codes]
    np.testing.assert_allclose(one.drivers, other.drivers, atol=1e-14)


def test_families_that_mean_nothing_alone_are_one_driver() -> None:
    found = attribute(parts("logit", 0.0, [[0, 0, 0, 0, 0.3, -0.2]]), SPECS, target="churn")
    assert found.codes == ["recency", "satisfaction", "profile", "level"]
    assert found.drivers[0, 3] == pytest.approx(found.features[0, 4] + found.features[0, 5])
    assert np.all(found.drivers[0, :3] == 0)
    assert all(told_driver(driver.part_of) == driver.part_of for driver in DRIVERS.values() if driver.part_of)


def test_points_are_measured_from_the_reference_and_the_sum_stays() -> None:
    given_parts = parts("logit", -1.0, [[1.0, 0.2, 0.5, 0, 0, 0], [-1.0, 0.2, 0.5, 0, 0, 0]])
    reference = np.tile([0.4, 0.2, -0.5, 0.0, 0.0, 0.0], (2, 1))
    plain = attribute(given_parts, SPECS, target="churn")
    found = attribute(given_parts, SPECS, target="churn", shown=given_parts.predict(), reference=reference)
    assert found.total() == pytest.approx(plain.total(), abs=1e-12)
    assert found.base == pytest.approx(1 / (1 + np.exp(0.9)))
    assert found.features[0, 1] == 0 and plain.features[0, 1] > 0  # as the typical customer: nothing to tell


def test_a_column_without_a_family_is_refused() -> None:
    table = pd.DataFrame([[1.0]], columns=["mystery"])
    with pytest.raises(InvariantError, match=r"'mystery'.*neither a feature nor a step"):
        attribute(Contributions("logit", np.zeros(1), table), SPECS, target="churn")


def test_a_sum_that_is_not_what_is_shown_is_refused() -> None:
    given_parts = parts("logit", 0.0, [[1, 0, 0, 0, 0, 0], [0.5, 0, 0, 0, 0, 0]])
    shown = given_parts.predict()
    found = attribute(given_parts, SPECS, target="churn", shown=shown)
    assert check_sum(found, shown) < 1e-15
    assert check_sum(found, np.array([shown[0], np.nan])) < 1e-15
    wrong = shown + np.array([0.0, 2e-6])
    with pytest.raises(InvariantError, match=r"customer 77 add up to 0\.6224"):
        attribute(given_parts, SPECS, target="churn", shown=wrong, ids=["5", "77"])
    with pytest.raises(InvariantError):
        check_sum(attribute(parts("logit", np.nan, [[1, 0, 0, 0, 0, 0]]), SPECS, target="churn"), np.array([0.5]))


def told(found: Attribution, supported: object = True, **options: object) -> list[str]:
    """Codes of the drivers told of the first customer, in their order."""
    facts = np.broadcast_to(np.asarray(supported, dtype=bool), found.drivers.shape)
    choice = choose(found, facts, limit=5, **options)  # type: ignore[arg-type]
    return [found.codes[d] for d in choice.driver[0].tolist() if d >= 0]


def test_what_explains_the_difference_comes_first_and_steps_are_not_told() -> None:
    found = attribute(parts("logit", 0.0, [[0.2, 0, -0.9, 0.5, 2.0, 0]]), SPECS, target="churn")
    # the risk is above the base: what raises it is told before the larger thing that lowers it
    assert told(found) == ["profile", "recency", "satisfaction"]


def test_without_a_fact_a_driver_is_last_and_never_alone() -> None:
    found = attribute(parts("logit", 0.0, [[0.2, 0, 0.9, 0.5, 0.0, 0]]), SPECS, target="churn")
    columns = ["recency", "satisfaction", "profile", "level"]
    assert told(found, [code != "satisfaction" for code in columns]) == ["profile", "recency", "satisfaction"]
    assert told(found, False) == []


def test_of_drivers_without_a_fact_one_is_told() -> None:
    found = attribute(parts("logit", 0.0, [[0.2, 0, 0.9, 0.5, 0.4, 0]]), SPECS, target="churn")
    assert told(found, [True, False, False, False]) == ["recency", "satisfaction"]


def test_nothing_is_told_that_speaks_only_against_the_difference() -> None:
    found = attribute(parts("logit", 0.0, [[0.9, 0, -0.4, 0, 0, 0]]), SPECS, target="churn")
    assert told(found, [False, True, True, True]) == []


def test_small_reasons_are_told_where_nothing_larger_is() -> None:
    both = attribute(parts("logit", 0.0, [[0.9, 0, 0.04, 0, 0, 0]]), SPECS, target="churn")
    assert told(both) == ["recency"]
    small = attribute(parts("logit", 0.0, [[0.05, 0, 0.04, 0, 0, 0]]), SPECS, target="churn")
    assert told(small) == ["recency", "satisfaction"]


def test_what_nothing_is_known_of_is_no_reason() -> None:
    found = attribute(parts("logit", 0.0, [[0.2, 0, 0.9, 0, 0, 0]]), SPECS, target="churn")
    unknown = np.array([[False, True, False, False]])
    assert told(found, unknown=unknown) == ["recency"]
    choice = choose(found, np.ones((1, 4), dtype=bool), limit=5, unknown=unknown)
    shown = found.base + choice.points.sum(axis=1) + rest_of(found, choice)
    assert shown == pytest.approx(found.total(), abs=1e-15)


def test_points_too_small_to_show_stay_in_the_sum() -> None:
    found = attribute(parts("logit", 0.0, [[1e-4, 0, 0.5, 0, 0, 0]]), SPECS, target="churn")
    assert told(found) == ["satisfaction"]
    listed = driver_lists(found, np.array([True]))[0]
    assert {one["driver"] for one in listed} == set(found.codes)
    assert found.base[0] + sum(float(one["points"]) for one in listed) == pytest.approx(found.total()[0], abs=1e-15)  # type: ignore[arg-type]
    assert driver_lists(found, np.array([False])) == [[]]


def test_natural_base_is_the_answer_without_parts() -> None:
    assert natural_base("logit", np.array([0.0]))[0] == 0.5
    assert natural_base("log", np.array([1.0]))[0] == pytest.approx(np.e)
    assert natural_base("identity", np.array([7.0]))[0] == 7.0


def test_every_step_is_a_driver_that_cannot_be_acted_on() -> None:
    assert all(not DRIVERS[code].actionable for code in STEPS)


def test_the_numbers_worked_through_in_the_documentation_are_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reasons.md").read_text(encoding="utf-8")
    table = pd.DataFrame([[0.9, 0.4, -0.5, 0.1]], columns=["a1", "b1", "a2", "calibration"])
    churn = attribute(Contributions("logit", np.array([-0.6]), table), SPECS, target="churn")
    for points in churn.features[0] * 100:
        assert f"| {points:+.2f} |" in page
    assert f"{churn.base[0] * 100:.2f} + {churn.drivers.sum() * 100:.2f} = {churn.total()[0] * 100:.2f}" in page
    money = pd.DataFrame([[0.5, 0.3, -0.2]], columns=["a1", "b1", "a2"])
    spend = attribute(Contributions("log", np.log([200.0]), money), SPECS, target="spend")
    assert f"200 * e^0.6 = {spend.total()[0]:.2f}" in page
    first, second, third = spend.features[0]
    assert f"{first:+.2f}, {second:+.2f} and {third:+.2f}" in page


def test_the_documentation_names_every_driver() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reasons.md").read_text(encoding="utf-8")
    for driver in (DRIVERS[code] for code in TOLD_DRIVERS):
        assert f"| `{driver.code}` | {driver.en} | {driver.zh} | {'yes' if driver.actionable else 'no'} |" in page


def test_an_unstable_driver_is_never_first() -> None:
    # recency largest, then profile, then satisfaction
    found = attribute(parts("logit", 0.0, [[0.9, 0.0, 0.2, 0.4, 0.1, 0.0]] * 2), SPECS, target="churn")

    def first(*unstable: str) -> list[str]:
        return told(found, unstable=frozenset(unstable))[:3]

    assert first() == ["recency", "profile", "satisfaction"]
    assert first("recency") == ["profile", "recency", "satisfaction"]
    assert first("recency", "profile") == ["satisfaction", "recency", "profile"]
    # not one that could come first instead: nothing is moved
    assert first("recency", "profile", "satisfaction") == ["recency", "profile", "satisfaction"]
