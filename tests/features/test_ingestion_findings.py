"""What is said of the data as a whole, when it is said and when it is not."""

import random
import re
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from configs.errors import DataError
from configs.settings import Settings
from features.ingestion import ingest
from features.ingestion.stray import core

HEAD = "customer_id,order_id,occurred_at,amount\n"
CASES = Path(__file__).parents[3] / "shared" / "cases"


def shop(customers=40, days=300, seed=1, *, every=9.0):
    """Orders of customers with their own pace: (customer, order, time, amount), in order of time."""
    rng = random.Random(seed)
    found = []
    for customer in range(customers):
        time = rng.uniform(0, 20)
        while time < days:
            moment = datetime(2023, 1, 1) + timedelta(seconds=int(time * 86_400))
            found.append((f"C{customer:03d}", moment, round(rng.lognormvariate(3, 0.6), 2)))
            time += rng.expovariate(1 / every) + 0.1
    found.sort(key=lambda row: row[1])
    return [(customer, f"O{place:05d}", moment, amount) for place, (customer, moment, amount) in enumerate(found)]


def text(rows):
    return "".join(f"{customer},{order},{moment},{amount}\n" for customer, order, moment, amount in rows)


def run(folder, rows, extra=None, **data):
    """Ingest rows (tuples, or lines as text) and further tables given as CSV text."""
    (folder / "orders.csv").write_text(HEAD + (rows if isinstance(rows, str) else text(rows)), encoding="utf-8")
    for name, content in (extra or {}).items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
        data.setdefault(name, {"path": f"{name}.csv"})
    data.setdefault("transactions", {"path": "orders.csv"})
    targets = data.pop("targets", {"horizon_days": 30, "horizons": [30], "lifetime_days": 90})
    return ingest(Settings(data=data, targets=targets, workdir=folder / "work", root=folder))


def found(report):
    return {finding.code: finding for finding in report.findings}


def loud(report):
    """Codes that every command says, apart from those about the size of the small logs here."""
    return {finding.code for finding in report.loud()} - {"few_customers"}


def kept(folder, table="transactions"):
    return pq.read_table(folder / "work" / "canonical" / f"{table}.parquet")


def aside(folder, table="transactions"):
    path = folder / "work" / "quarantine" / f"{table}.parquet"
    return [(row["row"], row["reason"]) for row in pq.read_table(path).to_pylist()] if path.exists() else []


def test_an_ordinary_log_raises_nothing(tmp_path):
    assert loud(run(tmp_path, shop())) == set()


def test_every_finding_is_said_in_both_languages_and_what_is_loud_names_a_setting(tmp_path):
    rows = [*shop(), ("guest", "G1", datetime(2023, 3, 1), 5.0), ("C001", "O9", datetime(1900, 1, 1), 5.0)]
    rows[3] = (*rows[3][:3], 25_000_000)
    report = run(tmp_path, rows, {"feedback": "customer_id,occurred_at,kind\n99,2023-02-01,review\n"})
    assert {"isolated_dates", "nobody", "huge_amount", "ids_do_not_meet"} <= loud(report)
    for finding in report.findings:
        assert re.search(r"[\u4e00-\u9fff]", finding.zh) and not re.search(r"[\u4e00-\u9fff]", finding.en)
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]", finding.zh), finding.zh
        if finding.loud and finding.code not in ("refused", "few_customers"):
            assert finding.setting, finding.code
            assert finding.setting in finding.en and finding.setting in finding.zh, finding.code
    page = (tmp_path / "work" / "data_report.html").read_text(encoding="utf-8")
    assert 'class="bad"' in page and "25,000,000.00" in page
    assert '"severity": "warning"' in (tmp_path / "work" / "data_report.json").read_text().replace('":"', '": "')


# --- dates


