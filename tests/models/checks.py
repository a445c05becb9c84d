"""What every estimator must keep, as checks that `test_estimators.py` runs on each of them.

An estimator is told by a `Case`: how it is fitted on a world, asked, explained, stored and read again. Estimators that
lean on others are fitted on top of them, so that a check can also see whether the others were left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pytest

from configs.errors import BundleError, DataError
from models.churn import ChurnModel
from models.contract import Contributions
from models.encoding import Encoder
from models.golden import examine
from models.lifetime import LifetimeModel
from models.potential import PotentialModel
from models.rules import RuleModel
from models.suite import FitContext, ModelSuite


class Company(Protocol):
    """What `conftest.World` holds."""

    frame: pd.DataFrame
    labels: pd.DataFrame
    test_frame: pd.DataFrame
    context: FitContext


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator, the ones it leans on, and how it is asked."""

    model: Any
    predict: Callable[[pd.DataFrame], pd.DataFrame]
    contributions: Callable[[pd.DataFrame], Mapping[str, Contributions]]
    load: Callable[[Mapping[str, bytes]], Fitted]
    leans_on: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One estimator.

    Attributes
    ----------
    name : str
    fit : callable
        Fits it on a company, on top of what `below` gives.
    below : callable
        Fits the estimators that it leans on; they must be the same afterwards.
    shown : dict of str to str
        The prediction that each set of contributions adds up to.
    """

    name: str
    fit: Callable[[Company, Mapping[str, Any]], Fitted]
    below: Callable[[Company], Mapping[str, Any]]
    shown: Mapping[str, str]


def _none(_company: Company) -> Mapping[str, Any]:
    return {}


def _churn(company: Company) -> ChurnModel:
    context = company.context
    return ChurnModel(context.feature_set, context.targets, context.training).fit(
        company.frame, company.labels, log_start=context.log_start, known_until=context.known_until
    )


def _below_potential(company: Company) -> Mapping[str, Any]:
    return {"churn": _churn(company)}


def _below_lifetime(company: Company) -> Mapping[str, Any]:
    churn = _churn(company)
    return {"churn": churn, "potential": PotentialModel(churn).fit(company.frame, company.labels)}


def _asked(model: Any, name: str, load: Callable[[Mapping[str, bytes]], Any], leans_on: Mapping[str, Any]) -> Fitted:
    def again(files: Mapping[str, bytes]) -> Fitted:
        return _asked(load(files), name, load, leans_on)

    return Fitted(model, model.predict, lambda frame: {name: model.contributions(frame)}, again, leans_on)


def _fit_churn(company: Company, _below: Mapping[str, Any]) -> Fitted:
    return _asked(_churn(company), "churn", ChurnModel.from_files, {})


def _fit_potential(company: Company, below: Mapping[str, Any]) -> Fitted:
    churn = below["churn"]
    model = PotentialModel(churn).fit(company.frame, company.labels)
    return _asked(model, "spend", lambda files: PotentialModel.from_files(files, churn), below)


def _fit_lifetime(company: Company, below: Mapping[str, Any]) -> Fitted:
    potential = below["potential"]
    model = LifetimeModel(potential).fit(company.frame, company.labels)
    return _asked(model, "lifetime", lambda files: LifetimeModel.from_files(files, potential), below)


def _fit_rules(company: Company, _below: Mapping[str, Any]) -> Fitted:
    encoder, targets = Encoder(company.context.feature_set).fit(company.frame), company.context.targets

    def asked(model: RuleModel) -> Fitted:
        def explained(frame: pd.DataFrame) -> Mapping[str, Contributions]:
            encoded = encoder.transform(frame)
            return model.contributions(encoded, model.predict(encoded))

        return Fitted(
            model,
            lambda frame: model.predict(encoder.transform(frame)),
            explained,
            lambda files: asked(RuleModel.from_files(files, targets)),
        )

    return asked(RuleModel(targets, targets.all_horizons).fit(encoder.transform(company.frame), company.labels))


def _fit_suite(company: Company, _below: Mapping[str, Any]) -> Fitted:
    def load(files: Mapping[str, bytes]) -> Fitted:
        model = ModelSuite.from_files(files)
        examine(model, files)
        return asked(model)

    def asked(model: ModelSuite) -> Fitted:
        return Fitted(model, model.predict, model.contributions, load)

    return asked(ModelSuite().fit(company.frame, company.labels, company.context))


SHOWN = {"churn": "churn_probability", "spend": "expected_spend", "lifetime": "lifetime_value"}
CASES = [
    Case("churn", _fit_churn, _none, {"churn": SHOWN["churn"]}),
    Case("potential", _fit_potential, _below_potential, {"spend": SHOWN["spend"]}),
    Case("lifetime", _fit_lifetime, _below_lifetime, {"lifetime": SHOWN["lifetime"]}),
    Case("rules", _fit_rules, _none, SHOWN),
    Case("suite", _fit_suite, _none, SHOWN),
]


def keeps_the_contract(case: Case, fitted: Fitted, company: Company) -> None:
    """Numbers for every row, under the frame's index, that the contributions add up to."""
    frame = company.test_frame.set_index(pd.Index(np.arange(len(company.test_frame)) + 1000))
    answer = fitted.predict(frame)
    assert answer.index.equals(frame.index)
    assert not answer.columns.has_duplicates
    if hasattr(fitted.model, "feature_names_in_"):
        assert fitted.model.feature_names_in_ == company.context.feature_set.names
    parts = fitted.contributions(frame)
    assert set(parts) == set(case.shown)
    for name, part in parts.items():
        assert part.values.index.equals(frame.index)
        np.testing.assert_allclose(part.predict(), answer[case.shown[name]], rtol=1e-9, atol=1e-9)


