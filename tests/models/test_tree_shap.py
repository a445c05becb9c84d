"""Contributions against two oracles: LightGBM's own, and the definition by all coalitions."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from configs.errors import BundleError
from models.boosting.booster import Boosting, BoostingSettings, canonical_text, lightgbm
from models.boosting.tree_shap import BULK_ROWS, TreeContributions
from models.validation import Split

FEATURES = 6


def rows(count: int, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, FEATURES))
    values[:, 5] = rng.integers(-1, 14, count)
    values[rng.random(values.shape) < 0.1] = np.nan
    return values


@pytest.fixture(scope="module")
def text() -> bytes:
    rng = np.random.default_rng(5)
    values = rows(4000, 1)
    target = (np.nan_to_num(values[:, 0]) + np.nan_to_num(values[:, 5]) % 3 + rng.normal(size=4000) > 1).astype(float)
    settings = BoostingSettings("binary", (0,) * FEATURES, (5,), 1, 1)
    places = np.arange(4000)
    return Boosting(settings).fit(values, target, Split(places[::2], places[1::2], "customers")).to_texts()[0]


def test_equal_to_lightgbm(text: bytes) -> None:
    values = rows(3000)
    own = TreeContributions(text, FEATURES)
    booster = lightgbm().Booster(model_str=text.decode())
    wanted = booster.predict(values, pred_contrib=True, num_threads=1)
    np.testing.assert_allclose(own.values(values), wanted[:, :-1], atol=1e-12)
    assert own.base == pytest.approx(wanted[0, -1], abs=1e-12)


@pytest.mark.slow
def test_equal_to_shap(text: bytes) -> None:
    shap = pytest.importorskip("shap")
    values = rows(50)
    numeric = text  # shap reads categorical splits through LightGBM itself
    explainer = shap.TreeExplainer(lightgbm().Booster(model_str=numeric.decode()))
    own = TreeContributions(text, FEATURES)
    found = np.asarray(explainer.shap_values(values))
    np.testing.assert_allclose(own.values(values), found if found.ndim == 2 else found[..., 1], atol=1e-9)


def test_bulk_and_few_are_the_same_bits(text: bytes) -> None:
    values = rows(BULK_ROWS + 50)
    own = TreeContributions(text, FEATURES)
    bulk = own.values(values)
    few = np.vstack([own.values(values[start : start + 25]) for start in range(0, len(values), 25)])
    np.testing.assert_array_equal(bulk, few)


def test_equal_to_the_definition_by_coalitions() -> None:
    """One tree, every coalition: a feature outside the coalition takes both ways, weighted by training rows."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(500, 3))
    target = values[:, 0] * values[:, 1] + values[:, 2]
    parameters = {"objective": "regression", "num_leaves": 8, "min_data_in_leaf": 10, "verbosity": -1}
    booster = lightgbm().train(parameters, lightgbm().Dataset(values, target), 1)
    root = booster.dump_model()["tree_info"][0]["tree_structure"]

    def expectation(node: dict, row: np.ndarray, known: frozenset[int]) -> float:
        if "leaf_value" in node:
            return float(node["leaf_value"])
        left, right = node["left_child"], node["right_child"]
        if node["split_feature"] in known:
            return expectation(left if row[node["split_feature"]] <= node["threshold"] else right, row, known)
        counts = [child.get("internal_count", child.get("leaf_count")) for child in (left, right)]
        parts = [expectation(child, row, known) for child in (left, right)]
        return (counts[0] * parts[0] + counts[1] * parts[1]) / sum(counts)

    text = canonical_text(booster.model_to_string()).replace(b"objective=regression", b"objective=gamma")
    own = TreeContributions(text, 3)
    for row in values[:20]:
        for feature in range(3):
            others = [other for other in range(3) if other != feature]
            wanted = 0.0
            for size in range(3):
                for chosen in combinations(others, size):
                    weight = factorial(size) * factorial(2 - size) / 6
                    known = frozenset(chosen)
                    wanted += weight * (expectation(root, row, known | {feature}) - expectation(root, row, known))
            assert own.values(row[None, :])[0, feature] == pytest.approx(wanted, abs=1e-12)
        assert own.base == pytest.approx(expectation(root, values[0], frozenset()), abs=1e-12)


def test_trees_of_one_leaf_contribute_nothing() -> None:
    tree = (
        "tree\n\nTree=0\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nsplit_gain=\nthreshold=\ndecision_type=\nleft_child=\n"
        "right_child=\nleaf_value=-0.25\nleaf_weight=0\nleaf_count=500\ninternal_value=\ninternal_weight=\n"
        "internal_count=\nis_linear=0\nshrinkage=1\n\n\nend of trees\n"
    )
    own = TreeContributions(tree.encode(), 2)
    assert own.base == -0.25
    for count in (1, BULK_ROWS + 1):
        np.testing.assert_array_equal(own.values(np.zeros((count, 2))), np.zeros((count, 2)))


def test_trees_too_large_for_tables_are_refused() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(3000, 3))
    parameters = {"objective": "binary", "num_leaves": 40, "min_data_in_leaf": 5, "verbosity": -1}
    data = lightgbm().Dataset(values, (values.sum(axis=1) > 0).astype(float))
    text = canonical_text(lightgbm().train(parameters, data, 2).model_to_string())
    with pytest.raises(BundleError, match="trees of"):
        TreeContributions(text, 3)