@pytest.mark.parametrize("stray", ["1900-01-01", "1970-01-01", "1999-09-09 12:00", "2024-06-01", "2099-12-31"])
def test_a_stray_date_is_set_aside_and_moves_nothing(tmp_path, stray):
    rows = shop()
    run(tmp_path, rows)
    without = (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes()
    report = run(tmp_path, text(rows) + f"C001,ODD,{stray},10\n")
    finding = found(report)["isolated_dates"]
    assert (finding.severity, finding.setting, finding.figures["row"]) == ("warning", "data.first_day", len(rows) + 2)
    assert stray[:10] in finding.en
    assert aside(tmp_path) == [(len(rows) + 2, "isolated_date")]
    assert (report.log.first, report.log.last) == (rows[0][2], rows[-1][2])
    assert (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes() == without


def test_first_and_last_day_decide_instead(tmp_path):
    rows = shop()
    odd = "C001,X1,1900-01-01,10\nC001,X2,2024-06-01,10\n"
    report = run(tmp_path, text(rows) + odd, first_day="1900-01-01", last_day="2024-06-01")
    assert aside(tmp_path) == []
    assert (report.log.first.year, report.log.last.year) == (1900, 2024)
    report = run(tmp_path, text(rows) + odd, first_day="2023-02-01", last_day="2023-05-31", timezone="Asia/Shanghai")
    reasons = {reason for _, reason in aside(tmp_path)}
    assert reasons == {"before_first_day", "after_last_day"}
    times = kept(tmp_path)["occurred_at"].to_pylist()
    assert min(times) >= datetime(2023, 1, 31, 16) and max(times) < datetime(2023, 5, 31, 16)
    assert "isolated_dates" not in found(report)
    assert found(report)["left_out_before_first_day"].setting == "data.first_day"


def test_a_slow_or_seasonal_log_has_no_isolated_dates(tmp_path):
    yearly = [
        (f"C{customer}", f"O{customer}-{year}", datetime(year, 12, 1) + timedelta(days=customer % 20), 10.0)
        for year in (2020, 2021, 2022)
        for customer in range(40)
    ]
    report = run(tmp_path, [*yearly, ("C1", "NEXT", datetime(2023, 11, 25), 10.0)])
    assert aside(tmp_path) == [] and "isolated_dates" not in found(report)
    slow = [("A", f"O{number}", datetime(2020, 1, 1) + timedelta(days=40 * number), 5.0) for number in range(30)]
    run(tmp_path, [*slow, ("A", "LATE", slow[-1][2] + timedelta(days=200), 5.0)])
    assert aside(tmp_path) == []


def test_isolated_dates_that_are_too_many_stop_as_refused_rows_do(tmp_path):
    rows = shop()
    odd = "".join(f"C001,X{number},1900-01-01,10\n" for number in range(len(rows) // 12))
    with pytest.raises(DataError, match=r"refused.*data\.first_day") as caught:
        run(tmp_path, text(rows) + odd)
    assert caught.value.code == "too_many_refused"


def test_the_core_of_a_log():
    usual = [(date(2023, 1, 1) + timedelta(days=number), 5) for number in range(400)]
    whole = (usual[0][0], usual[-1][0])
    assert core(usual) == whole
    assert core([(date(1900, 1, 1), 2), (date(1970, 1, 1), 3), *usual, (date(2024, 9, 1), 1)]) == whole
    closed = [day for day in usual if not date(2023, 5, 1) <= day[0] < date(2023, 7, 1)]
    assert core([*closed, (date(2024, 9, 1), 1)]) == whole
    assert core([(date(2024, 1, 1), 1), (date(2024, 2, 1), 1), (date(2029, 1, 1), 1)])[1] == date(2029, 1, 1)


def test_an_epoch_in_another_unit_stops(tmp_path):
    milliseconds = {"path": "orders.csv", "date_format": "epoch_ms"}
    seconds = [(customer, order, int(moment.timestamp()), amount) for customer, order, moment, amount in shop()]
    mixed = [(*row[:2], row[2] * (1000 if place % 2 else 1), row[3]) for place, row in enumerate(seconds)]
    for rows in (seconds, mixed):
        with pytest.raises(DataError, match="date_format"):
            run(tmp_path, rows, transactions=milliseconds)
    run(tmp_path, [(*row[:2], row[2] * 1000, row[3]) for row in seconds], transactions=milliseconds)
    # a typed source has no form that could be checked value by value
    cluster = [(*row[:2], datetime(1970, 1, 20) + (row[2] - datetime(2023, 1, 1)) / 1000, row[3]) for row in shop()]
    with pytest.raises(DataError, match=r"did you mean data\.transactions\.date_format: epoch_s") as caught:
        run(tmp_path, cluster)
    assert caught.value.code == "epoch_unit"
    run(tmp_path, cluster, first_day="1970-01-01")


def test_rows_of_other_tables_far_from_the_log_and_impossible_dates_beside(tmp_path):
    rows = shop()
    feedback = "customer_id,occurred_at,kind\nC001,1900-01-01,review\n" + "C001,2023-02-01,review\n" * 20
    people = "customer_id,acquired_at\n" + "".join(f"C{n:03d},{2000 + n % 20}-05-01\n" for n in range(39))
    report = run(tmp_path, rows, {"feedback": feedback, "customers": people + "C039,1900-01-01\n"})
    assert aside(tmp_path, "feedback") == [(2, "isolated_date")]
    table = kept(tmp_path, "customers")
    assert dict(zip(*table.to_pydict().values(), strict=True))["C039"] is None
    assert table["acquired_at"].null_count == 1
    assert found(report)["impossible_dates"].figures["dates"] == 1


# --- gaps


def without(rows, first, last):
    return [row for row in rows if not first <= row[2].date() <= last]


def test_a_missing_month_is_told_and_closed_days_are_not(tmp_path):
    rows = without(shop(), date(2023, 5, 1), date(2023, 5, 31))
    report = run(tmp_path, rows)
    finding = found(report)["empty_days"]
    assert (finding.figures["first"], finding.figures["last"]) == ("2023-05-01", "2023-05-31")
    assert finding.setting == "data.closed"
    assert "empty_days" not in found(run(tmp_path, rows, closed=[{"first": "2023-05-01", "last": "2023-05-31"}]))


def test_a_month_with_nearly_nothing_and_an_end_that_is_cut_off(tmp_path):
    rows = shop(customers=80)
    may = [row for row in rows if row[2].month == 5]
    report = run(tmp_path, [row for row in rows if row[2].month != 5 or row in may[::25]])
    assert found(report)["thin_month"].figures["month"] == "2023-05"
    cut = [row for row in rows if row[2].date() <= date(2023, 8, 1)]
    late = [(f"C{n:03d}", f"L{n}", datetime(2023, 8, 5) + timedelta(days=12 * n), 5.0) for n in range(5)]
    finding = found(run(tmp_path, [*cut, *late]))["thin_end"]
    assert abs(date.fromisoformat(str(finding.figures["day"])) - date(2023, 8, 1)) <= timedelta(days=7)
    assert finding.setting == "data.last_day"


def test_a_week_of_holidays_is_a_note_and_weekends_are_nothing(tmp_path):
    rows = without(shop(customers=80), date(2023, 4, 3), date(2023, 4, 12))
    report = run(tmp_path, rows)
    assert found(report)["days_without_orders"].severity == "note"
    assert loud(report) == set()
    weekdays = [row for row in shop(customers=80) if row[2].weekday() < 5]
    assert "days_without_orders" not in found(run(tmp_path, weekdays))


# --- money


def test_one_huge_amount_is_named_with_its_line(tmp_path):
    rows = shop()
    rows[100] = (*rows[100][:3], 4_006_381_333_931)  # a barcode
    finding = found(run(tmp_path, rows))["huge_amount"]
    assert (finding.figures["row"], finding.figures["lines"], finding.severity) == (102, 1, "warning")
    assert "orders.csv, line 102: 4,006,381,333,931.00" in finding.en
    rows[100] = (*rows[100][:3], -25_000_000)
    assert "huge_amount" in loud(run(tmp_path, rows))


def test_a_heavy_tail_is_not_a_typing_error(tmp_path):
    rng = random.Random(3)
    heavy = [(*row[:3], round(rng.lognormvariate(4, 2), 2)) for row in shop(customers=80)]
    assert "huge_amount" not in found(run(tmp_path, heavy))


def test_turned_signs_are_told_and_turned_by_the_setting(tmp_path):
    rows = [(*row[:3], -row[3]) for row in shop()] + [("C001", "BACK", datetime(2023, 3, 1), 12.5)]
    rows[-1] = ("C001", "O00005", datetime(2023, 3, 1), 0.5)
    report = run(tmp_path, rows)
    assert found(report)["mostly_negative"].setting == "data.returns.sales_negative"
    report = run(tmp_path, rows[:-1])
    stop = found(report)["no_positive_order"]
    assert (stop.severity, report.log.orders) == ("stop", 0)
    right = run(tmp_path, rows, returns={"sales_negative": True})
    assert right.log.orders == len(rows) - 1 and right.log.return_lines == 1
    assert loud(right) == set()


def test_amounts_that_are_all_zero_are_none(tmp_path):
    report = run(tmp_path, [(*row[:3], 0) for row in shop()])
    assert "zero_amounts" in loud(report) and "no_positive_order" not in found(report)
    assert "amount" not in kept(tmp_path).column_names
    assert report.log.amount is None and report.log.orders == report.log.lines


# --- whose lines


@pytest.mark.parametrize("name", ["guest", "Walk-in", "散客", "匿名", "anonymous", "cash sale"])
def test_ids_that_read_like_nobody_are_told_and_left_out_by_the_setting(tmp_path, name):
    rows = [*shop(), (name, "W1", datetime(2023, 4, 1), 5.0)]
    assert found(run(tmp_path, rows))["nobody"].setting == "data.nobody"
    report = run(tmp_path, rows, nobody=[name, "never"])
    assert aside(tmp_path) == [(len(rows) + 1, "nobody")]
    assert report.tables["transactions"].refused("nobody") == 1
    assert "nobody" not in found(report) and "never" in found(report)["nobody_not_found"].en


def test_a_zero_is_nobody_only_by_its_share(tmp_path):
    rows = [(str(int(customer[1:])), *rest) for customer, *rest in shop()]
    assert "nobody" not in found(run(tmp_path, rows))
    walk_ins = [("0", f"W{place}", row[2], 5.0) for place, row in enumerate(shop())]
    report = run(tmp_path, sorted([*[row for row in rows if row[0] != "0"], *walk_ins], key=lambda row: row[2]))
    assert found(report)["nobody"].figures["example"] == "0"
    assert "one_customer" not in found(report)


def test_half_of_all_lines_under_one_customer(tmp_path):
    rows = shop()
    report = run(tmp_path, [*rows, *(("HOUSE", f"H{place}", row[2], 5.0) for place, row in enumerate(rows))])
    finding = found(report)["one_customer"]
    assert (finding.setting, finding.figures["customer"]) == ("data.nobody", "HOUSE")
    assert "max_refused_share" not in finding.en
    left = run(tmp_path, [*rows, *(("HOUSE", f"H{n}", row[2], 5.0) for n, row in enumerate(rows))], nobody=["HOUSE"])
    assert left.log.customers == 40 and loud(left) == set()


# --- lines and orders


def baskets(seed=2):
    """Orders of several lines; a tenth of the baskets holds the same line twice."""
    rng = random.Random(seed)
    found = []
    for customer, order, moment, _ in shop():
        lines = [(customer, order, moment, rng.randrange(100, 9000) / 100) for _ in range(rng.randrange(1, 5))]
        found += [*lines, lines[0]] if rng.random() < 0.1 and len(lines) > 1 else lines
    return found


def test_a_few_doubled_lines_in_baskets_are_nothing(tmp_path):
    report = run(tmp_path, baskets())
    assert report.tables["transactions"].duplicate_rows > 20
    assert "repeated_lines" not in found(report)


@pytest.mark.parametrize("part", [slice(None), slice(200, 420)], ids=["all", "overlap"])
@pytest.mark.parametrize("parts", [1, 2], ids=["one file", "two files"])
def test_a_file_taken_twice(tmp_path, part, parts):
    rows = baskets()
    again = [row for row in rows if row[1] in {row[1] for row in rows[part]}]
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").write_text(HEAD + text(rows) + (text(again) if parts == 1 else ""))
    if parts == 2:
        (tmp_path / "orders" / "b.csv").write_text(HEAD + text(again))
    source = {"path": "orders"}
    finding = found(run(tmp_path, "", transactions=source))["repeated_lines"]
    assert (finding.severity, finding.setting) == ("warning", "data.repeated_lines")
    assert "repeated_lines" not in found(run(tmp_path, "", transactions=source, repeated_lines="keep"))
    report = run(tmp_path, "", transactions=source, repeated_lines="drop")
    # Two of a thing in a basket stay two.
    lines = kept(tmp_path).to_pylist()
    assert Counter((line["order_id"], float(line["amount"])) for line in lines) == Counter(
        (order, amount) for _, order, _, amount in rows
    )
    assert report.log.lines == len(rows)
    assert report.tables["transactions"].refused("repeated_line") == len(again)
    assert "left_out_repeated_line" in found(report)


def restarting():
    """Two customers on the same days; the numbers of one start again every month."""
    days = [datetime(2023, 1, 1) + timedelta(days=6 * number, hours=10) for number in range(60)]
    a = [("A", str(number % 5), day, 20.0) for number, day in enumerate(days)]
    b = [("B", f"{day:%Y%m%d}", day, 20.0) for day in days]
    return a, b


def test_numbers_that_start_again_stop_unless_the_setting_decides(tmp_path):
    a, b = restarting()
    with pytest.raises(DataError, match=r"data\.order_numbers to restart") as caught:
        run(tmp_path, [*a, *b])
    assert caught.value.code == "order_numbers_restart"
    report = run(tmp_path, [*a, *b], order_numbers="restart")
    assert report.log.orders == 120 and report.log.median_gap_days == 6.0
    assert run(tmp_path, [*a, *b], order_numbers="unique").log.orders == 65


def test_lines_of_an_order_over_midnight_and_late_returns_are_no_restart(tmp_path):
    rows = []
    for customer, order, moment, amount in shop():
        evening = moment.replace(hour=22)
        rows += [(customer, order, evening, amount), (customer, order, evening + timedelta(hours=5), 3.0)]
        if order[-1] == "0":
            rows.append((customer, order, moment + timedelta(days=40), -amount))
    rows = [row for row in rows if row[2] < datetime(2023, 10, 20)]
    report = run(tmp_path, rows)
    assert report.log.orders == len({row[:2] for row in rows if row[3] > 0})
    assert "long_orders" not in found(report)


def test_a_few_orders_that_last_long_are_a_note(tmp_path):
    rows = shop()
    rows += [(*rows[9][:2], rows[9][2] + timedelta(days=20), 4.0)]
    assert found(run(tmp_path, rows))["long_orders"].severity == "note"


def test_the_same_number_and_line_of_several_customers(tmp_path):
    head = HEAD.strip() + ",line_id\n"
    rows = [f"{c},{number},{m},{a},1\n" for number, (c, _, m, a) in enumerate(shop(customers=20))]
    again = [f"Z{place % 7},{place},{m},{a},1\n" for place, (_, _, m, a) in enumerate(shop(customers=20, seed=9))]
    (tmp_path / "lines.csv").write_text(head + "".join(rows + again))
    source = {"path": "lines.csv"}
    with pytest.raises(DataError, match="used by several customers"):
        run(tmp_path, "", transactions=source)
    report = run(tmp_path, "", transactions=source, order_numbers="restart")
    assert report.log.lines == len(rows) + len(again)


def test_several_orders_at_one_instant(tmp_path):
    at_once = [(c, f"{o}-{n}", m, a) for c, o, m, a in shop() for n in range(2)]
    finding = found(run(tmp_path, at_once))["same_instant"]
    assert (finding.severity, finding.figures["share"]) == ("warning", 1.0)
    days = [(c, o, m.date(), a) for c, o, m, a in at_once]
    assert found(run(tmp_path, days))["same_instant"].severity == "note"


def test_columns_that_say_the_same_everywhere(tmp_path):
    rows = shop()
    assert "one_time" in loud(run(tmp_path, [(c, o, "2023-05-01 09:00", a) for c, o, _, a in rows]))
    assert "single_customer" in loud(run(tmp_path, [("1", o, m, a) for _, o, m, a in rows]))
    assert "nobody_returned" in loud(run(tmp_path, [(o, o, m, a) for _, o, m, a in rows]))
    assert found(run(tmp_path, [(c, o, m, 9.9) for c, o, m, _ in rows]))["one_amount"].severity == "note"


# --- tables that belong together


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (lambda c: f"{int(c[1:])}", "letters in front"),
        (lambda c: c.lower(), "capital and small"),
        (lambda c: f"{c[0]}-{c[1:]}", "hyphens"),
        (lambda c: f"k{chr(97 + int(c[1:]) // 26)}{chr(97 + int(c[1:]) % 26)}", None),
    ],
)
def test_ids_that_never_meet(tmp_path, theirs, reason):
    rows = shop()
    people = "customer_id,region\n" + "".join(f"{theirs(f'C{n:03d}')},north\n" for n in range(40))
    finding = found(run(tmp_path, rows, {"customers": people}))["ids_do_not_meet"]
    assert "0 of 40 customers with orders are in the table customers" in finding.en
    assert ("likely reason" in finding.en) == (reason is not None)
    assert reason is None or reason in finding.en
    assert finding.setting == "data.customers.columns.customer_id"


def test_tables_that_know_a_part_of_the_customers_are_ordinary(tmp_path):
    some = "customer_id,region\n" + "".join(f"C{n:03d},north\n" for n in range(0, 80, 3))
    visits = "customer_id,occurred_at,kind\n" + "".join(f"V{n},2023-02-01,visit\n" for n in range(400))
    visits += "".join(f"C{n:03d},2023-02-01,visit\n" for n in range(30))
    report = run(tmp_path, shop(), {"customers": some, "interactions": visits})
    assert loud(report) == set()
    assert "customers" in found(report)


def test_lines_of_unknown_products(tmp_path):
    head = HEAD.strip() + ",product_id\n"
    (tmp_path / "lines.csv").write_text(
        head + "".join(f"{c},{o},{m},{a},P{n % 10}\n" for n, (c, o, m, a) in enumerate(shop()))
    )
    source = {"path": "lines.csv"}
    known = "product_id,category\n" + "".join(f"P{n},c\n" for n in range(10))
    assert "unknown_products" not in found(run(tmp_path, "", {"products": known}, transactions=source))
    few = "product_id,category\n" + "".join(f"P{n},c\n" for n in range(4)) + "Q1,c\n"
    finding = found(run(tmp_path, "", {"products": few}, transactions=source))["unknown_products"]
    assert finding.severity == "warning" and "'P4'" in finding.en
    assert "ids_do_not_meet" in loud(
        run(tmp_path, "", {"products": "product_id,category\np0,c\n"}, transactions=source)
    )


# --- aliases


ALIASES = "alias_id,customer_id,recorded_at\nOLD1,OLD2,2023-03-01\nOLD2,C001,2023-04-01\nmail@x,C002,2023-04-01\n"


def test_aliases_bring_the_rows_of_a_customer_together(tmp_path):
    rows = [*shop(), ("OLD1", "A1", datetime(2023, 2, 1), 5.0), ("mail@x", "A2", datetime(2023, 2, 2), 6.0)]
    people = "customer_id,region\nOLD1,east\nC001,west\nmail@x,north\n"
    report = run(tmp_path, rows, {"aliases": ALIASES, "customers": people})
    owner = dict(zip(*(kept(tmp_path)[name].to_pylist() for name in ("order_id", "customer_id")), strict=True))
    assert (owner["A1"], owner["A2"]) == ("C001", "C002")
    assert report.log.customers == 40
    assert kept(tmp_path, "customers").to_pydict() == {"customer_id": ["C001", "C002"], "region": ["west", "north"]}
    assert aside(tmp_path, "customers") == [(2, "alias_row")]
    assert kept(tmp_path, "aliases")["customer_id"].to_pylist() == ["C001", "C001", "C002"]
    assert found(report)["aliases"].figures["aliases"] == 3


def test_made_order_ids_follow_the_customer(tmp_path):
    (tmp_path / "o.csv").write_text("customer_id,occurred_at,amount\nOLD,2023-01-01,5\nC1,2023-01-01,6\n")
    run(tmp_path, "", {"aliases": "alias_id,customer_id\nOLD,C1\n"}, transactions={"path": "o.csv"})
    assert set(kept(tmp_path)["order_id"].to_pylist()) == {"C1@2023-01-01T00:00:00"}


@pytest.mark.parametrize(
    ("rows", "code", "named"),
    [
        ("X,C001\nX,C002\n", "alias_of_two", ("'C001'", "'C002'", "line 3", "line 2")),
        ("X,Y\nY,Z\nZ,X\n", "alias_circle", ("'X'", "'Y'", "'Z'")),
    ],
)
def test_aliases_that_cannot_be(tmp_path, rows, code, named):
    with pytest.raises(DataError) as caught:
        run(tmp_path, shop(), {"aliases": "alias_id,customer_id\n" + rows})
    assert caught.value.code == code
    assert all(name in str(caught.value) for name in named)


# --- the examples


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared examples are not on this machine")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("export_taken_twice", "repeated_lines"),
        ("ids_do_not_meet", "ids_do_not_meet"),
        ("one_huge_amount", "huge_amount"),
        ("same_instant", "same_instant"),
        ("signs_turned", "no_positive_order"),
    ],
)
def test_shared_examples(tmp_path, name, code):
    data = {"transactions": {"path": str(CASES / name / "orders.csv")}}
    for table in ("customers", "feedback"):
        if (CASES / name / f"{table}.csv").exists():
            data[table] = {"path": str(CASES / name / f"{table}.csv")}
    assert code in loud(run(tmp_path, "", **data))


