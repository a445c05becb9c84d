"""Small inputs that once went wrong, each with what is right for it. They lie beside a development checkout."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from configs.settings import load_settings
from retention.scoring.scores_table import read_scores
from tests.pipelines.conftest import holdfast

CASES = Path(__file__).parents[3] / "shared" / "cases"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_dir(), reason="the cases lie beside a development checkout only"),
]


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the case that a test is named after."""
    folder = tmp_path / request.param
    # the originals may be read-only, folders included, which an ordinary user's copies would be too
    folder.mkdir()
    for file in (CASES / request.param).iterdir():
        shutil.copyfile(file, folder / file.name)
    return folder


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [name], indirect=True)


def run(folder: Path, *verb: str, code: int = 0) -> str:
    """What a verb prints on both channels."""
    done = holdfast(*verb, "--config", folder / "holdfast.yaml", cwd=folder)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def trained(folder: Path, *options: str) -> None:
    for verb in (("ingest",), ("fit", *options), ("register",)):
        run(folder, *verb)


def scored(folder: Path, *options: str) -> pd.DataFrame:
    run(folder, "score", "--out", "scores.parquet", *options)
    return read_scores(folder / "scores.parquet").set_index("customer_id")


def change(folder: Path, before: str, after: str) -> None:
    file = folder / "holdfast.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


@of("blank_rows")
def test_rows_without_any_value_are_counted_apart(case: Path) -> None:
    assert "empty rows left out: 400" in run(case, "ingest")
    table = json.loads((case / "work" / "data_report.json").read_text(encoding="utf-8"))["tables"]["transactions"]
    assert (table["rows_in"], table["rows_left_out"], table["rows_kept"], table["rows_refused"]) == (460, 400, 60, 0)


@of("export_taken_twice")
def test_an_export_that_is_in_there_twice(case: Path) -> None:
    said = run(case, "ingest")
    assert "! 120 lines (29%) repeat another line exactly" in said and "data.repeated_lines" in said
    change(case, "path: orders.csv", "path: orders.csv\n  repeated_lines: drop")
    assert "300 lines in 300 orders" in run(case, "ingest")


@of("future_rows_only")
def test_only_orders_of_the_future_are_told_as_such(case: Path) -> None:
    from serving.model_folder import load_core
    from serving.schemas import ScoreRequest

    trained(case)
    settings = load_settings(case / "holdfast.yaml")
    request = ScoreRequest.model_validate_json((case / "request.json").read_bytes())
    answer = load_core(settings).score(request)
    assert all({"future_rows", "no_orders"} <= {one.code for one in result.warnings} for result in answer.results)


@of("ids_do_not_meet")
def test_ids_that_never_meet_are_told_with_an_example_of_each_side(case: Path) -> None:
    said = run(case, "ingest")
    assert "0 of 2 customers with orders are in the table feedback" in said
    assert "'13085'" in said and "'013085'" in said
    kept = pq.read_table(case / "work" / "canonical" / "transactions.parquet")["customer_id"].to_pylist()
    assert kept == ["13085", "13085", "17850"], "whole floats in a CSV id are read as in Parquet"


@of("monthly_subscribers")
def test_the_next_order_follows_the_own_rhythm(case: Path) -> None:
    moment = datetime(2025, 4, 29)
    trained(case, "--as-of", "2025-04-29")
    scores = scored(case, "--as-of", "2025-04-29")
    orders = pd.read_csv(case / "orders.csv", parse_dates=["occurred_at"])
    following = orders[orders["occurred_at"] >= moment].groupby("customer_id")["occurred_at"].min()
    if following.empty:  # the log ends there: the own day of the next month
        last = orders.groupby("customer_id")["occurred_at"].max()
        following = last + pd.DateOffset(months=1)
    dates = scores.loc[following.index, ["next_order_date", "next_order_date_low", "next_order_date_high"]]
    error = (pd.to_datetime(dates["next_order_date"]) - following.dt.normalize()).dt.days.abs()
    inside = (dates["next_order_date_low"] <= following.dt.normalize()) & (
        following.dt.normalize() <= dates["next_order_date_high"]
    )
    assert error.mean() < 4, "12.5 days where the rhythm is not used"
    assert inside.mean() > 0.65


@of("no_amounts")
def test_a_log_without_amounts_is_scored_and_listed(case: Path) -> None:
    run(case, "train")
    scores = scored(case)
    assert len(scores) == 20 and scores["expected_spend"].isna().all() and scores["lifetime_value"].isna().all()
    assert "by risk" in run(case, "worklist", "--hours", "2")
    assert "No order" in run(case, "explain", "M00") or "M00" in run(case, "explain", "M00")


