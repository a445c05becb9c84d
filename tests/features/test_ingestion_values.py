"""Values on their way in: time zones, money, currencies, returns, ids, keys, lists; expectations are made by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from configs.errors import DataError, SettingsError
from configs.settings import Settings, load_settings
from features.ingestion import ingest
from features.ingestion.zones import changes

HEAD = "customer_id,order_id,occurred_at,amount"


def run(folder, text=None, *, source=None, **data):
    if text is not None:
        (folder / "a.csv").write_text(text)
    data.setdefault("max_refused_share", 1.0)
    data.setdefault("transactions", {"path": "a.csv", **(source or {})})
    return ingest(Settings(data=data, workdir=folder / "work", root=folder))


def kept(folder, *names, table="transactions"):
    rows = pq.read_table(folder / "work" / "canonical" / f"{table}.parquet").to_pylist()
    return [row[names[0]] if len(names) == 1 else tuple(row[name] for name in names) for row in rows]


def refused(folder, table="transactions"):
    rows = pq.read_table(folder / "work" / "quarantine" / f"{table}.parquet").to_pylist()
    return [(row["row"], row["field"], row["reason"]) for row in rows]


# Times


@pytest.mark.parametrize(
    ("zone", "local", "utc", "note"),
    [
        ("UTC", "2024-07-01 10:00", datetime(2024, 7, 1, 10), None),
        ("Asia/Shanghai", "2024-07-01 10:00", datetime(2024, 7, 1, 2), None),
        ("Asia/Shanghai", "1988-07-01 10:00", datetime(1988, 7, 1, 1), None),  # summer time there in those years
        ("Asia/Kolkata", "2024-07-01 10:00", datetime(2024, 7, 1, 4, 30), None),
        ("Europe/London", "2024-01-15 10:00", datetime(2024, 1, 15, 10), None),
        ("Europe/London", "2024-07-15 10:00", datetime(2024, 7, 15, 9), None),
        ("Europe/London", "2024-03-31 00:59:59", datetime(2024, 3, 31, 0, 59, 59), None),
        ("Europe/London", "2024-03-31 01:30", datetime(2024, 3, 31, 1, 30), "skipped_time"),
        ("Europe/London", "2024-03-31 02:00", datetime(2024, 3, 31, 1), None),
        ("Europe/London", "2024-10-27 00:59", datetime(2024, 10, 26, 23, 59), None),
        ("Europe/London", "2024-10-27 01:30", datetime(2024, 10, 27, 0, 30), "repeated_time"),
        ("Europe/London", "2024-10-27 02:00", datetime(2024, 10, 27, 2), None),
        ("America/New_York", "2024-03-10 02:30", datetime(2024, 3, 10, 7, 30), "skipped_time"),
        ("America/New_York", "2024-11-03 01:30", datetime(2024, 11, 3, 5, 30), "repeated_time"),
        ("Australia/Lord_Howe", "2024-04-07 01:45", datetime(2024, 4, 6, 14, 45), "repeated_time"),  # half an hour
        ("Pacific/Apia", "2011-12-30 10:00", datetime(2011, 12, 30, 20), "skipped_time"),  # a day left out
        ("Europe/London", "2024-07-15T10:00:00Z", datetime(2024, 7, 15, 10), None),
        ("Europe/London", "2024-07-15 10:00:00+02:00", datetime(2024, 7, 15, 8), None),
    ],
)
def test_local_times(tmp_path, zone, local, utc, note):
    report = run(tmp_path, f"{HEAD}\n1,A,{local},5\n", timezone=zone)
    assert kept(tmp_path, "occurred_at") == [utc]
    notes = {code: count for code, count in report.tables["transactions"].notes.items() if code.endswith("_time")}
    assert notes == ({note: 1} if note else {})


@given(
    zone=st.sampled_from(["Europe/London", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Tehran"]),
    moments=st.lists(st.datetimes(datetime(1985, 1, 1), datetime(2037, 12, 31)), min_size=1, max_size=30),
)
@hypothesis_settings(max_examples=20, deadline=None)
def test_every_local_time_is_read_as_zoneinfo_reads_it(tmp_path_factory, zone, moments):
    folder = tmp_path_factory.mktemp("zone")
    rows = "".join(f"{index:03d},A,{moment.isoformat(sep=' ')},1\n" for index, moment in enumerate(moments))
    run(folder, f"{HEAD}\n{rows}", timezone=zone)
    wanted = [moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None) for moment in moments]
    assert kept(folder, "occurred_at") == wanted


def test_changes_of_the_clock_are_found_to_the_second():
    _, found = changes("Europe/London", 2024, 2024)
    assert [change.at for change in found] == [datetime(2024, 3, 31, 1), datetime(2024, 10, 27, 1)]


def test_a_table_may_have_its_own_zone_and_typed_times_know_theirs(tmp_path):
    table = pa.table(
        {
            "customer_id": ["1", "2"],
            "order_id": ["A", "B"],
            "occurred_at": pa.array([datetime(2024, 7, 1, 10)] * 2, pa.timestamp("ns", "Asia/Shanghai")),
            "recorded_at": pa.array([datetime(2024, 7, 1, 12), None], pa.timestamp("ms")),
            "amount": [1.0, 2.0],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    report = run(tmp_path, transactions={"path": "a.parquet", "timezone": "Asia/Shanghai"}, timezone="Europe/London")
    assert kept(tmp_path, "occurred_at", "recorded_at") == [
        (datetime(2024, 7, 1, 10), datetime(2024, 7, 1, 4)),
        (datetime(2024, 7, 1, 10), datetime(2024, 7, 1, 10)),
    ]
    assert report.tables["transactions"].notes == {"recorded_filled": 1}


def test_dates_in_the_future_are_refused(tmp_path):
    text = f"{HEAD}\n1,A,2024-05-31 23:59,5\n1,B,2024-06-01 00:00,5\n1,C,2042-05-31,5\n"
    report = run(tmp_path, text, future_after="2024-05-31", timezone="Asia/Shanghai")
    assert kept(tmp_path, "order_id") == ["A"]
    assert refused(tmp_path) == [(3, "occurred_at", "in_the_future"), (4, "occurred_at", "in_the_future")]
    assert report.tables["transactions"].refused("in_the_future") == 2
    assert run(tmp_path, text).tables["transactions"].rows_kept == 3
    (tmp_path / "holdfast.yaml").write_text("data: {future_after: 2024-05-31, transactions: {path: a.csv}}")
    assert load_settings(tmp_path / "holdfast.yaml").data.future_after == "2024-05-31"
    with pytest.raises(SettingsError, match="future_after"):
        run(tmp_path, text, future_after="soon")


def test_an_unknown_zone_is_refused(tmp_path):
    (tmp_path / "holdfast.yaml").write_text("data: {transactions: {path: a.csv, timezone: Mars/Base}}")
    with pytest.raises(SettingsError, match="Mars/Base"):
        load_settings(tmp_path / "holdfast.yaml")


# Money


def test_more_than_four_decimals_are_rounded_and_counted(tmp_path):
    text = f"{HEAD}\n1,A,2024-01-01,1.00005\n1,B,2024-01-01,1.0000500\n1,C,2024-01-01,1.2500000\n1,D,2024-01-01,1e-7\n"
    report = run(tmp_path, text)
    assert kept(tmp_path, "amount") == [Decimal("1.0001"), Decimal("1.0001"), Decimal("1.2500"), Decimal("0.0000")]
    assert report.tables["transactions"].notes == {"more_decimals": 3}


@given(cents=st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=40), scale=st.sampled_from([0, 1, 2, 4]))
@hypothesis_settings(max_examples=10, deadline=None)
def test_amounts_are_exact_from_text_and_from_floats(tmp_path_factory, cents, scale):
    wanted = [Decimal(value).scaleb(-scale) for value in cents]
    ids = [f"{index:03d}" for index in range(len(cents))]
    folder = tmp_path_factory.mktemp("money")
    run(folder, f"{HEAD}\n" + "".join(f"{i},A,2024-01-01,{v}\n" for i, v in zip(ids, wanted, strict=True)))
    assert kept(folder, "amount") == wanted
    day = pa.array([datetime(2024, 1, 1)] * len(ids), pa.timestamp("us"))
    columns = {"customer_id": ids, "order_id": ids, "occurred_at": day, "amount": [float(value) for value in wanted]}
    pq.write_table(pa.table(columns), folder / "b.parquet")
    report = run(folder, transactions={"path": "b.parquet"})
    assert kept(folder, "amount") == wanted
    assert report.tables["transactions"].notes == {}


def test_single_precision_floats_are_read_as_they_print(tmp_path):
    day = pa.array([datetime(2024, 1, 1)], pa.timestamp("us"))
    columns = {"customer_id": ["1"], "order_id": ["A"], "occurred_at": day, "amount": pa.array([11.77], pa.float32())}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    report = run(tmp_path, transactions={"path": "a.parquet"})
    assert kept(tmp_path, "amount") == [Decimal("11.7700")]
    assert report.tables["transactions"].notes == {}


def test_amount_from_quantity_and_price(tmp_path):
    text = (
        "customer_id,order_id,occurred_at,quantity,unit_price,discount\n"
        "1,A,2024-01-01,3,2.10,0.30\n1,B,2024-01-01,-2,2.10,\n1,C,2024-01-01,0.3333,0.3333,0\n1,D,2024-01-01,,2,0\n"
        "1,E,2024-01-01,1e9,99999999999999,0\n"
    )
    report = run(tmp_path, text)
    assert kept(tmp_path, "order_id", "amount") == [
        ("A", Decimal("6.0000")),
        ("B", Decimal("-4.2000")),
        ("C", Decimal("0.1111")),
    ]
    assert refused(tmp_path) == [(5, "amount", "missing_value"), (6, "amount", "out_of_range")]
    notes = report.tables["transactions"].notes
    assert notes["more_decimals"] == 1
    assert "derived_amount" in notes
    assert report.log.derived_amount


def test_a_log_without_amounts(tmp_path):
    report = run(tmp_path, "customer_id,order_id,occurred_at\n1,A,2024-01-01\n1,B,2024-02-01\n")
    names = pq.read_schema(tmp_path / "work" / "canonical" / "transactions.parquet").names
    assert names == ["customer_id", "order_id", "occurred_at"]
    assert report.log.amount is None
    assert report.log.orders == 2
    assert any("no amounts" in finding.en for finding in report.findings)
    assert any("没有金额" in finding.zh for finding in report.findings)


def test_return_rules(tmp_path):
    text = f"{HEAD}\n1,A,2024-01-01,10\n1,C1,2024-01-02,4\n1,C2,2024-01-03,-3\n1,B,2024-01-04,-1\n"
    report = run(tmp_path, text, returns={"order_prefix": "C"})
    assert kept(tmp_path, "amount") == [Decimal(10), Decimal(-4), Decimal(-3), Decimal(-1)]
    assert report.tables["transactions"].notes == {"made_negative": 1}
    assert (report.log.return_lines, report.log.return_amount) == (3, -8.0)
    run(tmp_path, text, returns={"order_prefix": "C", "negative_amount": False})
    assert kept(tmp_path, "order_id") == ["A", "C1", "C2"]
    assert refused(tmp_path) == [(5, "amount", "negative_amount")]


RATES = "date,currency,rate\n2024-01-01,USD,7.0\n2024-01-10,USD,7.5\n"
FOREIGN = (
    f"{HEAD},currency,discount\n1,A,2024-01-01 00:00,10,USD,1\n1,B,2024-01-09 23:59,10,USD,\n"
    "1,C,2024-01-10 00:00,10,USD,2\n1,D,2024-01-05,10,CNY,3\n1,E,2023-12-31,10,USD,\n1,F,2024-01-05,10,EUR,\n"
)


def test_currencies_with_a_rate_table(tmp_path):
    (tmp_path / "rates.csv").write_text(RATES)
    report = run(tmp_path, FOREIGN, currency="CNY", rates="rates.csv", timezone="Asia/Shanghai")
    assert kept(tmp_path, "order_id", "amount", "currency", "discount") == [
        ("A", Decimal("70.0000"), "CNY", Decimal("7.0000")),
        ("D", Decimal("10.0000"), "CNY", Decimal("3.0000")),
        ("B", Decimal("70.0000"), "CNY", None),
        ("C", Decimal("75.0000"), "CNY", Decimal("15.0000")),
    ]
    assert refused(tmp_path) == [(6, "currency", "no_rate"), (7, "currency", "no_rate")]
    assert report.log.currency == "CNY"
    assert {item.table for item in report.inputs} == {"transactions", "rates"}


def test_currencies_without_a_rate_table(tmp_path):
    with pytest.raises(DataError) as caught:
        run(tmp_path, FOREIGN, currency="CNY")
    assert caught.value.code == "mixed_currencies"
    assert "data.rates" in str(caught.value)
    one = f"{HEAD},currency\n1,A,2024-01-01,10,USD\n1,B,2024-01-01,10,\n"
    with pytest.raises(DataError, match="USD"):
        run(tmp_path, one, currency="CNY")
    assert run(tmp_path, one).log.currency == "USD"
    assert refused(tmp_path) == [(3, "currency", "missing_currency")]


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ("date,currency\n", "rate"),
        (RATES + "10.01.2024,USD,7\n", "line 4, field date"),
        (RATES + "2024-01-11,USD,-7\n", "line 4, field rate"),
        (RATES + "2024-01-11,USD\n2024-01-12,USD,7\n", "line 4, field line"),
        (RATES + "2024-01-10,USD,7.6\n", "line 4: a second rate of USD"),
    ],
)
def test_a_rate_table_that_cannot_be_read(tmp_path, rates, words):
    (tmp_path / "rates.csv").write_text(rates)
    with pytest.raises(DataError, match=words):
        run(tmp_path, FOREIGN, currency="CNY", rates="rates.csv")


def test_rates_need_a_currency(tmp_path):
    (tmp_path / "rates.csv").write_text(RATES)
    with pytest.raises(SettingsError, match="set data"):
        run(tmp_path, FOREIGN, rates="rates.csv")


# Ids and keys


def test_order_ids_are_made_of_customer_and_time(tmp_path):
    report = run(
        tmp_path, "customer_id,occurred_at,amount\n1,2024-01-01,5\n1,2024-01-01,6\n1,2024-01-02 10:00:00.5,7\n"
    )
    assert kept(tmp_path, "order_id", "amount") == [
        ("1@2024-01-01T00:00:00", Decimal(5)),
        ("1@2024-01-01T00:00:00", Decimal(6)),
        ("1@2024-01-02T10:00:00.500000", Decimal(7)),
    ]
    assert (report.log.orders, report.log.made_order) == (2, True)


def test_a_repeated_line_counts_once(tmp_path):
    line = "1,A,2024-01-01,5,"
    text = f"{HEAD},line_id\n{line}1\n{line}1\n{line}2\n{line}\n{line}\n1,B,2024-01-01,7,1\n1,B,2024-01-01,6,1\n"
    report = run(tmp_path, text, max_refused_share=0.2)
    assert kept(tmp_path, "order_id", "line_id", "amount") == [
        ("A", None, Decimal(5)),
        ("A", None, Decimal(5)),
        ("A", "1", Decimal(5)),
        ("A", "2", Decimal(5)),
        ("B", "1", Decimal(6)),
    ]
    assert refused(tmp_path) == [(3, "line_id", "repeated_row"), (7, "line_id", "conflicting_row")]
    assert report.tables["transactions"].duplicate_rows == 1


def test_one_row_per_customer_and_product(tmp_path):
    (tmp_path / "c.csv").write_text("customer_id,region\n1,North\n1,North\n2,South\n2,East\n")
    report = run(tmp_path, f"{HEAD}\n1,A,2024-01-01,5\n", customers={"path": "c.csv"})
    assert kept(tmp_path, "customer_id", "region", table="customers") == [("1", "North"), ("2", "East")]
    assert refused(tmp_path, "customers") == [(3, "customer_id", "repeated_row"), (4, "customer_id", "conflicting_row")]
    assert report.tables["customers"].rows_kept == 2


def test_ids_that_mean_nobody_are_null(tmp_path):
    text = f"{HEAD}\n1,A,2024-01-01,5\nnan,B,2024-01-01,5\nNULL,C,2024-01-01,5\n 7,D,2024-01-01,5\n"
    report = run(tmp_path, text, max_null_customer_share=1)
    assert kept(tmp_path, "customer_id") == ["1", "7"]
    assert refused(tmp_path) == [(3, "customer_id", "null_customer"), (4, "customer_id", "null_customer")]
    assert report.tables["transactions"].notes == {"spaces_in_id": 1}


def test_events_without_an_id_get_one_from_their_content(tmp_path):
    orders = f"{HEAD}\n1,A,2024-01-01,5\n"
    (tmp_path / "i.csv").write_text("customer_id,day\n1,2024-01-01\n2,2024-01-01\n1,2024-01-01\n")
    source = {"path": "i.csv", "columns": {"occurred_at": "day"}, "constants": {"kind": "redeem"}}
    run(tmp_path, orders, interactions=source)
    first = kept(tmp_path, "interaction_id", "customer_id", "kind", table="interactions")
    assert [(row[1], row[2]) for row in first] == [("1", "redeem"), ("1", "redeem"), ("2", "redeem")]
    assert len({row[0] for row in first}) == 3
    (tmp_path / "i.csv").write_text("customer_id,day\n3,2024-01-01\n1,2024-01-01\n1,2024-01-01\n2,2024-01-01\n")
    run(tmp_path, orders, interactions=source)
    assert kept(tmp_path, "interaction_id", "customer_id", "kind", table="interactions")[:3] == first


# Other tables


def test_values_are_translated_and_choices_checked(tmp_path):
    (tmp_path / "f.csv").write_text(
        "id,customer_id,day,type,about,score\n1,1,2024-01-01,beschwerde,ware,1\n2,1,2024-01-02,lob,ware,5\n"
        "3,1,2024-01-03,review,,inf\n4,1,2024-01-04,review,,\n5,1,2024-01-05,review,,6\n"
    )
    source = {
        "path": "f.csv",
        "columns": {"feedback_id": "id", "occurred_at": "day", "kind": "type", "topic": "about"},
        "constants": {"score_min": "1", "score_max": "5"},
        "values": {"kind": {"beschwerde": "complaint"}, "topic": {"ware": "quality"}},
    }
    report = run(tmp_path, f"{HEAD}\n1,A,2024-01-01,5\n", feedback=source)
    assert kept(tmp_path, "feedback_id", "kind", "topic", "score", table="feedback") == [
        ("1", "complaint", "quality", 1.0),
        ("4", "review", None, None),
    ]
    assert refused(tmp_path, "feedback") == [
        (3, "kind", "not_a_choice"),
        (4, "score", "not_finite"),
        (6, "score", "score_outside"),
    ]
    assert report.tables["feedback"].refusals[0].example_value in ("lob", "inf", "6")


def test_categories_as_text_path_or_columns(tmp_path):
    (tmp_path / "p.csv").write_text("product_id,a,b,path\n1,Food,Tea,Food > Tea > Green\n2,Food,,Food\n3,,, > \n")
    orders = f"{HEAD}\n1,A,2024-01-01,5\n"
    for options, wanted in [
        ({"columns": {"category": "a"}}, [["Food"], ["Food"], None]),
        ({"lists": {"category": ["a", "b"]}}, [["Food", "Tea"], ["Food"], None]),
        ({"columns": {"category": "path"}, "splitters": {"category": ">"}}, [["Food", "Tea", "Green"], ["Food"], None]),
    ]:
        run(tmp_path, orders, products={"path": "p.csv", **options})
        assert kept(tmp_path, "category", table="products") == wanted


def test_a_birthday_is_a_day_in_any_zone(tmp_path):
    (tmp_path / "c.csv").write_text("customer_id,birthday,acquired_at\n1,1990-05-17,2024-01-01\n2,17 May,2024-01-01\n")
    run(tmp_path, f"{HEAD}\n1,A,2024-01-01,5\n", customers={"path": "c.csv"}, timezone="Asia/Shanghai")
    assert kept(tmp_path, "birthday", "acquired_at", table="customers") == [
        (date(1990, 5, 17), datetime(2023, 12, 31, 16))
    ]
    assert refused(tmp_path, "customers") == [(3, "birthday", "not_a_date")]


def test_an_empty_text_leaves_a_column_out_and_an_empty_column_is_absent(tmp_path):
    text = f"{HEAD},channel,product_id\n1,A,2024-01-01,5,web,\n"
    report = run(tmp_path, text, source={"columns": {"channel": ""}})
    names = pq.read_schema(tmp_path / "work" / "canonical" / "transactions.parquet").names
    assert names == ["customer_id", "order_id", "occurred_at", "amount"]
    assert report.tables["transactions"].notes == {"empty_column": 1}
    assert report.tables["transactions"].null_shares["product_id"] == 1.0


def test_rows_left_out_by_setting_are_counted_and_not_refused(tmp_path):
    text = f"{HEAD},product_id\n1,A,2024-01-01,5,POST\n1,A,2024-01-01,x,D\n1,A,2024-01-01,5,p1\n,B,2024-01-01,5,p1\n"
    drop = {"drop_where": {"product_id": ["POST", "D"], "customer_id": [""]}}
    report = run(tmp_path, text, source=drop).tables["transactions"]
    assert (report.rows_in, report.rows_left_out, report.rows_kept, report.rows_refused) == (4, 3, 1, 0)


def test_the_quarantine_keeps_every_cell_and_says_why_in_both_languages(tmp_path):
    run(tmp_path, f"{HEAD},extra\n1,A,2024-01-01,5,x\n1,B,2024-01-01,3%,y\n")
    row = pq.read_table(tmp_path / "work" / "quarantine" / "transactions.parquet").to_pylist()[0]
    assert (row["source_file"], row["row"], row["field"], row["value"]) == ("a.csv", 3, "amount", "3%")
    assert "percent signs" in row["text"]
    assert "百分号" in row["text_zh"]
    assert row["cells"] == '{"customer_id":"1","order_id":"B","occurred_at":"2024-01-01","amount":"3%","extra":"y"}'