FIELDS = "SELECT o.customer_id, o.order_id, o.occurred_at, i.amount, i.product_id"
JOIN = f"{FIELDS} FROM items AS i JOIN orders AS o USING (order_id)"
LEFT = f"{FIELDS} FROM items AS i LEFT JOIN orders AS o USING (order_id) WHERE o.order_id IS NOT NULL"


@pytest.mark.parametrize(
    ("lost", "twice", "query", "code", "rows"),
    [
        (0, 0, JOIN, None, 0),
        (40, 0, JOIN, "rows_lost_by_join", 80),
        (40, 0, LEFT, None, 0),
        (0, 40, JOIN, "rows_multiplied_by_join", 80),
        (0, 0, f"{JOIN} WHERE i.product_id <> 'P3'", None, 0),
        (0, 0, f"{FIELDS} FROM orders AS o JOIN items AS i USING (order_id)", None, 0),
    ],
)
def test_lines_lost_or_multiplied_by_a_join(tmp_path, lost, twice, query, code, rows):
    folder, made = tmp_path / "joined", shop()
    folder.mkdir()
    orders = [f"{customer},{order},{moment}\n" for customer, order, moment, _ in made]
    items = "".join(f"{order},{amount},P{n}\n{order},3,Q{n}\n" for n, (_, order, _, amount) in enumerate(made))
    (folder / "orders.csv").write_text("customer_id,order_id,occurred_at\n" + "".join(orders[lost:] + orders[:twice]))
    (folder / "items.csv").write_text("order_id,amount,product_id\n" + items)
    report = run(tmp_path, "", transactions={"path": "joined", "format": "csv", "query": query})
    assert {name for name in found(report) if name.startswith("rows_")} == ({code} if code else set())
    if code:
        assert found(report)[code].figures["rows"] == rows and found(report)[code].severity == "warning"
