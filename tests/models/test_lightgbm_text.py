"""The structural check of model text: real texts pass, mutated ones never reach LightGBM to crash it."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from configs.errors import BundleError
from models.boosting.booster import Boosting, BoostingSettings, canonical_text, lightgbm
from models.boosting.lightgbm_text import validate_text
from models.validation import Split

CHILD = """
import sys
import numpy as np
from models.boosting.booster import lightgbm, prefer_lean_import
from models.boosting.lightgbm_text import validate_text
from configs.errors import BundleError
prefer_lean_import()
stream = sys.stdin.buffer
values = np.random.default_rng(0).normal(size=(40, 6))
values[:, 5] = np.arange(40) % 9
while head := stream.read(8):
    data = stream.read(int.from_bytes(head, "big"))
    try:
        validate_text(data, features=6)
    except BundleError:
        print("refused", flush=True)
        continue
    booster = lightgbm().Booster(model_str=data.decode())
    booster.predict(values, raw_score=True, num_threads=1)
    booster.predict(values, pred_contrib=True, num_threads=1)
    print("passed", flush=True)
"""


def fit(objective: str = "binary", rows: int = 3000) -> bytes:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(rows, 6))
    values[:, 5] = rng.integers(0, 9, rows)
    values[rng.random(values.shape) < 0.05] = np.nan
    score = np.nan_to_num(values[:, 0]) + (np.nan_to_num(values[:, 5]) % 3) + rng.normal(size=rows)
    target = (score > 1).astype(float) if objective == "binary" else np.exp(score / 3)
    settings = BoostingSettings(objective, (1, 0, 0, -1, 0, 0), (5,), 1, 1)  # type: ignore[arg-type]
    half = np.arange(rows)
    return Boosting(settings).fit(values, target, Split(half[::2], half[1::2], "customers")).to_texts()[0]


@pytest.fixture(scope="module")
def text() -> bytes:
    return fit()


@pytest.mark.parametrize("objective", ["binary", "poisson", "gamma", "tweedie"])
def test_real_texts_pass(objective: str) -> None:
    data = fit(objective)
    summary = validate_text(data, features=6)
    assert summary.trees == data.count(b"\nTree=") and summary.objective.startswith(objective)


def test_a_text_with_trees_of_one_leaf_passes() -> None:
    lgb = lightgbm()
    rng = np.random.default_rng(0)
    parameters = {"objective": "binary", "verbosity": -1, "min_gain_to_split": 4.5, "bagging_fraction": 0.3}
    data = lgb.Dataset(rng.normal(size=(500, 3)), (rng.random(500) > 0.5).astype(float))
    booster = lgb.train(parameters | {"bagging_freq": 1, "feature_fraction": 0.34}, data, 30)
    text = canonical_text(booster.model_to_string())
    assert b"num_leaves=1\n" in text and validate_text(text).trees > 0


def test_the_full_text_of_lightgbm_is_refused_because_it_is_not_canonical(text: bytes) -> None:
    with pytest.raises(BundleError):
        validate_text(text + b"\nfeature_importances:\n")


def test_another_number_of_features_is_refused(text: bytes) -> None:
    with pytest.raises(BundleError, match="6 features where 7 are expected"):
        validate_text(text, features=7)


@pytest.mark.parametrize(
    ("pattern", "replacement", "words"),
    [
        (rb"num_leaves=(\d+)", b"num_leaves=999999", "num_leaves|sizes"),
        (rb"left_child=(\S+)", b"left_child=9", "child of tree"),
        (rb"left_child=-?\d", b"left_child=-9999999", "child|sizes"),
        (rb"right_child=\d", b"right_child=0", "child|sizes"),
        (rb"split_feature=\d", b"split_feature=9", "split_feature"),
        (rb"decision_type=\d+", b"decision_type=99", "decision_type|sizes"),
        (rb"leaf_count=\d", b"leaf_count=0", "count"),
        (rb"internal_count=\d", b"internal_count=9", "internal_count"),
        (rb"cat_boundaries=0 1", b"cat_boundaries=0 9", "cat_boundaries"),
        (rb"leaf_value=-?\d", b"leaf_value=n", "sizes|leaf_value"),
        (rb"objective=binary", b"objective=custom", "objective"),
        (rb"max_feature_idx=5", b"max_feature_idx=4", "feature_names"),
        (rb"num_class=1", b"num_class=2", "num_class"),
        (rb"is_linear=0", b"is_linear=1", "linear"),
        (rb"version=v4", b"version=v5", "version"),
        (rb"shrinkage=1\n", b"shrinkage=x\n", "shrinkage"),
        (rb"tree_sizes=\d", b"tree_sizes=9", "sizes"),
        (rb"Tree=0", b"Tree=1", "another number"),
        (rb"end of trees\n", b"end of trees", "sizes"),
        (rb"threshold=", b"threshold=\x00", "byte"),
    ],
)
def test_each_kind_of_damage_has_its_words(text: bytes, pattern: bytes, replacement: bytes, words: str) -> None:
    damaged = re.sub(pattern, replacement, text, count=1)
    assert damaged != text
    with pytest.raises(BundleError, match=words) as caught:
        validate_text(damaged)
    assert caught.value.code == "bad_model_text"


def test_a_category_split_that_points_outside_its_table_is_refused(text: bytes) -> None:
    trees = text.split(b"\n\n\n")
    number, tree = next((i, t) for i, t in enumerate(trees) if b"cat_boundaries" in t and i)
    lines = tree.split(b"\n")
    kinds = next(line for line in lines if line.startswith(b"decision_type=")).partition(b"=")[2].split()
    place = next(i for i, kind in enumerate(kinds) if int(kind) & 1)
    at = next(i for i, line in enumerate(lines) if line.startswith(b"threshold="))
    thresholds = lines[at].partition(b"=")[2].split()
    thresholds[place] = b"7"
    lines[at] = b"threshold=" + b" ".join(thresholds)
    trees[number] = b"\n".join(lines)
    with pytest.raises(BundleError, match="category split"):
        validate_text(b"\n\n\n".join(trees))


def mutations(text: bytes, count: int) -> list[bytes]:
    """Cuts, bytes, digits, dropped and swapped lines, indices, header values."""
    chance = random.Random(11)
    lines = text.split(b"\n")
    result = []
    for number in range(count):
        kind = number % 7
        data = bytearray(text)
        if kind == 0:
            result.append(text[: chance.randrange(len(text))])
        elif kind == 1:
            for _ in range(chance.randint(1, 3)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            result.append(bytes(data))
        elif kind == 2:
            digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
            for _ in range(chance.randint(1, 3)):
                data[chance.choice(digits)] = chance.randrange(48, 58)
            result.append(bytes(data))
        elif kind == 3:
            kept = list(lines)
            del kept[chance.randrange(len(kept))]
            result.append(b"\n".join(kept))
        elif kind == 4:
            kept = list(lines)
            i, j = chance.randrange(len(kept)), chance.randrange(len(kept))
            kept[i], kept[j] = kept[j], kept[i]
            result.append(b"\n".join(kept))
        else:
            wanted = rb"(?:left_child|right_child|split_feature|decision_type|cat_boundaries|cat_threshold|threshold)="
            if kind == 6:
                wanted = rb"(?:num_leaves|num_cat|max_feature_idx|tree_sizes|num_class|leaf_count)="
            places = list(re.finditer(wanted, text))
            start = chance.choice(places).end()
            items = text[start : text.index(b"\n", start)].split(b" ")
            items[chance.randrange(len(items))] = str(
                chance.choice([-1, 0, 7, 999, -(2**31), 2**31 - 1, 2**40])
            ).encode()
            result.append(text[:start] + b" ".join(items) + text[text.index(b"\n", start) :])
    return result


@pytest.mark.slow
def test_no_mutation_ends_the_process(text: bytes) -> None:
    changed = mutations(text, 700)
    message = b"".join(len(data).to_bytes(8, "big") + data for data in changed)
    done = subprocess.run([sys.executable, "-c", CHILD], input=message, capture_output=True, check=False, timeout=300)
    answers = done.stdout.decode().split()
    assert done.returncode == 0, done.stderr[-500:]
    assert len(answers) == len(changed)
    assert answers.count("refused") > 0.85 * len(changed)
    assert answers.count("passed") > 0


def test_the_text_of_trees_is_read_in_one_place() -> None:
    """Contributions read the very lines that the check has read."""
    rooms = Path(__file__).parents[2] / "models"
    readers = [path.name for path in sorted(rooms.rglob("*.py")) if '"Tree=' in path.read_text(encoding="utf-8")]
    assert readers == ["lightgbm_text.py"]
