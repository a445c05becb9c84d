"""The scoring core: the same answers as in batch, by id and by history."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from configs.errors import RequestError
from serving.schemas import Feedback, Interaction, OrderLine, Profile, ScoreRequest

NOT_IN_BATCH = {"found", "warnings", "as_of", "horizons"}


def ask(core: Any, **document: Any) -> Any:
    return core.score(ScoreRequest.model_validate_json(json.dumps(document)))


@pytest.fixture(scope="module")
def batch(trained: Any) -> pd.DataFrame:
    """The scores table of all customers, as the batch run makes it."""
    from features.engine import open_tables
    from retention.scoring.scorer import load_scorer

    with open_tables(trained.settings.canonical) as tables:
        return load_scorer(trained.settings).score(tables, trained.end).set_index("customer_id")


def as_in_batch(row: pd.Series, lang: str) -> dict[str, Any]:
    from serving.answers import customer_score

    return customer_score({"customer_id": row.name, **row.to_dict()}, lang).model_dump(exclude=NOT_IN_BATCH)


def own_warnings(answer: Any, row: pd.Series) -> list[str]:
    """Warning codes of an answer that the batch row does not have."""
    codes = [warning.code for warning in answer.warnings]
    for warning in row["warnings"]:
        codes.remove(warning["code"])
    return codes


def test_by_id_equals_batch_to_the_last_bit(core: Any, batch: pd.DataFrame) -> None:
    names = list(batch.index)
    assert len(names) >= 200
    response = ask(core, customers=[{"customer_id": name} for name in names])
    assert [answer.customer_id for answer in response.results] == names
    for answer in response.results:
        assert answer.model_dump(exclude=NOT_IN_BATCH) == as_in_batch(batch.loc[answer.customer_id], "en")
        assert set(own_warnings(answer, batch.loc[answer.customer_id])) <= {"one_order", "short_history", "no_orders"}


def test_with_the_whole_history_sent_equals_batch_to_the_last_bit(
    core: Any, batch: pd.DataFrame, history: Any, trained: Any
) -> None:
    names = list(batch.index)
    response = ask(core, customers=[history(name) for name in names], as_of=f"{trained.end.isoformat()}Z", lang="zh")
    for answer in response.results:
        assert answer.model_dump(exclude=NOT_IN_BATCH) == as_in_batch(batch.loc[answer.customer_id], "zh")
    assert len(response.results) == len(names) >= 200


def test_one_customer_alone_equals_the_same_among_many(
    core: Any, batch: pd.DataFrame, history: Any, trained: Any
) -> None:
    as_of = f"{trained.end.isoformat()}Z"
    for name in list(batch.index)[::60]:
        by_id = ask(core, customers=[{"customer_id": name}]).results[0]
        sent = ask(core, customers=[history(name)], as_of=as_of).results[0]
        assert by_id == sent
        assert by_id.model_dump(exclude=NOT_IN_BATCH) == as_in_batch(batch.loc[name], "en")


def test_by_id_and_by_history_in_one_call_keep_the_order(core: Any, history: Any, trained: Any) -> None:
    customers = [history("c0005"), {"customer_id": "nobody"}, {"customer_id": "c0002"}, history("c0001")]
    response = ask(core, customers=customers, as_of=f"{trained.end.isoformat()}Z")
    assert [answer.customer_id for answer in response.results] == ["c0005", "nobody", "c0002", "c0001"]
    assert [answer.found for answer in response.results] == [True, False, True, True]


def test_an_earlier_moment_equals_batch_at_that_moment(core: Any, trained: Any, history: Any) -> None:
    from features.engine import open_tables
    from retention.scoring.scorer import load_scorer

    as_of = trained.end - timedelta(days=100)
    with open_tables(trained.settings.canonical) as tables:
        batch = load_scorer(trained.settings).score(tables, as_of).set_index("customer_id")
    names = list(batch.index)[::4]
    moment = as_of.replace(tzinfo=UTC).isoformat()
    response = ask(core, customers=[{"customer_id": name} for name in names], as_of=moment)
    for answer in response.results:
        assert answer.model_dump(exclude=NOT_IN_BATCH) == as_in_batch(batch.loc[answer.customer_id], "en")
    sent = ask(core, customers=[history(name) for name in names], as_of=moment)
    for answer, other in zip(sent.results, response.results, strict=True):
        assert answer.churn_probability == other.churn_probability
        assert answer.expected_spend == other.expected_spend
    assert [warning.code for warning in response.warnings] == ["before_model"]


def test_reasons_add_up_and_speak_the_language_asked_for(core: Any) -> None:
    for lang, chinese in (("zh", True), ("en", False)):
        answer = ask(core, customers=[{"customer_id": "c0001"}], lang=lang)
        result = answer.results[0]
        total = result.churn_base + sum(part.points for part in result.drivers)
        assert total == pytest.approx(result.churn_probability, abs=1e-6)
        told = [reason for reason in result.reasons if reason.points is not None]
        assert told and told[0].facts and all(("。" in reason.text) == chinese for reason in told)
        assert result.summary and ("。" in result.summary) == chinese
        assert answer.lang == lang and answer.note
        text = answer.model_dump_json()
        assert "text_en" not in text and "text_zh" not in text and "name_en" not in text


def test_the_answer_says_what_it_rests_on(core: Any, trained: Any) -> None:
    answer = ask(core, customers=[{"customer_id": "c0001"}])
    assert answer.model_version == trained.bundle_id
    assert answer.feature_fingerprint == core.model.feature_set.fingerprint
    assert (answer.horizon_days, answer.lifetime_days, answer.currency) == (60, 120, "CNY")
    assert answer.as_of == trained.end.replace(tzinfo=UTC)
    assert set(answer.results[0].horizons) == {30, 60, 120}
    json.loads(answer.model_dump_json(), parse_constant=lambda name: pytest.fail(f"{name} in an answer"))


def test_model_card(core: Any, trained: Any) -> None:
    card = core.model_card()
    assert card.model_version == trained.bundle_id and card.by_id
    assert card.feature_count == len(core.model.feature_set) == len(core.model.suite.feature_names_in_)
    assert card.horizons == [30, 60, 120] and card.horizon_days == 60
    assert card.trained_until == card.data_until == trained.end.replace(tzinfo=UTC)
    assert set(card.tables) == {"transactions", "customers", "feedback", "interactions"}


def codes(response: Any, position: int = 0) -> set[str]:
    return {warning.code for warning in response.results[position].warnings}


def test_an_unknown_customer_is_answered_with_a_warning_and_no_number(core: Any) -> None:
    response = ask(core, customers=[{"customer_id": "nobody"}], lang="zh")
    result = response.results[0]
    assert not result.found and codes(response) == {"unknown_customer"}
    assert result.churn_probability is None and result.reasons == [] and result.stage is None
    assert "没有该客户" in result.warnings[0].text


def test_a_prospect_is_answered_without_a_model(core: Any, trained: Any) -> None:
    response = ask(core, customers=[{"customer_id": "new", "orders": []}], as_of=trained.end.isoformat())
    assert "no_orders" in codes(response)
    assert response.results[0].evidence in (None, "none")


def test_what_was_not_sent_is_told_and_is_unknown_instead_of_zero(core: Any, history: Any, trained: Any) -> None:
    as_of = f"{trained.end.isoformat()}Z"
    bare = {"customer_id": "c0001", "orders": history("c0001")["orders"]}
    response = ask(core, customers=[bare], as_of=as_of)
    told = next(warning for warning in response.results[0].warnings if warning.code == "missing_fields")
    assert "feedback" in told.text and "interactions" in told.text and "profile" in told.text
    spoken = {reason.driver for reason in response.results[0].reasons if reason.facts}
    assert not spoken & {"engagement", "service_contact"}
    empty = ask(core, customers=[{**bare, "feedback": [], "interactions": [], "profile": {}}], as_of=as_of)
    assert "missing_fields" not in codes(empty)


def test_a_column_that_the_model_knows_and_no_line_has_is_told(core: Any, history: Any, trained: Any) -> None:
    sent = history("c0001")
    for line in sent["orders"]:
        del line["category"]
    response = ask(core, customers=[sent], as_of=f"{trained.end.isoformat()}Z")
    told = next(warning for warning in response.results[0].warnings if warning.code == "missing_fields")
    assert "orders.category" in told.text


def test_rows_at_or_after_as_of_are_not_seen_and_told(core: Any, history: Any, trained: Any) -> None:
    as_of = f"{trained.end.isoformat()}Z"
    sent = history("c0001")
    later = {**sent["orders"][0], "order_id": "later", "occurred_at": as_of, "amount": 99_999}
    plain = ask(core, customers=[sent], as_of=as_of).results[0]
    response = ask(core, customers=[{**sent, "orders": [*sent["orders"], later]}], as_of=as_of)
    assert "future_rows" in codes(response)
    result = response.results[0]
    assert result.model_dump(exclude={"warnings"}) == plain.model_dump(exclude={"warnings"})


def test_as_of_defaults_to_the_end_of_the_data_and_says_so(core: Any, history: Any, trained: Any) -> None:
    response = ask(core, customers=[history("c0001")])
    assert response.as_of == trained.end.replace(tzinfo=UTC)
    assert [warning.code for warning in response.warnings] == ["as_of_assumed"]
    newest = (trained.end + timedelta(hours=5)).replace(tzinfo=UTC)
    fresh = {"customer_id": "x", "orders": [{"order_id": "1", "occurred_at": newest.isoformat(), "amount": 1}]}
    assert ask(core, customers=[fresh]).as_of == (trained.end + timedelta(days=1)).replace(tzinfo=UTC)


def call_codes(response: Any) -> set[str]:
    return {warning.code for warning in response.warnings}


@pytest.fixture
def at(core: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock of the core."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(core, "clock", lambda: moment)

    return set_clock


def test_staleness_is_judged_by_the_clock(core: Any, trained: Any, at: Any) -> None:
    by_id = [{"customer_id": "c0001"}]
    assert call_codes(ask(core, customers=by_id)) == set() and not core.is_stale()
    at(trained.end + timedelta(days=200))
    response = ask(core, customers=by_id)
    assert call_codes(response) == {"stale_data"} and core.is_stale()
    assert any(str(days) in response.warnings[0].text for days in (200, 201))
    late = (trained.end + timedelta(days=200)).isoformat()
    assert call_codes(ask(core, customers=by_id, as_of=late)) == {"stale_data", "old_model"}
    # what lies within the data is seen whole, and a history sent along is the caller's
    within = (trained.end - timedelta(days=3)).isoformat()
    assert call_codes(ask(core, customers=by_id, as_of=within)) == {"before_model"}
    line = {"order_id": "1", "occurred_at": "2022-01-01", "amount": 1}
    sent = ask(core, customers=[{"customer_id": "x", "orders": [line]}], as_of=f"{trained.end.isoformat()}Z")
    assert call_codes(sent) == set()


def test_a_moment_in_the_future_is_told(core: Any, trained: Any) -> None:
    late = f"{(trained.end + timedelta(days=5)).isoformat()}Z"
    assert "future_as_of" in call_codes(ask(core, customers=[{"customer_id": "c0001"}], as_of=late))
    assert "future_as_of" not in call_codes(ask(core, customers=[{"customer_id": "c0001"}]))


def future_count(response: Any, position: int = 0) -> int:
    told = [w for w in response.results[position].warnings if w.code == "future_rows"]
    return int(re.findall(r"[0-9]+", told[0].text)[0]) if told else 0


AFTER = {"occurred_at": "2022-06-20T10:00:00Z"}
ORDER, COMPLAINT, VISIT = {"order_id": "1", "amount": 10}, {"kind": "complaint"}, {"kind": "visit"}


@pytest.mark.parametrize(
    ("sent", "count"),
    [
        ({"orders": [{**ORDER, **AFTER}]}, 1),
        ({"orders": [], "feedback": [{**COMPLAINT, **AFTER}]}, 1),
        ({"orders": [], "interactions": [{**VISIT, **AFTER}, {**VISIT, **AFTER}]}, 2),
        ({"orders": [{**ORDER, **AFTER}], "feedback": [{**COMPLAINT, **AFTER}],
          "interactions": [{**VISIT, **AFTER}]}, 3),
        ({"orders": [{**ORDER, "occurred_at": "2022-04-25T00:00:00Z"}]}, 1),
        ({"orders": [{**ORDER, "occurred_at": "2022-04-24", "recorded_at": "2022-04-25T00:00:01Z"}]}, 1),
        ({"orders": [], "profile": {"acquired_at": "2022-06-01"}, "feedback": [{**COMPLAINT, **AFTER}]}, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("profiles", [True, False])
def test_rows_of_the_future_alone_are_told_with_no_orders(
    core: Any, sent: dict[str, Any], count: int, profiles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not profiles:  # a company without a customers table: then nothing at all is left of the customer
        columns = {name: own for name, own in core.company.columns.items() if name != "customers"}
        monkeypatch.setattr(core, "company", replace(core.company, columns=columns))
    if "recorded_at" in str(sent):
        lines = (*core.company.columns["transactions"], "recorded_at")
        monkeypatch.setattr(
            core, "company", replace(core.company, columns={**core.company.columns, "transactions": lines})
        )
    for lang in ("en", "zh"):
        response = ask(core, customers=[{"customer_id": "f", **sent}], as_of="2022-04-25T00:00:00Z", lang=lang)
        assert {"no_orders", "future_rows"} <= codes(response) and future_count(response) == count
        assert response.results[0].found == (profiles and "profile" not in sent)


def test_the_case_of_future_rows_only(core: Any) -> None:
    case = Path(__file__).parents[3] / "shared" / "cases" / "future_rows_only" / "request.json"
    if not case.exists():
        pytest.skip("the cases are not here")
    document = json.loads(case.read_text())
    response = ask(core, **{**document, "as_of": "2022-04-25T00:00:00Z"})
    assert {"no_orders", "future_rows"} <= codes(response)


def test_rows_later_than_the_present_are_left_out_and_move_no_moment(core: Any, trained: Any, at: Any) -> None:
    now = trained.end + timedelta(hours=8)
    past = {"order_id": "1", "occurred_at": (now - timedelta(days=40)).replace(tzinfo=UTC).isoformat(), "amount": 10}
    ahead = {**past, "order_id": "2", "occurred_at": (now + timedelta(days=300)).replace(tzinfo=UTC).isoformat()}
    plain = ask(core, customers=[{"customer_id": "x", "orders": [past]}])
    both = ask(core, customers=[{"customer_id": "x", "orders": [past, ahead]}])
    assert plain.as_of == both.as_of == trained.end.replace(tzinfo=UTC)
    assert future_count(both) == 1 and future_count(plain) == 0
    assert both.results[0].churn_probability == plain.results[0].churn_probability
    # a caller whose clock runs a little ahead is believed
    skewed = {**past, "order_id": "2", "occurred_at": (now + timedelta(minutes=3)).replace(tzinfo=UTC).isoformat()}
    assert future_count(ask(core, customers=[{"customer_id": "x", "orders": [past, skewed]}])) == 0
    # even where the moment asked for lies later still
    far = (now + timedelta(days=400)).replace(tzinfo=UTC).isoformat()
    assert future_count(ask(core, customers=[{"customer_id": "x", "orders": [past, ahead]}], as_of=far)) == 1


def test_the_setting_that_refuses_the_future_in_files_holds_for_calls(
    core: Any, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = core.settings.data.model_copy(update={"future_after": "2022-03-01"})
    monkeypatch.setattr(core, "settings", core.settings.model_copy(update={"data": data}))
    lines = [
        {"order_id": "1", "occurred_at": "2022-03-01T23:59:59+08:00", "amount": 1},
        {"order_id": "2", "occurred_at": "2022-03-02T00:00:00+08:00", "amount": 1},
    ]
    response = ask(core, customers=[{"customer_id": "x", "orders": lines}], as_of="2022-06-01")
    assert future_count(response) == 1 and "one_order" in codes(response)


def test_short_histories_are_told(core: Any, trained: Any) -> None:
    when = (trained.end - timedelta(days=10)).replace(tzinfo=UTC)
    line = {"order_id": "1", "occurred_at": when.isoformat(), "amount": 10}
    again = {"order_id": "2", "occurred_at": (when + timedelta(days=4)).isoformat(), "amount": 10}
    customers = [{"customer_id": "a", "orders": [line]}, {"customer_id": "b", "orders": [line, again]}]
    response = ask(core, customers=customers, as_of=f"{trained.end.isoformat()}Z")
    assert "one_order" in codes(response, 0) and "short_history" in codes(response, 1)


def test_a_value_out_of_range_is_told(core: Any, trained: Any) -> None:
    line = {"order_id": "1", "occurred_at": (trained.end - timedelta(days=5)).isoformat(), "amount": 90_000_000}
    response = ask(core, customers=[{"customer_id": "a", "orders": [line]}], as_of=trained.end.isoformat())
    assert "out_of_range" in codes(response)


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        ({"customers": [{"customer_id": "a"}, {"customer_id": "b"}, {"customer_id": "a"}]}, "duplicate_customer",
         "customers[2].customer_id"),
        ({"customers": [{"customer_id": "a"}], "as_of": "1999-01-01"}, "as_of_out_of_range", "as_of"),
        ({"customers": [{"customer_id": f"{i}"} for i in range(1001)]}, "too_many_customers", "customers"),
        ({"customers": [{"customer_id": "a", "orders": [{"order_id": "1", "occurred_at": "2022-01-01"}]}]},
         "invalid_request", "customers[0].orders[0].amount"),
        ({"customers": [{"customer_id": "a", "orders": [
            {"order_id": "1", "occurred_at": "2022-01-01", "amount": 1, "currency": "EUR"}]}]},
         "mixed_currencies", "customers[0].orders[0].currency"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_its_place(
    core: Any, document: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(RequestError) as caught:
        ask(core, **document)
    assert (caught.value.code, caught.value.place["field"]) == (code, field)


BIG = {"order_id": "1", "occurred_at": "2022-01-01", "amount": 9.9e13}


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([BIG, BIG], "customers[0].orders[1].amount"),
        ([BIG, {**BIG, "amount": -9.9e13}], "customers[0].orders[1].amount"),
        ([BIG, {**BIG, "order_id": "2", "occurred_at": "2022-02-01"}], "customers[0].orders[1].amount"),
        ([{**BIG, "amount": 1e13}] * 20, "customers[0].orders[9].amount"),
        ([{**BIG, "amount": 1, "discount": 9.9e13}] * 2, "customers[0].orders[1].discount"),
        ([{"order_id": "1", "occurred_at": "2022-01-01", "quantity": 1e12, "unit_price": 99999999999999.9}],
         "customers[0].orders[0].amount"),
        ([{"order_id": "1", "occurred_at": "2022-01-01", "quantity": 9e11, "unit_price": 123.4}],
         "customers[0].orders[0].amount"),
    ],
)  # fmt: skip
def test_sums_out_of_range_are_refused_with_their_place(core: Any, lines: list[dict[str, Any]], field: str) -> None:
    from serving.errors import error_body

    with pytest.raises(RequestError) as caught:
        ask(core, customers=[{"customer_id": "a", "orders": lines}], as_of="2023-06-01")
    assert (caught.value.code, caught.value.place["field"]) == ("invalid_request", field)
    for lang in ("en", "zh"):
        error = error_body(caught.value, lang)["error"]
        assert error["message"].startswith(field) and len(error["message"]) > len(field) + 6 and error["remedy"]


@pytest.mark.parametrize("name", ["amount", "unit_price", "discount"])
@pytest.mark.parametrize(("text", "taken"), [("99999999999999.9999", True), ("99999999999999.99995", False),
                                             ("1e14", False), ("-99999999999999.99999", False), ("1e300", False),
                                             ("0." + "1" * 390, True)])  # fmt: skip
def test_an_amount_counts_as_it_will_be_kept(core: Any, name: str, text: str, taken: bool) -> None:
    line = '{"order_id": "1", "occurred_at": "2022-01-01", "amount": 1}'.replace(
        '"amount": 1', '"amount": 1, ' * (name != "amount") + f'"{name}": {text}'
    )
    body = f'{{"as_of": "2023-06-01", "customers": [{{"customer_id": "a", "orders": [{line}]}}]}}'
    if taken:
        assert core.score(ScoreRequest.model_validate_json(body)).results[0].found
    else:
        with pytest.raises(ValidationError, match="1e14"):
            ScoreRequest.model_validate_json(body)


def test_the_greatest_quantities_and_amounts_are_answered(core: Any) -> None:
    line = {
        "order_id": "1",
        "occurred_at": "2022-01-01",
        "amount": 99999999999999.0,
        "quantity": 1e12,
        "product_id": "p",
    }
    more = [{**line, "order_id": f"n{i}", "amount": 0.0} for i in range(500)]
    response = ask(core, customers=[{"customer_id": "a", "orders": [line, *more]}], as_of="2022-06-01")
    assert response.results[0].found and response.results[0].expected_spend is not None


def test_without_tables_a_history_is_needed(trained: Any, history: Any, core: Any) -> None:
    from models.bundle.folder import load_bundle
    from serving.core import ScoringCore

    bare = ScoringCore(load_bundle(trained.settings.bundle_store, examine=False), None, trained.settings)
    with pytest.raises(RequestError) as caught:
        ask(bare, customers=[{"customer_id": "c0001"}])
    assert caught.value.code == "history_needed"
    as_of = f"{trained.end.isoformat()}Z"
    answer = ask(bare, customers=[history("c0001")], as_of=as_of).results[0]
    assert answer.churn_probability == ask(core, customers=[history("c0001")], as_of=as_of).results[0].churn_probability
    assert not bare.model_card().by_id and bare.model_card().data_until is None


def amounts(data: Any, *lines: OrderLine) -> list[Decimal]:
    from serving.history import read_history
    from serving.schemas import Customer

    columns = {"transactions": ("customer_id", "order_id", "occurred_at", "amount", "quantity", "unit_price")}
    later = datetime(2030, 1, 1)
    history = read_history([(0, Customer(customer_id="a", orders=list(lines)))], data, columns, None, later)
    assert history.tables["transactions"]["occurred_at"].to_pylist() == [datetime(2021, 12, 31, 16)] * len(lines)
    return list(history.tables["transactions"]["amount"].to_pylist())


def test_lines_are_read_by_the_rules_of_intake(trained: Any) -> None:
    from configs.settings import ReturnRule

    data = trained.settings.data
    line = OrderLine(order_id="C1", occurred_at=datetime(2022, 1, 1), amount=Decimal("5.00005"))
    marked = data.model_copy(update={"returns": ReturnRule(order_prefix="C")})
    assert amounts(data, line) == [Decimal("5.0001")]
    assert amounts(marked, line, line.model_copy(update={"order_id": "1"})) == [Decimal("-5.0001"), Decimal("5.0001")]
    priced = {"amount": None, "quantity": 3.0, "unit_price": Decimal("0.1"), "discount": Decimal("0.05")}
    assert amounts(data, line.model_copy(update=priced)) == [Decimal("0.2500")]
    returned = line.model_copy(update={"amount": Decimal(-2)})
    assert amounts(data, returned) == [Decimal(-2)]
    unsigned = data.model_copy(update={"returns": ReturnRule(negative_amount=False)})
    with pytest.raises(RequestError) as caught:
        amounts(unsigned, line, returned)
    assert caught.value.place["field"] == "customers[0].orders[1].amount"


@pytest.mark.parametrize(
    ("model", "table"),
    [(OrderLine, "transactions"), (Feedback, "feedback"), (Interaction, "interactions"), (Profile, "customers")],
)
def test_requests_have_the_columns_of_the_data_contract(model: Any, table: str) -> None:
    from features.tables import TABLES

    assert set(model.model_fields) == {column.name for column in TABLES[table].columns} - {"customer_id"}


def test_the_serving_process_imports_no_training_dependencies(trained: Any) -> None:
    code = f"""
import sys
from serving.process import refuse_training_dependencies
refuse_training_dependencies()
from configs.settings import load_settings
from serving.model_folder import load_core
import serving.service
load_core(load_settings({str(trained.settings.root / "holdfast.yaml")!r})).warm_up()
heavy = ("mlflow", "dvc", "shap", "sklearn", "matplotlib", "joblib", "numba")
print(sorted(name for name in heavy if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
