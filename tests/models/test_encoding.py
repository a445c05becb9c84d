"""The encoder: column checks, categories, no change of its input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.errors import BundleError, DataError
from features.specs import FeatureSet, FeatureSpec
from models.encoding import Encoder

FEATURES = FeatureSet(
    (
        FeatureSpec("orders_90d", "frequency", "transactions", "orders", "a", "a"),
        FeatureSpec("region", "profile", "customers", "code", "b", "b", kind="categorical"),
        FeatureSpec("spend_90d", "monetary", "transactions", "money", "c", "c"),
    )
)


def frame(**columns: object) -> pd.DataFrame:
    base = {"orders_90d": [1.0, np.nan, 3.0], "region": ["north", None, "south"], "spend_90d": [5.0, 6.0, np.nan]}
    return pd.DataFrame(base | columns)


def test_values_and_codes() -> None:
    encoded = Encoder(FEATURES).fit(frame()).transform(frame(region=["south", "east", None]))
    expected = [[1.0, 1.0, 5.0], [np.nan, np.nan, 6.0], [3.0, np.nan, np.nan]]
    np.testing.assert_array_equal(encoded.values, expected)
    np.testing.assert_array_equal(encoded.column("spend_90d"), [5.0, 6.0, np.nan])
    assert encoded.column("nothing") is None


def test_unknown_categories_are_counted_and_missing_ones_are_not() -> None:
    encoder = Encoder(FEATURES).fit(frame())
    assert encoder.unknown(frame(region=["east", "east", None])) == {"region": {"east": 2}}
    assert encoder.unknown(frame()) == {}


@pytest.mark.parametrize(
    ("columns", "code", "words"),
    [
        (["orders_90d", "region"], "feature_missing", "'spend_90d'"),
        (["orders_90d", "region", "spend_90d", "extra"], "feature_unknown", "'extra'"),
        (["region", "orders_90d", "spend_90d"], "feature_order", "feature 1 is 'region' where the model expects"),
    ],
)
def test_wrong_columns_are_refused(columns: list[str], code: str, words: str) -> None:
    encoder = Encoder(FEATURES).fit(frame())
    with pytest.raises(DataError, match=words) as caught:
        encoder.transform(frame(extra=1.0)[columns])
    assert caught.value.code == code


@pytest.mark.parametrize(("value", "words"), [(np.inf, "infinite in row 1"), ("six", "'six', which is not a number")])
def test_values_that_are_no_numbers_are_refused(value: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Encoder(FEATURES).fit(frame()).transform(frame(spend_90d=[1.0, value, 2.0]))


def test_input_is_not_changed_and_output_cannot_be() -> None:
    given, before = frame(), frame()
    encoded = Encoder(FEATURES).fit(given).transform(given)
    pd.testing.assert_frame_equal(given, before)
    with pytest.raises(ValueError, match="read-only"):
        encoded.values[0, 0] = 9.0


def test_keys_travel_along_and_are_optional() -> None:
    keyed = frame().assign(customer_id=["a", "b", "c"], as_of=pd.Timestamp("2024-01-01"))
    encoder = Encoder(FEATURES).fit(keyed)
    encoded = encoder.transform(keyed)
    assert encoded.customer_id is not None and encoded.customer_id.tolist() == ["a", "b", "c"]
    assert encoder.transform(frame()).as_of is None
    rows = encoded.rows(np.array([True, False, True]))
    assert rows.index.tolist() == [0, 2] and len(rows) == 2


def test_json_round_trip() -> None:
    encoder = Encoder(FEATURES).fit(frame())
    again = Encoder.from_json(encoder.to_json())
    assert again.to_json() == encoder.to_json()
    np.testing.assert_array_equal(again.transform(frame()).values, encoder.transform(frame()).values)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"feature_set": [], "vocabulary": {"x": ["a"]}}'])
def test_damaged_json_is_refused(text: str) -> None:
    with pytest.raises(BundleError):
        Encoder.from_json(text)


def test_arrow_backed_text_and_rare_categories() -> None:
    many = pd.DataFrame(
        {
            "orders_90d": 1.0,
            "region": pd.array([f"r{i:03d}" for i in range(300)] + ["common"] * 5, dtype="str"),
            "spend_90d": 1.0,
        }
    )
    encoder = Encoder(FEATURES).fit(many)
    assert len(encoder.vocabulary_["region"]) == 255 and "common" in encoder.vocabulary_["region"]
    assert np.isfinite(encoder.transform(many).values[-1, 1])
