"""From a feature frame to the float64 matrix that the models read, and nothing else.

LightGBM takes swapped columns, unseen categories and infinite values without a word and answers with other
scores; so the column order is checked here and categories are mapped to codes of a learned vocabulary.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import BundleError, DataError
from features.specs import FeatureSet
from models.contract import KEYS

MAX_CATEGORIES = 255
"""Categories kept per feature, by number of rows; the rest count as unknown."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Encoded:
    """A frame as the models read it.

    Attributes
    ----------
    values : ndarray, shape (n, k)
        Read-only; NaN = missing; categories as codes 0, 1, ….
    names : tuple of str
        Feature names in order.
    index : Index, length n
        The frame's index.
    customer_id : ndarray of object, shape (n,), or None
        None where the frame has no such column (allowed for prediction, not for fitting).
    as_of : ndarray of datetime64[ns], shape (n,), or None
        As `customer_id`.
    """

    values: Floats
    names: tuple[str, ...]
    index: pd.Index
    customer_id: NDArray[np.object_] | None = None
    as_of: NDArray[np.datetime64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Floats | None:
        """One feature, shape (n,), or None where the feature set has none of this name."""
        return self.values[:, self.names.index(name)] if name in self.names else None

    def rows(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Encoded:
        """The rows that a mask or positions select."""
        return Encoded(
            _locked(self.values[which]),
            self.names,
            self.index[which],
            None if self.customer_id is None else self.customer_id[which],
            None if self.as_of is None else self.as_of[which],
        )


class Encoder:
    """Checks a frame against its feature set and turns it into a matrix.

    Parameters
    ----------
    feature_set : FeatureSet
        The features expected, in order.

    Attributes
    ----------
    vocabulary_ : dict of str to list of str
        Per categorical feature the categories seen in fit, sorted; the position is the code.
    """

    def __init__(self, feature_set: FeatureSet) -> None:
        self.feature_set = feature_set

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the categories."""
        self._check_columns(frame)
        self.vocabulary_: dict[str, list[str]] = {}
        for name in self._categorical_names():
            column = frame[name].dropna().astype(str)
            counts = column.value_counts().rename_axis("value").reset_index(name="rows")
            kept = counts.sort_values(["rows", "value"], ascending=[False, True]).head(MAX_CATEGORIES)
            self.vocabulary_[name] = sorted(kept["value"].tolist())
        return self

    @property
    def categorical_positions(self) -> list[int]:
        """Positions of the categorical features in the matrix."""
        return [position for position, spec in enumerate(self.feature_set) if spec.kind == "categorical"]

    def transform(self, frame: pd.DataFrame | Encoded) -> Encoded:
        """Encode a frame; what is encoded already passes through.

        Raises
        ------
        DataError
            A column is missing, unknown, in another place, not a number, or infinite.
        """
        if isinstance(frame, Encoded):
            if list(frame.names) != self.feature_set.names:
                raise DataError("encoded_frame_of_other_features")
            return frame
        self._check_columns(frame)
        values = np.empty((len(frame), len(self.feature_set)), dtype=np.float64)
        numeric = [position for position, spec in enumerate(self.feature_set) if spec.kind == "numeric"]
        values[:, numeric] = _numbers(frame, [self.feature_set.names[position] for position in numeric])
        for position in self.categorical_positions:
            name = self.feature_set.names[position]
            codes = self._codes(frame[name], name).astype(np.float64)
            values[:, position] = np.where(codes < 0, np.nan, codes)
        return Encoded(
            _locked(values),
            tuple(self.feature_set.names),
            frame.index,
            frame["customer_id"].astype(object).to_numpy() if "customer_id" in frame else None,
            frame["as_of"].to_numpy(dtype="datetime64[ns]") if "as_of" in frame else None,
        )

    def unknown(self, frame: pd.DataFrame) -> dict[str, dict[str, int]]:
        """Categories that fit has not seen, per feature with the number of rows; they are treated as missing."""
        self._check_columns(frame)
        unseen: dict[str, dict[str, int]] = {}
        for name in self._categorical_names():
            column = frame[name]
            strange = column[(self._codes(column, name) < 0) & column.notna().to_numpy()].astype(str)
            if len(strange):
                unseen[name] = {str(value): int(count) for value, count in strange.value_counts().sort_index().items()}
        return unseen

    def to_json(self) -> str:
        """Feature set and vocabulary; the same state gives the same text."""
        state = {"feature_set": json.loads(self.feature_set.to_json()), "vocabulary": self.vocabulary_}
        return json.dumps(state, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Encoder:
        """Read what `to_json` wrote."""
        try:
            state = json.loads(text)
            encoder = cls(FeatureSet.from_json(json.dumps(state["feature_set"])))
            encoder.vocabulary_ = {str(k): [str(item) for item in v] for k, v in state["vocabulary"].items()}
            complete = set(encoder.vocabulary_) == set(encoder._categorical_names())
        except (ValueError, KeyError, TypeError, AttributeError):
            complete = False
        if not complete:
            raise BundleError("bundle_encoder_unreadable")
        return encoder

    def _categorical_names(self) -> list[str]:
        return [spec.name for spec in self.feature_set if spec.kind == "categorical"]

    def _codes(self, column: pd.Series, name: str) -> NDArray[np.int64]:
        text = column.astype(object).where(column.notna(), None)
        text = text.map(lambda value: value if value is None else str(value))
        return np.asarray(pd.Index(self.vocabulary_[name], dtype=object).get_indexer(pd.Index(text, dtype=object)))

    def _check_columns(self, frame: pd.DataFrame) -> None:
        given = [str(name) for name in frame.columns if name not in KEYS]
        wanted = self.feature_set.names
        if given == wanted:
            return
        if missing := [name for name in wanted if name not in given]:
            raise DataError("frame_lacks_features", code="feature_missing", field=missing[0], names=_listed(missing))
        if extra := [name for name in given if name not in wanted]:
            raise DataError("frame_with_unknown_features", code="feature_unknown", field=extra[0], names=_listed(extra))
        place = next((i for i, (a, b) in enumerate(zip(given, wanted, strict=False)) if a != b), len(wanted))
        here = given[place]
        expected = wanted[place] if place < len(wanted) else "no further column"
        raise DataError("frame_in_other_order", code="feature_order", field=here, place=place + 1, expected=expected)


def _numbers(frame: pd.DataFrame, names: list[str]) -> Floats:
    """The numeric columns as one block, shape (n, len(names)); column by column only to say what is wrong."""
    block = frame[names]
    if all(dtype == np.float64 for dtype in block.dtypes):
        values = block.to_numpy()
        if not np.isinf(values).any():
            return values
    columns = [_column(frame[name], name) for name in names]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def _column(column: pd.Series, name: str) -> Floats:
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        first = next((value for value in column if not isinstance(value, int | float)), None)
        raise DataError("column_not_a_number", field=name, value=first) from None
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise DataError("column_infinite", field=name, row=row)
    return values


def _locked(values: Floats) -> Floats:
    values = np.ascontiguousarray(values)
    values.flags.writeable = False
    return values


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
