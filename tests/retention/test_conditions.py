from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.errors import SettingsError
from features.catalog import CATALOGUE
from retention.conditions.expressions import Table, parse_condition
from retention.conditions.fields import FIELDS
from retention.schema import COLUMNS


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stage": ["lost", "loyal", "repeat", None],
            "satisfaction_tier": ["low", "unknown", "high", "low"],
            "orders_90d": [0.0, 3.0, np.nan, 5.0],
            "birthday": [pd.NaT, pd.Timestamp("1990-01-01"), pd.NaT, pd.NaT],
            "drivers": [
                [{"driver": "recency", "points": 0.2}],
                [{"driver": "recency", "points": -0.2}, {"driver": "frequency", "points": 0.1}],
                [],
                [{"driver": "frequency", "points": 0.001}],
            ],
        }
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({}, [1, 1, 1, 1]),
        ({"stage": "lost"}, [1, 0, 0, 0]),
        ({"stage": ["lost", "loyal"]}, [1, 1, 0, 0]),
        ({"stage": "missing"}, [0, 0, 0, 1]),
        ({"stage": "present"}, [1, 1, 1, 0]),
        ({"not": {"stage": "lost"}}, [0, 1, 1, 0]),
        ({"orders_90d": ">= 3"}, [0, 1, 0, 1]),
        ({"orders_90d": "< 3"}, [1, 0, 0, 0]),
        ({"not": {"orders_90d": "< 3"}}, [0, 1, 0, 1]),
        ({"orders_90d": "3..5"}, [0, 1, 0, 1]),
        ({"orders_90d": 3}, [0, 1, 0, 0]),
        ({"birthday": "present"}, [0, 1, 0, 0]),
        ({"drivers": "recency"}, [1, 0, 0, 0]),
        ({"drivers": ["recency", "frequency"]}, [1, 1, 0, 0]),
        ({"satisfaction_tier": "unknown"}, [0, 1, 0, 0]),
        ({"not": {"satisfaction_tier": "low"}}, [0, 0, 1, 0]),
        ({"loyalty_tier": "high"}, [0, 0, 0, 0]),
        ({"not": {"loyalty_tier": "high"}}, [0, 0, 0, 0]),
        ({"loyalty_tier": "missing"}, [1, 1, 1, 1]),
        ({"any": [{"stage": "lost"}, {"orders_90d": 5}]}, [1, 0, 0, 1]),
        ({"all": [{"stage": ["lost", "repeat"]}, {"orders_90d": 0}]}, [1, 0, 0, 0]),
        ({"any": [{"loyalty_tier": "high"}, {"stage": "loyal"}]}, [0, 1, 0, 0]),
    ],
)
def test_truth(frame: pd.DataFrame, source: dict[str, object], expected: list[int]) -> None:
    assert parse_condition(source, place="test").holds(frame).astype(int).tolist() == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("lost", "here: a condition must be a mapping"),
        ({"any": []}, "'any' needs a list of conditions"),
        ({"stage": []}, "'stage' has an empty list"),
        ({"stage": True}, "'stage: True' is not a text; put quotes around it"),
        ({"stage": "los"}, "'stage' is never 'los'; did you mean 'lost'"),
        ({"orders_90d": "5..3"}, "runs from high to low"),
        ({"orders_90d": True}, "is not a comparison with a number"),
        ({"orders_90d": "=> 3"}, "is not a comparison with a number"),
        ({"birthday": "1990"}, "ask for 'present' or 'missing'"),
        ({"not": {"colour": "red"}}, "'colour' is not a known column"),
    ],
)
def test_errors_name_the_place_and_the_remedy(source: object, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_condition(source, place="here")
    assert message in str(caught.value) and str(caught.value).startswith("here")


def test_fields_and_words() -> None:
    condition = parse_condition(
        {"stage": ["lost", "at_risk"], "any": [{"headroom": "> 0"}, {"not": {"orders_90d": "1..2"}}]}, place="test"
    )
    assert condition.fields == {"stage", "headroom", "orders_90d"}
    assert str(condition) == "stage is lost or at_risk, (headroom > 0 or not (orders_90d in 1..2))"


numbers = st.lists(st.one_of(st.none(), st.floats(-10, 10)), min_size=1, max_size=30)


@given(numbers, st.integers(-5, 5))
def test_nothing_is_both_true_and_false_and_not_turns_it(values: list[float | None], bound: int) -> None:
    table = Table(pd.DataFrame({"orders_90d": pd.array(values, dtype="Float64")}))
    truth = parse_condition({"orders_90d": f">= {bound}"}, place="test").evaluate(table)
    turned = parse_condition({"not": {"orders_90d": f">= {bound}"}}, place="test").evaluate(table)
    assert not (truth.true & truth.false).any()
    assert (turned.true == truth.false).all() and (turned.false == truth.true).all()
    expected = [value is not None and value >= bound for value in values]
    assert truth.true.tolist() == expected
    assert (~(truth.true | truth.false)).tolist() == [value is None for value in values]


def test_every_feature_and_every_plain_column_can_be_asked_for() -> None:
    assert set(CATALOGUE) <= set(FIELDS)
    for name, declared in CATALOGUE.items():
        asked: object = "a" if declared.spec.kind == "categorical" and not FIELDS[name].choices else "present"
        assert parse_condition({name: asked}, place="test").fields == {name}
    for column in COLUMNS:
        assert (column.name in FIELDS) == (column.condition and "<" not in column.name), column.name
    assert {"owner", "birthday", "renewal_at", "acquired_at"} <= set(FIELDS)


def test_a_feature_that_was_not_computed_is_unknown() -> None:
    frame = pd.DataFrame({"customer_id": ["a", "b"]})
    for condition, holds in (
        ({"overdue_days": "> 3"}, False),
        ({"not": {"overdue_days": "> 3"}}, False),
        ({"overdue_days": "present"}, False),
        ({"overdue_days": "missing"}, True),
    ):
        assert parse_condition(condition, place="test").holds(frame).tolist() == [holds, holds], condition
    known = frame.assign(overdue_days=[5.0, np.nan])
    assert parse_condition({"overdue_days": "> 3"}, place="test").holds(known).tolist() == [True, False]
