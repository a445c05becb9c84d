"""The LightGBM wrapper: reproducible, additive, constrained, adapted to the amount of data."""

from __future__ import annotations

import numpy as np
import pytest

from configs.errors import BundleError
from models.boosting.booster import Boosting, BoostingSettings, size_parameters
from models.validation import Split


def data(rows: int = 4000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, Split]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 5))
    values[:, 4] = rng.integers(0, 6, rows)
    target = (values[:, 0] + (values[:, 4] == 2) + rng.normal(size=rows) > 0.5).astype(float)
    values[rng.random(rows) < 0.1, 1] = np.nan
    places = np.arange(rows)
    return values, target, Split(places[: rows // 2], places[rows // 2 :], "purged")


def settings(**changes: object) -> BoostingSettings:
    base: dict[str, object] = {"objective": "binary", "monotone": (1, 0, 0, 0, 0), "categorical": (4,), "seed": 3}
    return BoostingSettings(**(base | {"threads": 1} | changes))  # type: ignore[arg-type]


def test_contributions_equal_raw_and_shap() -> None:
    values, target, split = data()
    model = Boosting(settings()).fit(values, target, split)
    base, parts = model.contributions(values)
    np.testing.assert_allclose(base + parts.sum(axis=1), model.raw(values), atol=1e-10)
    assert np.abs(parts[:, 0]).mean() > 5 * np.abs(parts[:, 2]).mean()


def test_seeds_are_averaged_on_the_link_scale() -> None:
    values, target, split = data(1500)
    model = Boosting(settings(seeds=3)).fit(values, target, split)
    assert len(set(model.to_texts())) == 3
    alone = [Boosting.from_texts([text], settings()) for text in model.to_texts()]
    np.testing.assert_allclose(model.raw(values), np.mean([one.raw(values) for one in alone], axis=0), atol=1e-12)
    base, parts = model.contributions(values)
    np.testing.assert_allclose(base + parts.sum(axis=1), model.raw(values), atol=1e-10)


def test_reproducible_and_rebuilt() -> None:
    values, target, split = data(1500)
    one, two = (Boosting(settings()).fit(values, target, split) for _ in range(2))
    assert one.to_texts() == two.to_texts()
    again = Boosting.from_texts(one.to_texts(), settings())
    np.testing.assert_array_equal(again.raw(values), one.raw(values))
    assert again.to_texts() == one.to_texts()
    other = Boosting(settings(seed=4)).fit(values, target, split)
    assert other.to_texts() != one.to_texts()


def test_every_prediction_names_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    import lightgbm

    asked: list[object] = []
    predict = lightgbm.Booster.predict

    def listened(booster: lightgbm.Booster, *args: object, **named: object) -> object:
        asked.append(named.get("num_threads"))
        return predict(booster, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(lightgbm.Booster, "predict", listened)
    values, target, split = data(1500)
    Boosting(settings(threads=2)).fit(values, target, split).raw(values)
    assert asked == [1, 1]  # another number would change the one of a fit beside it, which then crashes


def test_judged_rows_were_not_learned_from() -> None:
    values, target, split = data()
    model = Boosting(settings()).fit(values, target, split)
    assert model.validated_ is not None and len(model.validated_) == len(split.validation)
    assert not np.allclose(model.validated_, model.raw(values)[split.validation])
    without = Boosting(settings()).fit(values, target, Split(np.arange(len(values)), split.validation[:0], "none"))
    assert without.validated_ is None and without.rounds_ == 40


def test_constraint_holds() -> None:
    rng = np.random.default_rng(2)
    values, _, split = data()
    target = (rng.random(len(values)) < 0.5).astype(float)
    model = Boosting(settings()).fit(values, target, split)
    higher = values.copy()
    higher[:, 0] += 1
    assert (model.raw(higher) >= model.raw(values)).all()


def test_size_follows_the_evidence() -> None:
    small, large = size_parameters(1500, 200), size_parameters(2_000_000, 500_000)
    assert small["num_leaves"] < large["num_leaves"] <= 15 and large["max_depth"] <= 5
    assert small["lambda_l2"] > large["lambda_l2"]


def test_no_trees_or_other_features_are_refused() -> None:
    values, target, split = data(1500)
    texts = Boosting(settings()).fit(values, target, split).to_texts()
    with pytest.raises(BundleError):
        Boosting.from_texts([], settings())
    with pytest.raises(BundleError):
        Boosting.from_texts(texts, settings(monotone=(0, 0, 0)))


def test_no_rows_give_no_rows() -> None:
    values, target, split = data(1500)
    model = Boosting(settings()).fit(values, target, split)
    assert model.raw(values[:0]).shape == (0,)
    assert model.contributions(values[:0])[1].shape == (0, 5)
