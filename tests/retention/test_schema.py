"""The one list of columns: everything that speaks of the scores row is read from it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.errors import InvariantError
from retention.entries import Change, EarlyWarning, Offer, Reason, arrow_type, entries_of, entry_rows
from retention.profile.dimensions import DIMENSIONS
from retention.schema import COLUMNS, SOURCES, column_of, column_order
from retention.schema_page import PAGE, with_columns
from retention.scoring.scores_table import to_arrow
from retention.wording import texts


def test_every_column_says_what_it_is() -> None:
    names = [column.name for column in COLUMNS]
    assert len(names) == len(set(names))
    for column in COLUMNS:
        assert column.en and column.zh and column.source in SOURCES, column.name
        assert column.type is not float or column.unit, column.name
        assert arrow_type(column.type) is not None
        assert column.csv in (("text", "name", "points", "") if column.entry else ("value",)), column.name


def test_dimensions_are_called_as_on_the_page_of_a_customer() -> None:
    for code in DIMENSIONS:
        column = column_of(code)
        assert column is not None
        if column.unit != "share" or code == "buying_behaviour":  # those say what they are a share of
            assert column.zh == texts("zh")["dimensions"][code]["name"], code


def test_documentation_has_the_table_of_columns() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_columns(page), "run: python -m retention.schema_page"
    assert "| `churn_probability` | number | probability |" in page


def test_an_empty_table_has_the_types_of_a_full_one() -> None:
    names = [column.name for column in COLUMNS if "<" not in column.name]
    empty = to_arrow(pd.DataFrame({name: [] for name in names}))
    assert empty.column_names == names
    for field in empty.schema:
        assert field.type == arrow_type(column_of(field.name).type)  # type: ignore[union-attr]
    assert empty.schema.field("strategies").type.value_type.field("cost").type == pa.float64()


def test_varying_columns_stand_before_the_sums() -> None:
    given = ["churn_base", "own_effect_call", "spend_90d", "churn_probability_30d", "next_order_date_low"]
    assert column_order(given) == [given[4], *given[1:4], given[0]]
    assert column_of("own_effect_call").unit == column_of("churn_probability_30d").unit == "probability"  # type: ignore[union-attr]
    assert column_of("churn_probability_soon") is None


def test_an_entry_goes_through_arrow_unchanged() -> None:
    reason = Reason(
        driver="recency",
        points=0.1,
        direction="raises",
        form="silence_habit",
        facts=[],
        actionable=True,
        text_en="a",
        text_zh="b",
    )
    warning = EarlyWarning(code="early", since=datetime(2024, 1, 1), text_en="a", text_zh="b")
    change = Change(kind="tier", field="loyalty", before="low", after="high", difference=None, text_en="a", text_zh="b")
    for one in (reason, warning, change):
        again = pa.array([[vars(one)]], arrow_type(list[type(one)])).to_pylist()[0]  # type: ignore[misc]
        assert again == [vars(one)] and entries_of(type(one), again) == [one]


def test_columns_of_entries_are_checked_against_the_fields() -> None:
    with pytest.raises(InvariantError, match="entries of Offer and the columns given differ in 'channel'"):
        entry_rows(Offer, 1, np.array([0]), {"code": ["call"]})
