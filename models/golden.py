"""Golden rows: a model carries its own examination.

A few rows without keys, what the model said about them when it was stored, and the comparison. The loader runs it
in a child process before a bundle is used (`models.bundle.folder`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from configs.errors import BundleError
from features.specs import FeatureSet
from models.additive import dump, load
from models.contract import KEYS, Contributions

FRAME, EXPECTED = "golden/frame.json", "golden/expected.json"
TOLERANCE = 1e-9
SHOWN = {"churn": "churn_probability", "spend": "expected_spend", "lifetime": "lifetime_value"}
"""The prediction that each set of contributions adds up to."""


class Examined(Protocol):
    """What an examination asks of a model: whatever answers for rows without keys and explains its answers.

    Attributes
    ----------
    golden_ : DataFrame
        The rows, see `golden_rows`.
    """

    golden_: pd.DataFrame

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predictions with the frame's index."""
        ...

    def contributions(self, frame: pd.DataFrame) -> dict[str, Contributions]:
        """Parts of the predictions of `SHOWN`, by name."""
        ...


def golden_rows(frame: pd.DataFrame, count: int = 40) -> pd.DataFrame:
    """A few rows of the newest cut-off, evenly spaced and without keys: the self-test of a stored model."""
    newest = frame[frame["as_of"] == frame["as_of"].max()]
    places = np.unique(np.linspace(0, len(newest) - 1, min(count, len(newest))).astype(int))
    rows: pd.DataFrame = newest.iloc[places].drop(columns=KEYS).reset_index(drop=True)
    return rows


def golden_files(suite: Examined) -> dict[str, bytes]:
    """The golden rows of a suite and its answers, as files."""
    frame = suite.golden_
    columns = {name: _plain(frame[name]) for name in frame.columns}
    return {FRAME: dump({"rows": len(frame), "columns": columns}), EXPECTED: dump(_answers(suite, frame))}


def read_golden(files: Mapping[str, bytes], feature_set: FeatureSet) -> pd.DataFrame:
    """The golden rows, with the columns of the feature set.

    Raises
    ------
    BundleError
        The file is missing or holds other columns.
    """
    state = load(files, FRAME)
    try:
        columns = {
            spec.name: np.array(state["columns"][spec.name], dtype=object if spec.kind == "categorical" else np.float64)
            for spec in feature_set
        }
        frame = pd.DataFrame(columns, columns=feature_set.names)
        if len(frame) != state["rows"] or len(state["columns"]) != len(feature_set):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise BundleError("bundle_golden_frame_unfit", file=FRAME) from None
    return frame


def examine(suite: Examined, files: Mapping[str, bytes]) -> None:
    """Compare a suite's answers with the stored ones, and its contributions with its own predictions.

    Raises
    ------
    BundleError
        A number differs by more than `TOLERANCE` (relative above 1), or parts do not add up.
    """
    expected = load(files, EXPECTED)
    answers = json.loads(dump(_answers(suite, suite.golden_)))
    if difference := _difference(expected, answers, ""):
        raise BundleError("bundle_answers_differ", code="golden_rows_differ", difference=difference)
    predicted = suite.predict(suite.golden_)
    for name, parts in suite.contributions(suite.golden_).items():
        shown = predicted[SHOWN[name]].to_numpy(dtype=np.float64)
        if not np.allclose(parts.predict(), shown, rtol=TOLERANCE, atol=TOLERANCE):
            raise BundleError("bundle_contributions_wrong", code="golden_rows_differ", name=name)


def _answers(suite: Examined, frame: pd.DataFrame) -> dict[str, Any]:
    predicted = suite.predict(frame)
    answers: dict[str, Any] = {"predictions": {name: _plain(predicted[name]) for name in predicted.columns}}
    answers["contributions"] = {
        name: {
            "link": parts.link,
            "base": parts.base.tolist(),
            "values": {str(column): parts.values[column].tolist() for column in parts.values.columns},
        }
        for name, parts in suite.contributions(frame).items()
    }
    return answers


def _plain(column: pd.Series) -> list[Any]:
    values = column.astype(object).where(column.notna(), None).tolist()
    return [value if value is None or isinstance(value, str) else float(value) for value in values]


def _difference(one: Any, two: Any, place: str) -> str:
    """The first place where two JSON values differ; empty if none."""
    if isinstance(one, dict) and isinstance(two, dict):
        if set(one) != set(two):
            return f"{place or 'the answers'}: other names"
        return next((where for key in sorted(one) if (where := _difference(one[key], two[key], f"{place}/{key}"))), "")
    if isinstance(one, list) and isinstance(two, list):
        if len(one) != len(two):
            return f"{place}: other length"
        pairs = enumerate(zip(one, two, strict=True))
        return next((where for i, (a, b) in pairs if (where := _difference(a, b, f"{place}[{i}]"))), "")
    if isinstance(one, int | float) and isinstance(two, int | float):
        return "" if abs(one - two) <= TOLERANCE * max(1.0, abs(one)) else place
    return "" if one == two else place
