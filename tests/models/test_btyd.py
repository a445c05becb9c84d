"""Buy-till-you-die models: published parameters, closed-form limits, recovery, degenerate logs, speed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1

from configs.errors import DataError
from models.btyd import BetaGeometric, GammaGamma, ParetoNBD, _common, gamma_gamma, geometric, pareto


def _datasets() -> Path:
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("lifetimes is not installed (extra `peers`): the CDNOW sample comes with it")
    return Path(spec.origin).parent / "datasets"


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    table = pd.read_csv(_datasets() / "cdnow_customers_summary_with_transactions.csv")
    table.columns = ["id", "frequency", "recency", "age", "mean_value"]
    return table


def _figures(value: float, digits: int = 3) -> float:
    return float(f"{value:.{digits}g}")


def test_bg_nbd_gives_the_published_cdnow_parameters(cdnow: pd.DataFrame) -> None:
    model = BetaGeometric.fit(cdnow.frequency, cdnow.recency, cdnow.age)
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=6e-4)
    assert model.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    own = model.log_likelihoods(cdnow.frequency, cdnow.recency, cdnow.age).sum()
    assert own == pytest.approx(model.log_likelihood, abs=1e-6)


def test_pareto_nbd_gives_the_published_cdnow_parameters(cdnow: pd.DataFrame) -> None:
    model = ParetoNBD.fit(cdnow.frequency, cdnow.recency, cdnow.age)
    assert [model.r, model.alpha, model.s, model.beta] == pytest.approx([0.553, 10.578, 0.606, 11.669], rel=1e-3)
    assert model.log_likelihood == pytest.approx(-9595.0, abs=0.05)


def test_gamma_gamma_gives_the_published_cdnow_parameters(cdnow: pd.DataFrame) -> None:
    repeat = cdnow[cdnow.frequency > 0]
    model = GammaGamma.fit(repeat.frequency, repeat.mean_value)
    assert [_figures(model.p), _figures(model.q), _figures(model.gamma)] == [6.25, 3.74, 15.4]


def test_mbg_nbd_beats_bg_nbd_in_likelihood_on_the_cdnow_sample(cdnow: pd.DataFrame) -> None:
    model = BetaGeometric.fit(cdnow.frequency, cdnow.recency, cdnow.age, first_order_dropout=True)
    assert model.log_likelihood == pytest.approx(-9582.1, abs=0.1)
    assert [_figures(v) for v in (model.r, model.alpha, model.a, model.b)] == [0.525, 6.18, 0.891, 1.61]


def test_published_conditional_expectation_of_customer_one(cdnow: pd.DataFrame) -> None:
    # Fader, Hardie & Lee, "Implementing the BG/NBD Model in Excel": 1.226 orders in 39 weeks.
    model = BetaGeometric(0.243, 4.414, 0.793, 2.426)
    assert model.expected_orders(39, [2], [30.43], [38.86])[0] == pytest.approx(1.226, abs=1e-3)


@pytest.mark.parametrize(
    ("module", "arguments", "size"),
    [(geometric, (0.0,), 4), (geometric, (1.0,), 4), (pareto, (), 4)],
    ids=["bg", "mbg", "pareto"],
)
def test_gradient_equals_finite_differences(cdnow: pd.DataFrame, module: object, arguments: tuple, size: int) -> None:
    columns = [cdnow[name].to_numpy(float)[:400] for name in ("frequency", "recency", "age")]
    theta = np.array([-0.5, 1.0, 0.2, 0.4])

    def value(point: np.ndarray) -> tuple[float, np.ndarray]:
        return module._log_likelihood(point, *columns, np.ones(400), *arguments)  # type: ignore[attr-defined]

    steps = 1e-5 * np.eye(size)
    numeric = [(value(theta + step)[0] - value(theta - step)[0]) / 2e-5 for step in steps]
    assert value(theta)[1] == pytest.approx(numeric, rel=1e-5)


def test_gamma_gamma_gradient_equals_finite_differences() -> None:
    x, z, theta = np.array([1.0, 3.0, 10.0]), np.array([0.5, 1.0, 2.0]), np.array([1.0, 0.5, -0.3])
    numeric = [
        (gamma_gamma._log_likelihood(theta + s, x, z)[0] - gamma_gamma._log_likelihood(theta - s, x, z)[0]) / 2e-5
        for s in 1e-5 * np.eye(3)
    ]
    assert gamma_gamma._log_likelihood(theta, x, z)[1] == pytest.approx(numeric, rel=1e-6)


@pytest.mark.parametrize("parameters", [(0.553, 10.578, 0.606, 11.669), (2.0, 3.0, 4.0, 60.0), (0.05, 0.3, 0.2, 1.0)])
@pytest.mark.parametrize("row", [(0, 0.0, 38.9), (3, 20.0, 38.9), (250, 38.0, 39.0), (1, 0.01, 300.0)])
def test_pareto_likelihood_equals_the_integral_over_the_departure(parameters: tuple, row: tuple) -> None:
    (r, alpha, s, beta), (x, tx, age) = parameters, row
    model = ParetoNBD(r, alpha, s, beta)

    def density(tau: float) -> float:  # relative to its value at tx
        power = -(r + x) * np.log((alpha + tau) / (alpha + tx)) - (s + 1) * np.log((beta + tau) / (beta + tx))
        return float(np.exp(power))

    pieces = np.concatenate([tx + np.geomspace(1e-5, 1, 60) * (age - tx)])
    integral = sum(quad(density, low, high)[0] for low, high in zip(np.r_[tx, pieces], pieces, strict=False))
    left = s * integral * (beta + tx) ** -(s + 1)
    alive = ((alpha + age) / (alpha + tx)) ** -(r + x) * (beta + age) ** -s
    assert model.probability_alive([x], [tx], [age])[0] == pytest.approx(alive / (alive + left), rel=1e-6, abs=1e-12)


def test_bg_expectation_equals_the_integral_of_its_rate_and_is_continuous_at_a_equal_one() -> None:
    x, tx, age = np.array([0, 1, 5, 50.0]), np.array([0, 10, 30, 38.0]), np.full(4, 39.0)
    for first in (False, True):
        model = BetaGeometric(0.243, 4.414, 0.793, 2.426, first)
        alive = model.probability_alive(x, tx, age)
        rate = model._integrated(39.0, model.r + x, model.alpha + age, model.b + x + first)
        assert model.expected_orders(39, x, tx, age) == pytest.approx(rate * alive, rel=1e-9)
        around = [BetaGeometric(0.5, 4.0, a, 2.0, first).expected_orders(39, x, tx, age) for a in (0.995, 1.0, 1.005)]
        assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-4)


def test_pareto_expectation_is_continuous_at_s_equal_one() -> None:
    around = [ParetoNBD(0.5, 4.0, s, 20.0).expected_orders(39, [3], [30.0], [39.0])[0] for s in (1 - 1e-6, 1, 1 + 1e-6)]
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-9)


def test_without_dropout_all_become_the_negative_binomial() -> None:
    r, alpha, t = 0.7, 5.0, 20.0
    x, tx, age = np.array([0.0, 4.0]), np.array([0.0, 30.0]), np.array([39.0, 39.0])
    expected, silent = (r + x) / (alpha + age) * t, ((alpha + age) / (alpha + age + t)) ** (r + x)
    for model in (
        BetaGeometric(r, alpha, 1e-9, 1e3),
        BetaGeometric(r, alpha, 1e-9, 1e3, True),
        ParetoNBD(r, alpha, 1e-10, 1e3),
    ):
        assert model.expected_orders(t, x, tx, age) == pytest.approx(expected, rel=1e-6)
        assert model.probability_no_order(t, x, tx, age) == pytest.approx(silent, rel=1e-6)
        assert model.probability_alive(x, tx, age) == pytest.approx([1, 1], rel=1e-6)


def _simulate(kind: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Histories until `age` and the orders of the 26 weeks after it."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(26, 78, n)
    rate = rng.gamma(0.8, 1 / 6.0, n)
    frequency, recency, future = np.zeros(n), np.zeros(n), np.zeros(n)
    p = rng.beta(0.8, 2.5, n)
    end = rng.exponential(1 / rng.gamma(0.6, 1 / 12.0, n)) if kind == "pareto" else np.full(n, np.inf)
    for i in range(n):
        t = 0.0
        if kind == "mbg" and rng.random() < p[i]:
            continue
        while True:
            t += rng.exponential(1 / rate[i])
            if t > min(age[i] + 26, end[i]):
                break
            if t <= age[i]:
                frequency[i] += 1
                recency[i] = t
            else:
                future[i] += 1
            if kind != "pareto" and rng.random() < p[i]:
                break
    return frequency, recency, age, future


@pytest.mark.parametrize("kind", ["bg", "mbg", "pareto"])
def test_parameters_and_predictions_are_recovered(kind: str) -> None:
    x, tx, age, future = _simulate(kind, 12_000, 7)
    model: BetaGeometric | ParetoNBD
    if kind == "pareto":
        model = ParetoNBD.fit(x, tx, age)
        assert [model.r, model.alpha, model.s, model.beta] == pytest.approx([0.8, 6.0, 0.6, 12.0], rel=0.15)
    else:
        model = BetaGeometric.fit(x, tx, age, first_order_dropout=kind == "mbg")
        assert [model.r, model.alpha, model.a, model.b] == pytest.approx([0.8, 6.0, 0.8, 2.5], rel=0.2)
    assert model.expected_orders(26, x, tx, age).sum() == pytest.approx(future.sum(), rel=0.04)
    silent = model.probability_no_order(26, x, tx, age)
    assert silent.mean() == pytest.approx((future == 0).mean(), abs=0.01)
    for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 1.0)):
        inside = (silent >= low) & (silent <= high)
        assert silent[inside].mean() == pytest.approx((future[inside] == 0).mean(), abs=0.025)


def test_gamma_gamma_recovers_its_parameters_and_shrinks() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    x = rng.integers(1, 12, n).astype(float)
    z = rng.gamma(6.0 * x) / x / rng.gamma(4.0, 1 / 15.0, n)
    model = GammaGamma.fit(x, z)
    assert [model.p, model.q, model.gamma] == pytest.approx([6.0, 4.0, 15.0], rel=0.15)  # a ridge: p and gamma trade
    mean = model.p * model.gamma / (model.q - 1)
    assert mean == pytest.approx(6.0 * 15.0 / 3.0, rel=0.02)
    assert model.expected_value([0, 0], [0.0, np.nan]) == pytest.approx([mean, mean])
    few, many = model.expected_value([1, 100], [4 * mean, 4 * mean])
    assert mean < few < many < 4 * mean


DEGENERATE = {
    "no repeats": (np.zeros(500), np.zeros(500), np.linspace(1, 300, 500)),
    "no time": (np.zeros(500), np.zeros(500), np.zeros(500)),
    "all repeat every day": (np.full(500, 200.0), np.full(500, 299.0), np.full(500, 300.0)),
    "one customer": (np.zeros(1), np.zeros(1), np.full(1, 3.0)),
    "nobody": (np.zeros(0), np.zeros(0), np.zeros(0)),
    "last order just now": (np.ones(50), np.full(50, 10.0), np.full(50, 10.0)),
    "all left long ago": (np.full(500, 5.0), np.full(500, 10.0), np.full(500, 3000.0)),
    "one whale": (np.r_[np.zeros(499), 3000.0], np.r_[np.zeros(499), 365.0], np.full(500, 365.0)),
}


@pytest.mark.parametrize("name", list(DEGENERATE))
def test_no_log_makes_a_fit_fail(name: str) -> None:
    x, tx, age = DEGENERATE[name]
    for model in (
        BetaGeometric.fit(x, tx, age),
        BetaGeometric.fit(x, tx, age, first_order_dropout=True),
        ParetoNBD.fit(x, tx, age),
    ):
        for t in (0.5, 30.0, 365.0):
            silent, orders = model.probability_no_order(t, x, tx, age), model.expected_orders(t, x, tx, age)
            assert np.all((silent >= 0) & (silent <= 1)) and np.all(np.isfinite(orders) & (orders >= 0))
            assert np.all(1 - silent <= orders + 1e-6)  # Markov's inequality
        assert type(model).from_json(model.to_json()) == model
    if name == "no repeats":
        assert ParetoNBD.fit(x, tx, age).expected_orders(90, x, tx, age).max() < 0.05


@pytest.mark.parametrize("values", [([], []), ([1.0], [10.0]), ([0.0], [np.nan]), ([3.0, 2.0], [-5.0, 0.0]),
                                    ([2.0] * 9, [10.0] * 9), ([1.0] * 3, [1e-3, 1.0, 1e9])])  # fmt: skip
def test_no_log_makes_gamma_gamma_fail(values: tuple[list[float], list[float]]) -> None:
    model = GammaGamma.fit(*values)
    expected = model.expected_value([0.0, 1.0, 5.0], [np.nan, 10.0, -3.0])
    assert np.all(np.isfinite(expected) & (expected > 0))
    assert GammaGamma.from_json(model.to_json()) == model


def test_the_unit_of_time_does_not_matter(cdnow: pd.DataFrame) -> None:
    weeks = ParetoNBD.fit(cdnow.frequency, cdnow.recency, cdnow.age)
    days = ParetoNBD.fit(cdnow.frequency, cdnow.recency * 7, cdnow.age * 7)
    assert [days.r, days.alpha / 7, days.s, days.beta / 7] == pytest.approx(
        [weeks.r, weeks.alpha, weeks.s, weeks.beta], rel=1e-3
    )


def test_pareto_tail_agrees_with_the_hypergeometric_form() -> None:
    # Fader & Hardie (2005), eq. (20): A0 for alpha >= beta, against our quadrature.
    r, alpha, s, beta, x, tx, age = 0.7, 12.0, 0.6, 9.0, 4, 20.0, 39.0
    a0 = hyp2f1(r + s + x, s + 1, r + s + x + 1, (alpha - beta) / (alpha + tx)) / (alpha + tx) ** (r + s + x)
    a0 -= hyp2f1(r + s + x, s + 1, r + s + x + 1, (alpha - beta) / (alpha + age)) / (alpha + age) ** (r + s + x)
    alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
    expected = alive / (alive + s / (r + s + x) * a0)
    assert ParetoNBD(r, alpha, s, beta).probability_alive([x], [tx], [age])[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([1.0], [1.0, 2.0], [3.0]), "shapes"),
        (([np.nan], [0.0], [3.0]), "frequency in row 0"),
        (([1.0], [-1.0], [3.0]), "recency in row 0"),
        (([1.0, 1.0], [1.0, 5.0], [3.0, 3.0]), "row 1 is later than age"),
    ],
)
def test_wrong_input_is_named(columns: tuple, said: str) -> None:
    with pytest.raises(DataError, match=said):
        BetaGeometric.fit(*columns)


def test_23570_different_histories_are_fitted() -> None:
    rng = np.random.default_rng(1)
    n = 23_570
    age = rng.uniform(100, 500, n)  # no two histories alike: collapsing them does not help
    x = rng.negative_binomial(0.4, 0.3, n).astype(float)
    tx = np.where(x > 0, age * rng.beta(1.2, 1.0, n), 0)
    for model in (BetaGeometric.fit(x, tx, age), ParetoNBD.fit(x, tx, age)):
        expected = model.expected_orders(90.0, x, tx, age)
        assert np.isfinite(expected).all() and (expected >= 0).all()


def test_scikit_learn_is_not_imported() -> None:
    code = "import sys, models.btyd; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_collapse_keeps_the_weight() -> None:
    (x, y), counts = _common.collapse(np.array([1.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0]))
    assert counts.sum() == 3 and list(x) == [1, 2] and list(y) == [5, 5]