@of("one_huge_amount")
def test_one_typing_error_moves_nobody_else(case: Path) -> None:
    said = run(case, "ingest")
    assert "One line holds 99.4% of all money" in said and "line 1872" in said
    trained(case)
    scores = scored(case)
    table = pd.read_csv(case / "orders.csv", dtype=str)
    huge = table["amount"].astype(float) > 1e6
    assert huge.sum() == 1
    own = table.loc[huge, "customer_id"].iloc[0]
    table[~huge].to_csv(case / "orders.csv", index=False)
    trained(case)
    without = scored(case)
    others = [customer for customer in without.index if customer != own]
    ratio = scores.loc[others, "expected_spend"] / without.loc[others, "expected_spend"]
    assert abs(scores.loc[others, "expected_spend"].sum() / without.loc[others, "expected_spend"].sum() - 1) < 0.05
    assert np.median(np.abs(np.log(ratio))) < 0.05


@of("receipt_numbers_restart")
def test_numbers_that_start_again_need_a_decision(case: Path) -> None:
    said = run(case, "ingest", code=2)
    assert "order_numbers_restart" in said and "data.order_numbers" in said
    change(case, "path: orders.csv", "path: orders.csv\n  order_numbers: restart")
    assert "60 lines in 60 orders" in run(case, "ingest")
    run(case, "train")
    scores = scored(case)
    for name in ("churn_probability", "expected_orders", "expected_spend", "next_order_date"):
        assert scores.loc["A", name] == scores.loc["B", name], name


@of("same_instant")
def test_orders_of_one_instant_are_no_rate(case: Path) -> None:
    trained(case)
    scores = scored(case)
    active = 1 - scores["churn_probability"]
    assert (scores["expected_orders"] >= active - 1e-9).all() and (scores["expected_orders"] <= 6 * active).all()
    assert (scores["expected_spend"] < 63.0 * 4).all()
    said = run(case, "explain", "K00")
    assert not ("one order" in said.lower() and "Orders so far: 3" in said)


@of("shop_export")
def test_a_web_shop_export_is_refused_with_the_remedy_and_read_as_documented(case: Path) -> None:
    said = run(case, "ingest", code=2)
    assert "quantity" in said and "fill_down" in said and "date" not in said.split("missing")[0].split("amount")[0]
    (case / "holdfast.yaml").write_text(
        "data:\n  transactions:\n    path: orders.csv\n"
        "    columns: {customer_id: Email, order_id: Name, occurred_at: Created at, product_id: Lineitem sku,\n"
        "              quantity: Lineitem quantity, unit_price: Lineitem price, amount: ''}\n"
        "targets: {horizon_days: 30, lifetime_days: 90}\nworkdir: work\n",
        encoding="utf-8",
    )
    said = run(case, "ingest")
    assert "differ from another one in capital letters only" in said
    rows = pq.read_table(case / "work" / "canonical" / "transactions.parquet").to_pylist()
    assert [(row["customer_id"], float(row["amount"])) for row in rows if row["customer_id"] == "a@example.org"] == [
        ("a@example.org", 10.0),
        ("a@example.org", 20.0),
    ]
    assert rows[0]["occurred_at"].hour in (2, 14), "the offset is read"


@of("short_log_promise")
def test_the_data_report_promises_what_training_does(case: Path) -> None:
    said = run(case, "ingest")
    assert "A horizon of 7 days cannot be trained: it needs 35 days of log, there are 28." in said
    assert "not tested" in run(case, "train")


@of("signs_turned")
def test_sales_as_negative_amounts(case: Path) -> None:
    said = run(case, "ingest")
    assert "! No order has a positive total" in said and "signs turned round" in said
    assert "data.returns.sales_negative" in run(case, "train", code=2)
    change(case, "path: orders.csv", "path: orders.csv\n  returns: {sales_negative: true}")
    assert "300 lines in 300 orders" in run(case, "ingest")


@of("spreadsheet_given")
def test_what_only_begins_like_a_workbook(case: Path) -> None:
    said = run(case, "ingest", code=2)
    assert "not a readable workbook" in said and "set data.transactions.format" not in said and "gb18030" not in said


def test_every_case_has_a_test() -> None:
    named = {mark.args[1][0] for test in globals().values() for mark in getattr(test, "pytestmark", []) if mark.args}
    assert {folder.name for folder in CASES.iterdir()} - named == {"reason_equal_to_typical"}, (
        "words are another matter"
    )