def leaves_others_alone(case: Case, fitted: Fitted, company: Company) -> None:
    """What it leans on says, and would be stored as, what it was before: a second fit from the same base shows it."""
    for name, other in case.below(company).items():
        assert fitted.leans_on[name].to_files() == other.to_files(), f"fitting {case.name} changed {name}"


def refits_equal(case: Case, fitted: Fitted, company: Company) -> None:
    """The same rows give the same bytes, on top of the same others or of fresh ones."""
    assert case.fit(company, fitted.leans_on).model.to_files() == fitted.model.to_files()
    assert case.fit(company, case.below(company)).model.to_files() == fitted.model.to_files()


def leaves_inputs_alone(case: Case, fitted: Fitted, company: Company) -> None:
    """Neither fit nor predict nor contributions write into what they are given, or into the estimator."""
    before = [table.copy() for table in (company.frame, company.labels, company.test_frame)]
    files = fitted.model.to_files()
    case.fit(company, fitted.leans_on)
    fitted.predict(company.test_frame)
    fitted.contributions(company.test_frame)
    for was, now in zip(before, (company.frame, company.labels, company.test_frame), strict=True):
        pd.testing.assert_frame_equal(was, now)
    assert fitted.model.to_files() == files


def is_read_again(case: Case, fitted: Fitted, company: Company) -> None:
    """What was stored answers as before, to the last bit, is plain text, and is refused when a part is cut off."""
    files = fitted.model.to_files()
    assert all(name.endswith((".json", ".txt")) for name in files)
    again = fitted.load(files)
    assert again.model.to_files() == files
    pd.testing.assert_frame_equal(again.predict(company.test_frame), fitted.predict(company.test_frame))
    one, two = (side.contributions(company.test_frame) for side in (fitted, again))
    for name in case.shown:
        pd.testing.assert_frame_equal(one[name].values, two[name].values)
        np.testing.assert_array_equal(one[name].base, two[name].base)
    for name, data in files.items():
        if name.endswith(".json"):
            with pytest.raises(BundleError):
                fitted.load(files | {name: data[: len(data) // 2]})


def tells_a_row_alone_as_in_a_batch(case: Case, fitted: Fitted, company: Company) -> None:
    """One row, the batch and the batch in another order agree to the last bit."""
    batch, parts = fitted.predict(company.test_frame), fitted.contributions(company.test_frame)
    for place in (0, 7, len(batch) - 1):
        row = company.test_frame.iloc[[place]]
        pd.testing.assert_frame_equal(fitted.predict(row), batch.iloc[[place]])
        for name, part in fitted.contributions(row).items():
            alone, among = part.values.iloc[0], parts[name].values.iloc[place]
            pd.testing.assert_series_equal(alone[alone != 0], among[among != 0], check_names=False)
    mixed = company.test_frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(fitted.predict(mixed).loc[batch.index], batch)


def bears_missing_values(case: Case, fitted: Fitted, company: Company) -> None:
    """A feature that is missing everywhere, when it is asked or when it learns, costs accuracy and no answer."""
    finite = list(case.shown.values())
    numeric = [spec.name for spec in company.context.feature_set if spec.kind == "numeric"]
    for name in numeric:
        answer = fitted.predict(company.test_frame.assign(**{name: np.nan}))
        assert np.isfinite(answer[finite].to_numpy(dtype=np.float64)).all(), name
    blind = _Blind(company.frame.assign(noise=np.nan), company.labels, company.test_frame, company.context)
    answer = case.fit(blind, case.below(blind)).predict(company.test_frame)
    assert np.isfinite(answer[finite].to_numpy(dtype=np.float64)).all()


def refuses_shuffled_columns(case: Case, fitted: Fitted, company: Company) -> None:
    """Features in another order, or one fewer, are refused by name, not read as others."""
    names = list(company.test_frame.columns)
    swapped = [*names[:2], names[3], names[2], *names[4:]]
    for wrong in (company.test_frame[swapped], company.test_frame.drop(columns=names[4])):
        for ask in (fitted.predict, fitted.contributions):
            with pytest.raises(DataError):
                ask(wrong)


CHECKS = [
    keeps_the_contract,
    leaves_others_alone,
    refits_equal,
    leaves_inputs_alone,
    is_read_again,
    tells_a_row_alone_as_in_a_batch,
    bears_missing_values,
    refuses_shuffled_columns,
]


@dataclass(frozen=True)
class _Blind:
    frame: pd.DataFrame
    labels: pd.DataFrame
    test_frame: pd.DataFrame
    context: FitContext
