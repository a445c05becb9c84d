"""Measures: perfect and random, published and scikit-learn's values, and behaviour at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from evaluation import metrics

random = np.random.default_rng(7)
N = 4000
P = random.beta(1.2, 1.5, N)
Y = (random.uniform(size=N) < P).astype(float)
SPEND = np.where(random.uniform(size=N) < 0.4, 0.0, random.gamma(0.7, 80.0, N))
EXPECTED = SPEND * random.lognormal(0, 0.8, N) * 0.5 + random.gamma(1.0, 15.0, N)
NOISE = random.uniform(size=N)


def test_agree_with_scikit_learn() -> None:
    rough = np.round(P, 1).clip(0.05, 0.95)
    for p in (P, rough):
        assert metrics.auc(Y, p) == pytest.approx(sk.roc_auc_score(Y, p), abs=1e-12)
        assert metrics.average_precision(Y, p) == pytest.approx(sk.average_precision_score(Y, p), abs=1e-12)
        assert metrics.log_loss(Y, p) == pytest.approx(sk.log_loss(Y, np.clip(p, 1e-6, 1 - 1e-6)), abs=1e-12)
        assert metrics.brier(Y, p) == pytest.approx(sk.brier_score_loss(Y, p), abs=1e-12)
    assert metrics.mean_absolute_error(SPEND, EXPECTED) == pytest.approx(sk.mean_absolute_error(SPEND, EXPECTED))
    mu = np.maximum(EXPECTED, 0.01 * SPEND.mean())
    assert metrics.tweedie_deviances(SPEND, EXPECTED).mean() == pytest.approx(
        sk.mean_tweedie_deviance(SPEND, mu, power=1.5)
    )
    assert metrics.tweedie_deviances(SPEND, EXPECTED, 1).mean() == pytest.approx(sk.mean_poisson_deviance(SPEND, mu))


def test_perfect_predictions() -> None:
    assert metrics.auc(Y, Y) == 1.0
    assert metrics.average_precision(Y, Y) == 1.0
    assert metrics.log_loss(Y, Y) < 2e-6
    assert metrics.brier(Y, Y) == 0.0
    assert metrics.calibration_error(Y, Y) == 0.0
    assert metrics.mean_absolute_error(SPEND, SPEND) == 0.0
    assert metrics.bias(SPEND, SPEND) == 0.0
    assert metrics.normalised_gini(SPEND, SPEND) == pytest.approx(1.0)
    assert metrics.spearman(SPEND, SPEND) == pytest.approx(1.0)
    assert metrics.decile_error(SPEND, SPEND) == 0.0
    assert metrics.tweedie_deviances(SPEND, SPEND)[SPEND > 1].max() < 1e-9
    assert metrics.interval_coverage(SPEND, SPEND, SPEND) == 1.0


def test_random_predictions() -> None:
    assert metrics.auc(Y, NOISE) == pytest.approx(0.5, abs=0.03)
    assert metrics.average_precision(Y, NOISE) == pytest.approx(Y.mean(), abs=0.03)
    assert metrics.normalised_gini(SPEND, NOISE) == pytest.approx(0.0, abs=0.06)
    assert metrics.spearman(SPEND, NOISE) == pytest.approx(0.0, abs=0.05)
    assert metrics.gain_table(Y, NOISE)["lift"].iloc[0] == pytest.approx(1.0, abs=0.15)
    assert metrics.calibration_error(Y, np.full(N, Y.mean())) < 0.05


def test_a_constant_prediction_ranks_nothing() -> None:
    assert metrics.auc(Y, np.zeros(N)) == 0.5
    assert metrics.average_precision(Y, np.zeros(N)) == pytest.approx(Y.mean())
    assert metrics.normalised_gini(SPEND, np.zeros(N)) == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(metrics.spearman(SPEND, np.zeros(N)))


def test_calibration_error_sees_a_shift() -> None:
    assert metrics.calibration_error(Y, P) < 0.03
    assert metrics.calibration_error(Y, np.clip(P + 0.2, 0, 1)) == pytest.approx(0.2, abs=0.04)
    table = metrics.calibration_table(Y, P)
    assert len(table) == 15
    assert table["customers"].sum() == N
    assert table["customers"].max() - table["customers"].min() <= 1
    assert (np.diff(table["predicted"]) > 0).all()


def test_gain_adds_up() -> None:
    table = metrics.gain_table(Y, P)
    assert table["gain"].iloc[-1] == 1.0
    assert table["share"].iloc[-1] == 1.0
    assert table["positives"].sum() == Y.sum()
    assert (np.diff(table["rate"]) < 0.02).all(), "higher predictions come first"


def test_signs_of_bias_and_size_of_decile_error() -> None:
    assert metrics.bias([10.0, 10.0], [11.0, 12.0]) == pytest.approx(0.15)
    assert metrics.decile_error(SPEND, SPEND * 1.5) == pytest.approx(0.5)


def test_normalised_gini_by_hand() -> None:
    # Values 1, 2, 3 sorted by themselves: 2·(1+4+9)/(3·6) - 4/3 = 2/9; the worst order gives the negative.
    assert metrics._gini(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 9)
    assert metrics.normalised_gini([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)


def test_interval_coverage_leaves_unknown_rows_out() -> None:
    assert metrics.interval_coverage([1, 2, 3, 4], [0, 3, 3, np.nan], [1, 4, 3, 9]) == pytest.approx(2 / 3)
    assert np.isnan(metrics.interval_coverage([1.0], [np.nan], [2.0]))


@pytest.mark.parametrize(
    ("measure", "actual"),
    [(metrics.auc, [1.0, 1.0]), (metrics.average_precision, [0.0, 0.0]), (metrics.bias, [0.0, 0.0]),
     (metrics.normalised_gini, [0.0, 0.0]), (metrics.decile_error, [0.0, 0.0]), (metrics.log_loss, []),
     (metrics.calibration_error, []), (metrics.mean_absolute_error, [])],
)  # fmt: skip
def test_no_answer_is_nan(measure, actual) -> None:  # type: ignore[no-untyped-def]
    assert np.isnan(measure(actual, [0.5] * len(actual)))


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="same length"):
        metrics.auc([0, 1], [0.1])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
@settings(max_examples=100, deadline=None)
def test_auc_equals_counting_pairs(rows: list[tuple[bool, int]]) -> None:
    y, p = [float(row[0]) for row in rows], [row[1] / 5 for row in rows]
    pairs = [
        (a > b) + 0.5 * (a == b) for (u, a) in zip(y, p, strict=True) if u for (v, b) in zip(y, p, strict=True) if not v
    ]
    found = metrics.auc(y, p)
    assert np.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


def test_bootstrap_interval_is_right_and_repeatable() -> None:
    values = random.normal(0.1, 1.0, 3000)
    found = metrics.bootstrap_difference(values, seed=3)
    half = 1.645 / np.sqrt(3000)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.004)
    assert found.high == pytest.approx(values.mean() + half, abs=0.004)
    assert found == metrics.bootstrap_difference(values, seed=3)
    big = metrics.bootstrap_difference(random.normal(0.1, 1.0, 100_001), seed=3)
    assert big.high - big.low == pytest.approx(2 * 1.645 / np.sqrt(100_001), rel=0.1)
    assert np.isnan(metrics.bootstrap_difference([], seed=1).mean)
