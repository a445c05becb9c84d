"""Every estimator keeps the same promises; what passes between them is a projection that nobody can change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from configs.errors import BundleError
from models.projection import Projection
from models.suite import ModelSuite
from tests.models.checks import CASES, CHECKS, Case, Company, Fitted


@pytest.fixture(scope="module")
def company(world_of) -> Company:
    return world_of(300, cutoffs=4, days=700)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def fitted(request, company) -> tuple[Case, Fitted]:
    return request.param, request.param.fit(company, request.param.below(company))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_estimator(check: Callable[[Case, Fitted, Company], None], fitted, company) -> None:
    case, model = fitted
    check(case, model, company)


def test_the_models_agree_on_one_projection(company) -> None:
    suite = ModelSuite().fit(company.frame, company.labels, company.context)
    churn, potential, lifetime = suite.churn_, suite.potential_, suite.lifetime_
    encoded = suite.encoder_.transform(company.test_frame)
    survival = churn.project(encoded, lifetime.pieces)
    whole = potential.project(encoded, survival)
    assert survival.orders is None and whole.survival is survival.survival
    assert (np.diff(whole.survival) <= 0).all()
    assert (np.diff(whole.orders) >= 0).all() and (np.diff(whole.spend) >= 0).all()
    assert (whole.orders >= 1 - whole.survival - 1e-12).all()
    answer = suite.predict(company.test_frame)
    np.testing.assert_array_equal(answer["churn_probability_90d"], whole.survival_at(90))
    np.testing.assert_array_equal(answer["spend_90d"], whole.spend_at(90))


def test_a_projection_is_whole_and_stays_as_it_is() -> None:
    told = Projection((30, 90), np.array([[0.8, 0.5]]))
    with pytest.raises(FrozenInstanceError):
        told.orders = told.survival  # type: ignore[misc]
    with pytest.raises(ValueError, match="has not told orders"):
        told.orders_at(30)
    with pytest.raises(ValueError, match="ascend"):
        Projection((90, 30), told.survival)
    with pytest.raises(ValueError, match="does not fit 1 days"):
        Projection((30,), told.survival)
    both = told.with_potential(told.survival * 2, told.survival * 10)
    assert both.at([90]).spend_at(90) == 5 and both.at([90]).days == (90,)


def test_models_of_an_earlier_format_are_refused(files) -> None:
    earlier = files["suite.json"].replace(b'"format": 3', b'"format": 2')
    assert earlier != files["suite.json"]
    with pytest.raises(BundleError, match="earlier version"):
        ModelSuite.from_files(files | {"suite.json": earlier})
