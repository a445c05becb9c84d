"""What the service answers per customer is the scores row, field by field."""

from __future__ import annotations

import typing

from retention.entries import Change, EarlyWarning, Offer, Points, Reason, field_names
from retention.schema import COLUMNS, column_of
from serving.answers import CustomerScore, customer_score

BESIDE_THE_ROW = {"summary", "found", "horizons"}


def test_every_column_for_the_service_is_a_field_and_every_field_a_column() -> None:
    columns = {column.name for column in COLUMNS if column.service and "<" not in column.name}
    assert set(CustomerScore.model_fields) - BESIDE_THE_ROW == columns
    for name in columns:
        column, field = column_of(name), CustomerScore.model_fields[name]
        assert column is not None
        if name != "customer_id":
            assert str(field.description).startswith(column.en[:1].upper() + column.en[1:])
        assert field.is_required() == column.always, name


def test_entries_are_those_of_the_table_in_one_language() -> None:
    for name, entry in {
        "reasons": Reason,
        "warnings": EarlyWarning,
        "strategies": Offer,
        "changes": Change,
        "drivers": Points,
    }.items():
        model = typing.get_args(CustomerScore.model_fields[name].annotation)[0]
        spoken = [one.removesuffix("_en") for one in field_names(entry) if not one.endswith(("_zh", "_text"))]
        assert list(model.model_fields) == spoken
        assert model.__doc__


def test_a_row_is_answered_in_one_language() -> None:
    offer = dict.fromkeys(field_names(Offer), "a") | {
        "name_en": "Call",
        "name_zh": "致电",
        **dict.fromkeys(("expected_profit", "cost", "staff_minutes", "effect", "spend_uplift"), 1.0),
        **dict.fromkeys(("profit_low", "profit_high", "step", "steps", "not_before", "due_by")),
    }
    row = {
        "customer_id": "1",
        "as_of": "2024-01-01",
        "horizon_days": 90,
        "lifetime_days": 365,
        "churn_probability_30d": 0.25,
        "expected_spend_30d": float("nan"),
        "strategies": [offer],
    }
    answer = customer_score(row, "zh")
    assert answer.strategies[0].name == "致电"
    assert answer.horizons == {30: {"churn_probability": 0.25, "expected_spend": None}}
