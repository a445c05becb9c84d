"""Cells as people write them: read exactly, decided by their column, or refused with both readings; made by hand."""

import csv
import io
import random
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from configs.errors import DataError, SettingsError
from configs.messages import error_sentence
from configs.settings import Settings
from features.ingestion import ingest
from features.ingestion.readings import Answers, Seen, answers, in_two_ways, mixtures

HEAD = ["customer_id", "order_id", "occurred_at", "amount", "product_id", "unit_price", "delivered_at", "channel"]
BASE = {"customer_id": "C7", "occurred_at": "2024-01-05 10:00", "amount": "5", "product_id": "p1"}


def text_of(field, cells, start=0, **more):
    out = io.StringIO()
    writer = csv.DictWriter(out, HEAD, lineterminator="\n", restval="")
    writer.writeheader()
    for index, cell in enumerate(cells, start):
        writer.writerow({**BASE, **more, "order_id": f"O{index:05d}", field: cell})
    return out.getvalue()


def run(folder, data=None, **source):
    data = {"max_refused_share": 1.0, "max_null_customer_share": 1.0, **(data or {})}
    source.setdefault("path", "a.csv")
    return ingest(Settings(data={**data, "transactions": source}, workdir=folder / "work", root=folder))


def outcome(folder, field, report=None):
    """Value or reason of every row, in the order of the order ids."""
    found = {}
    good = folder / "work" / "canonical" / "transactions.parquet"
    for row in pq.read_table(good).to_pylist():
        found[row["order_id"]] = row.get(field)
    bad = folder / "work" / "quarantine" / "transactions.parquet"
    for row in pq.read_table(bad).to_pylist() if bad.exists() else ():
        import json

        found[json.loads(row["cells"])["order_id"]] = row["reason"]
    return [found[key] for key in sorted(found)]


def read(folder, field, cells, data=None, more=None, **source):
    """Every cell as it comes out, with a last good row that keeps the file from being refused as a whole."""
    (folder / "a.csv").write_text(text_of(field, cells, **(more or {})), encoding="utf-8")
    report = run(folder, data, **source)
    return outcome(folder, field), report


NUMBERS = {
    '="7.50"': "7.5", "'7.50": "7.5", "¥1,234": "1234", "￥ 9.90": "9.9", "5元": "5", "CNY 12.50": "12.5",
    "12.50 CNY": "12.5", "RMB 5": "5", "cny5": "5", "1,234.50": "1234.5", "1,234,567": "1234567",
    "12,34,567.25": "1234567.25", "1 234.50": "1234.5", "1\u00a0234.50": "1234.5", "1\u202f234,567.50": None,
    "1\u202f234\u202f567.50": "1234567.5", "1'234.50": "1234.5", "1’234’567": "1234567", "(12.50)": "-12.5",
    "12.50-": "-12.5", "−12.50": "-12.5", "－12.50": "-12.5", "-¥3": "-3", "¥-3": "-3", "(¥3.2)": "-3.2",
    "12.50- 元": "-12.5", "＋７": "7", "１２．５０": "12.5", "１，２３４": "1234", "+7": "7",
    "\u200e12.50": "12.5", " 12.50 ": "12.5", ".5": "0.5", "5.": "5", "1.5e3": "1500", "0.500": "0.5",
    "1234.567": "1234.567", "12.500": "12.5", "1,234": "1234", "12%": None, "％12": None, "1_000": None,
    "--5": None, "-(5)": None, "(5": None, "-5-": None, "¥¥5": None, "¥5元": None, "5 kg": None,
    "1,23,4": None, "1.234.5": None, "0x10": None, "1 2": None, "½": None, "十二": None, "12.50 ABC": None,
    "1,234.": None, "12/5": None, "5 CR": None,
}  # fmt: skip


def test_numbers_as_people_write_them(tmp_path):
    found, report = read(tmp_path, "amount", list(NUMBERS))
    wanted = [None if value is None else Decimal(value) for value in NUMBERS.values()]
    read_as = {
        cell: (value, right)
        for cell, value, right in zip(NUMBERS, found, wanted, strict=True)
        if value != (right if right is not None else "not_a_number")
    }
    assert not read_as
    assert report.log.currency == "CNY"
    assert report.tables["transactions"].notes["decimal_point"] == 3


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["1.234,50", "1.234", "12.500", "7", "0,5"], ["1234.5", "1234", "12500", "7", "0.5"]),
        (["12,50", "1.234"], ["12.5", "1234"]),
        (["1 234,50", "1,234"], ["1234.5", "1.234"]),
        (["12.5", "1,234"], ["12.5", "1234"]),
        (["1.234.567", "1.234"], ["1234567", "1234"]),
        (["1,234,567", "1.234"], ["1234567", "1.234"]),
        (["€0,99", "€1.234"], ["0.99", "1234"]),
        (["¥1,234", "950"], ["1234", "950"]),
        (["€1.234", "5"], ["ambiguous_number", "5"]),
        (["1,234", "950"], ["ambiguous_number", "950"]),
        (["1.234", "950"], ["ambiguous_number", "950"]),
        (["12,50", "12.50", "1,234", "1.234", "1,234.50"], ["12.5", "12.5", *["ambiguous_number"] * 2, "1234.5"]),
    ],
)
def test_the_column_decides_the_decimal_mark(tmp_path, cells, wanted):
    found, _ = read(tmp_path, "amount", cells)
    assert found == [text if text.startswith("amb") else Decimal(text) for text in wanted]


def test_a_setting_decides_and_is_strict(tmp_path):
    cells = ["1,234", "1.234", "12.50", "12,50", "1.234,50", "1,234.50"]
    bad = "not_a_number"
    found, _ = read(tmp_path, "amount", cells, decimal=".")
    assert found == [Decimal(1234), Decimal("1.234"), Decimal("12.5"), bad, bad, Decimal("1234.5")]
    found, _ = read(tmp_path, "amount", cells, decimal=",")
    assert found == [Decimal("1.234"), Decimal(1234), bad, Decimal("12.5"), Decimal("1234.5"), bad]


def test_another_column_of_the_table_decides(tmp_path):
    for price, wanted in (("2.50", "1234"), ("2,50", "1.234"), ("2", "ambiguous_number")):
        found, _ = read(tmp_path, "amount", ["1,234", "950"], more={"unit_price": price})
        assert found[0] == (wanted if wanted.startswith("amb") else Decimal(wanted))


def test_many_groups_beside_small_whole_numbers_are_thousands(tmp_path):
    groups = [f"{number},{number:03d}" for number in range(101, 125)]
    found, _ = read(tmp_path, "amount", [*groups, "950"])
    assert found[:2] == [Decimal(101101), Decimal(102102)]
    for cells in ([*groups, "1950"], [*groups[:15], "950"]):
        found, _ = read(tmp_path, "amount", cells)
        assert found[0] == "ambiguous_number"
    with pytest.raises(DataError):
        read(tmp_path, "amount", groups)


@given(
    values=st.lists(st.integers(-(10**10), 10**10), min_size=1, max_size=12),
    style=st.sampled_from(
        [(",", "."), (".", ","), (" ", ","), ("\u00a0", "."), ("\u202f", ","), ("'", "."), ("", ",")]
    ),
    negative=st.sampled_from(["-{}", "−{}", "({})", "{}-"]),
    mark=st.sampled_from(["{}", "€{}", "{} €", "EUR {}"]),
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_number_written_in_any_style_is_read_back(tmp_path_factory, values, style, negative, mark):
    group, point = style
    folder = tmp_path_factory.mktemp("style")

    def shown(cents):
        whole = f"{abs(cents) // 100:,}".replace(",", group)
        text = mark.format(f"{whole}{point}{abs(cents) % 100:02d}")
        return negative.format(text) if cents < 0 else text

    found, _ = read(folder, "amount", [shown(value) for value in values])
    assert found == [Decimal(value).scaleb(-2) for value in values]


def test_a_sign_of_another_currency_is_not_dropped(tmp_path):
    cells = ["$5", "¥5", "5 CNY", "EUR 5", "5"]
    found, _ = read(tmp_path, "amount", cells, {"currency": "CNY"})
    assert found == ["other_currency", 5, 5, "other_currency", 5]
    with pytest.raises(DataError, match=r"several currencies \(\$, CNY, EUR, ¥\)") as caught:
        read(tmp_path, "amount", cells)
    assert caught.value.code == "mixed_currencies"
    assert "多种货币的符号" in error_sentence(caught.value, "zh")
    _, report = read(tmp_path, "amount", ["$5", "US$7"])
    assert report.log.currency == "USD"
    _, report = read(tmp_path, "amount", ["$5", "7"])
    assert report.log.currency is None


def test_a_sign_must_fit_the_currency_of_the_row(tmp_path):
    (tmp_path / "a.csv").write_text(
        "customer_id,order_id,occurred_at,amount,currency\n1,A,2024-01-01,$5,USD\n1,B,2024-01-01,¥5,USD\n"
        "1,C,2024-01-01,$5,usd\n1,D,2024-01-01,5,USD\n1,E,2024-01-01,$5,\n",
    )
    run(tmp_path, {"currency": "USD"}, values={"currency": {"usd": "USD"}})
    assert outcome(tmp_path, "amount") == [5, "other_currency", 5, 5, 5]


TIMES = {
    '="2024-03-05"': (3, 5), "2024年3月5日": (3, 5), "2024年03月05日 10:05": (3, 5, 10, 5),
    "2024年3月5日10时5分": (3, 5, 10, 5), "2024年3月5号 10点": (3, 5, 10),
    "2024年3月5日 上午9:05": (3, 5, 9, 5), "2024/3/5 下午 3:05:06": (3, 5, 15, 5, 6),
    "2024年3月5日下午3时5分30秒": (3, 5, 15, 5, 30), "2024-03-05 下午12:05": (3, 5, 12, 5),
    "2024-03-05 12:05 AM": (3, 5, 0, 5), "2024-03-05 3:05:06 pm": (3, 5, 15, 5, 6), "20240305": (3, 5),
    "20240305.0": (3, 5), "20240305 101500": (3, 5, 10, 15), "20240305T1015Z": (3, 5, 10, 15),
    "20240305101500": (3, 5, 10, 15), "202403051015": (3, 5, 10, 15), "2024.03.05": (3, 5),
    "2024.3.5 10:05": (3, 5, 10, 5), "2024-03-05 10:15:00 -0500": (3, 5, 15, 15),
    "2024-03-05T10:15:00-0500": (3, 5, 15, 15), "2024-03-05 10:15 +08": (3, 5, 2, 15),
    "2024-03-05 10:15:00 UTC": (3, 5, 10, 15), "2024-03-05 10:15:00 Z": (3, 5, 10, 15),
    "2024-03-05 10:15:00 GMT+0800": (3, 5, 2, 15), "2024-03-05 10:15:00,25": (3, 5, 10, 15, 0, 250000),
    "05-Mar-2024": (3, 5), "05-MAR-24": (3, 5), "5 March 2024": (3, 5), "Mar 5, 2024": (3, 5),
    "2024-Mar-05": (3, 5), "March 5th, 2024 3:05 PM": (3, 5, 15, 5), "5. September 2024 10:05": (9, 5, 10, 5),
    "２０２４－０３－０５": (3, 5), "2024-03-05\u00a010:05": (3, 5, 10, 5), " 2024-03-05 ": (3, 5),
    "2024-03-05　10:05": (3, 5, 10, 5), "2024-13-05": None, "2024-02-30": None, "20240230": None,
    "1997113": None, "45296.4": None, "1704240300": None, "yesterday": None, "2024-03-05 10:15 CET": None,
    "3/5": None, "2024": None, "202403": None, "00000000": None, "2024-03-05 13:05 AM": None,
    "2024-03-05 0:05 PM": None, "2024-03-05 25:00": None, "2024-03-05 10": None,
    "2024-03-05 10:05 +20:00": None, "30 Feb 2024": None, "Mai 5, 2024": None, "13/13/2024": None,
    "上午 2024-03-05 9:00": None,
}  # fmt: skip


def test_times_as_people_write_them(tmp_path):
    found, _ = read(tmp_path, "occurred_at", list(TIMES))
    wanted = ["not_a_time" if parts is None else datetime(2024, *parts) for parts in TIMES.values()]
    assert {cell: value for cell, value, right in zip(TIMES, found, wanted, strict=True) if value != right} == {}


D5, M5 = datetime(2024, 3, 5), datetime(2024, 5, 3)


@pytest.mark.parametrize(
    ("cells", "wanted", "note"),
    [
        (["05/03/2024", "13/03/2024"], [D5, datetime(2024, 3, 13)], "day_first"),
        (["05/03/2024", "03/13/2024"], [M5, datetime(2024, 3, 13)], "month_first"),
        (["05.03.2024 10:05", "25.12.2024"], [datetime(2024, 3, 5, 10, 5), datetime(2024, 12, 25)], "day_first"),
        (["5-3-2024 3:05 PM", "3-25-2024"], [datetime(2024, 5, 3, 15, 5), datetime(2024, 3, 25)], "month_first"),
        (["05/03/2024", "04/04/2024"], ["ambiguous_date", datetime(2024, 4, 4)], None),
        (["05/03/2024", "25.12.2024"], ["ambiguous_date", datetime(2024, 12, 25)], None),
        (["13/05/2024", "05/13/2024", "05/03/2024"], [datetime(2024, 5, 13)] * 2 + ["ambiguous_date"], "mixed_dates"),
        (["3/5/24", "3/25/24"], [D5, datetime(2024, 3, 25)], "month_first"),
        (["5/3/24", "25/3/24"], [D5, datetime(2024, 3, 25)], "day_first"),
        (["05/03/24", "25/03/24"], ["ambiguous_date"] * 2, None),
        (["05/03/24", "05/03/99"], ["ambiguous_date", "ambiguous_date"], None),
        (["05/03/24", "25/03/2024"], [D5, datetime(2024, 3, 25)], "day_first"),
        (["13/01/01", "01/01/26"], ["ambiguous_date"] * 2, None),
        (["05/05/05", "3/25/68"], [datetime(2005, 5, 5), datetime(2068, 3, 25)], None),
    ],
)
def test_the_column_decides_day_and_month(tmp_path, cells, wanted, note):
    found, report = read(tmp_path, "occurred_at", [*cells, "2024-01-01"])
    assert found == [*wanted, datetime(2024, 1, 1)]
    notes = set(report.tables["transactions"].notes) & {"day_first", "month_first", "year_first", "mixed_dates"}
    assert notes == ({note} if note else set())


def test_pairs_of_digits_that_run_through_the_month_are_days(tmp_path):
    days = [datetime(2024, 3, day) for day in range(1, 32)]
    for form, note in (("%d/%m/%y", "day_first"), ("%y/%m/%d", "year_first"), ("%m/%d/%y", "month_first")):
        found, report = read(tmp_path, "occurred_at", [day.strftime(form) for day in days])
        assert found == days
        assert report.tables["transactions"].notes[note] >= 11


@given(
    days=st.lists(st.dates(date(2000, 1, 1), date(2037, 12, 31)), min_size=1, max_size=15),
    form=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%m-%d-%Y", "%d/%m/%y", "%y/%m/%d", "%m/%d/%y"]),
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_no_day_is_read_as_another_one(tmp_path_factory, days, form):
    folder = tmp_path_factory.mktemp("days")
    found, _ = read(folder, "occurred_at", [*(day.strftime(form) for day in days), "2024-01-01"])
    for day, value in zip(days, found, strict=False):
        assert value in (datetime(day.year, day.month, day.day), "ambiguous_date")


def test_all_files_of_a_table_decide_together(tmp_path):
    first = text_of("occurred_at", [f"{day:02d}/03/2024" for day in range(1, 13)])
    second = text_of("occurred_at", ["25/03/2024"], start=12)
    (tmp_path / "p1.csv").write_text(first)
    (tmp_path / "p2.csv").write_text(second)
    report = run(tmp_path, path="p*.csv")
    assert outcome(tmp_path, "occurred_at") == [datetime(2024, 3, day) for day in [*range(1, 13), 25]]
    (tmp_path / "work" / "canonical" / "transactions.parquet").rename(tmp_path / "one.parquet")
    (tmp_path / "p1.csv").write_text(second)
    (tmp_path / "p2.csv").write_text(first)
    again = run(tmp_path, path="p*.csv")
    assert (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes() == (
        tmp_path / "one.parquet"
    ).read_bytes()
    assert again.tables["transactions"].notes == report.tables["transactions"].notes
    assert report.tables["transactions"].notes["day_first"] == 11


def test_small_chunks_decide_as_one_large_one(tmp_path, monkeypatch):
    rng = random.Random(3)
    cells = [f"{rng.randrange(1, 13):02d}/{rng.randrange(1, 13):02d}/2024" for _ in range(200)] + ["03/31/2024"]
    pq.write_table(
        pa.table(
            {
                "customer_id": ["1"] * 201,
                "order_id": [f"{index:03d}" for index in range(201)],
                "occurred_at": cells,
                "amount": [f"{index},{index:03d}" for index in range(100, 300)] + ["0.5"],
            }
        ),
        tmp_path / "a.parquet",
        row_group_size=50,
    )
    seen = []
    for rows in (1 << 19, 40):
        monkeypatch.setattr("features.ingestion.typed.CHUNK_ROWS", 4 * rows)
        monkeypatch.setattr("features.ingestion.raw.CHUNK_ROWS", rows)
        report = run(tmp_path, path="a.parquet", null_values=[str(rows)])
        seen.append(
            (outcome(tmp_path, "occurred_at"), outcome(tmp_path, "amount"), report.tables["transactions"].notes)
        )
    assert seen[0] == seen[1]
    assert seen[0][0][:3] == [datetime.strptime(cell, "%m/%d/%Y") for cell in cells[:3]]
    assert seen[0][1][0] == Decimal(100100)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_counted_from_1970(tmp_path, unit):
    factor = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    first, second = str(1704240300 * factor), str(1704243900 * factor)
    wanted = [datetime(2024, 1, 3, 0, 5), datetime(2024, 1, 3, 1, 5)]
    found, report = read(tmp_path, "occurred_at", [first, second + ".0"])
    assert found == wanted
    assert report.tables["transactions"].notes["epoch_time"] == 2
    # beside anything else they may be anything
    found, _ = read(tmp_path, "occurred_at", [first, "2024-01-01"])
    assert found == ["not_a_time", datetime(2024, 1, 1)]


def test_digits_that_may_be_an_hour_are_asked_about(tmp_path):
    found, _ = read(
        tmp_path,
        "occurred_at",
        ["2024030510", "2024030511"],
        more={"occurred_at": "2024-01-01"},
        **{"date_format": "%Y%m%d%H"},
    )
    assert found == [datetime(2024, 3, 5, 10), datetime(2024, 3, 5, 11)]
    for cells in (["2024030510"], ["1704240300", "1704240300000"], ["852076800"]):
        with pytest.raises(DataError):
            read(tmp_path, "occurred_at", cells, {"max_refused_share": 0.5})


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("45296", datetime(2024, 1, 5)),
        ("45296.0", datetime(2024, 1, 5)),
        ("45296.416666666664", datetime(2024, 1, 5, 10)),
        ("45296.4166667", datetime(2024, 1, 5, 10)),
        ("45296.99999", datetime(2024, 1, 5, 23, 59, 59, 136000)),
        ("59", datetime(1900, 2, 28)),
        ("60", "not_in_date_format"),
        ("60.5", "not_in_date_format"),
        ("61", datetime(1900, 3, 1)),
        ("0.5", "not_in_date_format"),
        ("-1", "not_in_date_format"),
        ("2958466", "not_in_date_format"),
        ("2024-01-05", "not_in_date_format"),
        ("73415", datetime(2100, 12, 31)),
    ],
)
def test_day_numbers_of_spreadsheets(tmp_path, cell, wanted):
    found, _ = read(tmp_path, "occurred_at", [cell, "45000"], date_format="excel")
    assert found == [wanted, datetime(2023, 3, 15)]


def test_several_forms_in_one_column(tmp_path):
    cells = ["13/05/2024", "05/13/2024", "05/05/2024", "05/06/2024", "2024-05-06", "1704240300", "45296.5", "5 May"]
    forms = ["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "epoch_s"]
    found, _ = read(tmp_path, "occurred_at", cells, date_format=forms)
    assert found == [
        datetime(2024, 5, 13), datetime(2024, 5, 13), datetime(2024, 5, 5), "ambiguous_format", datetime(2024, 5, 6),
        datetime(2024, 1, 3, 0, 5), "not_in_date_format", "not_in_date_format",
    ]  # fmt: skip
    found, _ = read(
        tmp_path, "occurred_at", ["45296.5", "1704240300.0", "1704240300000"], date_format=["excel", "epoch_s"]
    )
    assert found == [datetime(2024, 1, 5, 12), datetime(2024, 1, 3, 0, 5), "not_in_date_format"]


@pytest.mark.parametrize("form", ["%d/%m", "%H:%M", "%Y-%m", "%Y-%m-%d %I:%M", "serial", "%Q"])
def test_a_form_that_leaves_something_open_is_refused(tmp_path, form):
    with pytest.raises(SettingsError, match="date_format"):
        read(tmp_path, "occurred_at", ["2024-01-05"], date_format=["%Y-%m-%d", form])


WORDS = ["NULL", "null", "N/A", "NaN", "nan", "None", "-", "#N/A", "无", "NA", "<NA>", "\u3000", "\\N", '=""', "#REF!"]
IDS = {
    "00123": "00123", '="00124"': "00124", '=""00125""': "00125", "'00126": "00126", '"00127"': "00127",
    " 00128": "00128", "\u00a000129\u3000": "00129", "\u200b00130\ufeff": "00130", "13085.0": "13085",
    "A-1.0": "A-1.0", "a@example.org": "a@example.org", "O'Neil": "O'Neil", "'quoted'": "'quoted'",
    "客户1": "客户1", "1E5": "1E5", "12E34": "12E34", "1.23E+12": "scientific_id", "4e+11": "scientific_id",
    "9007199254740993.0": "inexact_id", "9007199254740993": "9007199254740993",
    **dict.fromkeys(WORDS, "null_customer"),
}  # fmt: skip


def test_ids_as_programs_write_them(tmp_path):
    found, report = read(tmp_path, "customer_id", list(IDS))
    assert {cell: value for (cell, right), value in zip(IDS.items(), found, strict=True) if value != right} == {}
    notes = report.tables["transactions"].notes
    assert (notes["spaces_in_id"], notes["wrapped_id"], notes["float_id"]) == (3, 4, 1)


def test_the_wrapping_of_spreadsheets_without_quotes_around_it(tmp_path):
    (tmp_path / "a.csv").write_text(
        "customer_id,order_id,occurred_at,amount\n"
        '="00123",A,2024-01-01,5\n0124,="00B",2024-01-01,"5"\n"0,125",C,2024-01-01,="5"\n="01,26",D,2024-01-01,5\n'
    )
    run(tmp_path)
    rows = pq.read_table(tmp_path / "work" / "canonical" / "transactions.parquet").to_pylist()
    assert [(row["customer_id"], row["order_id"]) for row in rows] == [("0,125", "C"), ("00123", "A"), ("0124", "00B")]
    bad = pq.read_table(tmp_path / "work" / "quarantine" / "transactions.parquet").to_pylist()
    assert [(row["row"], row["reason"]) for row in bad] == [(5, "stray_quote")]


def test_a_fraction_in_the_column_keeps_ids_as_they_are(tmp_path):
    for cells in (["1.0", "1.5", "1.10", "2.0"], ["13085.0", "013085.0"]):
        found, report = read(tmp_path, "customer_id", cells)
        assert found == cells
        assert "float_id" not in report.tables["transactions"].notes


def test_words_for_nothing_in_categories_and_optional_columns(tmp_path):
    for field, cell, wanted in [
        ("channel", "N/A", None), ("channel", " web ", "web"), ("channel", "none", None),
        ("product_id", "#N/A", None), ("unit_price", "NaN", None), ("unit_price", "-", None),
        ("delivered_at", "NULL", None), ("delivered_at", "NaT", None), ("amount", "N/A", "missing_amount"),
        ("amount", "NaN", "not_finite"), ("occurred_at", "None", "missing_value"),
    ]:  # fmt: skip
        found, _ = read(tmp_path, field, [cell, BASE.get(field, "7")])
        assert found[0] == wanted, (field, cell)
    found, _ = read(tmp_path, "channel", ["NA", "-"], values={"channel": {"NA": "NA", "-": "none"}})
    assert found == ["NA", "none"]
    (tmp_path / "c.csv").write_text(
        "customer_id,country,region,consent,industry,name\nC7,NA,NA,none,NA,Null\nC8,N/A,-,-,None,-\n"
    )
    run(tmp_path, {"customers": {"path": "c.csv"}})
    rows = pq.read_table(tmp_path / "work" / "canonical" / "customers.parquet").to_pylist()
    assert [list(row.values()) for row in rows] == [["C7", "Null", "NA", "NA", "none"], ["C8", "-", None, None, "-"]]


def test_ids_that_nearly_agree_are_counted(tmp_path):
    found, report = read(tmp_path, "customer_id", ["a@x.org", "A@x.org", "Ａ７", "A7", "007", "7", "07", "b"])
    assert found == ["a@x.org", "A@x.org", "Ａ７", "A7", "007", "7", "07", "b"]
    notes = report.tables["transactions"].notes
    assert {code: count for code, count in notes.items() if code.startswith("ids_")} == {
        "ids_in_case": 2, "ids_in_width": 2, "ids_in_zeros": 3
    }  # fmt: skip


def test_typed_and_text_sources_are_read_alike(tmp_path):
    seconds, serial, day = [1704240300, 1704243900], [45296.5, 45297.0], [20240305, 20240306]
    for values, options in (
        (seconds, {}),
        (serial, {"date_format": "excel"}),
        (day, {}),
        (seconds, {"date_format": "epoch_s"}),
    ):
        seen = []
        for kind in (pa.string(), pa.float64(), pa.int64()):
            if kind == pa.int64() and values is serial:
                continue
            cells = [str(value) if kind == pa.string() else value for value in values]
            table = pa.table(
                {
                    "customer_id": pa.array(["13085.0", "7.0"]) if kind == pa.string() else pa.array([13085.0, 7.0]),
                    "order_id": ["A", "B"],
                    "occurred_at": pa.array(cells, kind),
                    "amount": ["1.5", "2.5"] if kind == pa.string() else pa.array([1.5, 2.5]),
                }
            )
            pq.write_table(table, tmp_path / "a.parquet")
            run(tmp_path, path="a.parquet", **options)
            seen.append((tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes())
        assert len(set(seen)) == 1
    table = table.set_column(2, "occurred_at", pa.array(map(float, seconds), pa.float64()).cast(pa.float32()))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError):  # single precision has lost the seconds already
        run(tmp_path, path="a.parquet")


def test_the_sentence_shows_both_readings_and_the_setting(tmp_path):
    for field, cell, words in [
        ("occurred_at", "05/03/2024", ["'05/03/2024' (2024-03-05 / 2024-05-03)", "%d/%m/%Y", "%m/%d/%Y"]),
        ("occurred_at", "05/03/24", ["(2024-03-05 / 2024-05-03 / 2005-03-24)"]),
        ("amount", "1,234", ["'1,234' (1234 / 1.234)", "set decimal to '.' or ','"]),
    ]:
        with pytest.raises(DataError) as caught:
            read(tmp_path, field, [cell, cell], {"max_refused_share": 0.05})
        assert all(word in str(caught.value) for word in words), str(caught.value)
        assert words[0] in error_sentence(caught.value, "zh")
    assert in_two_ways("not_a_number", "1,234") == in_two_ways("ambiguous_number", None) == ""


def test_answers_follow_from_the_kinds_of_cells():
    def seen(**kinds):
        return Seen(Counter(kinds))

    assert answers({"amount": Seen.of([("?,", 3), ("point|¥", 1)])}).decimal == {"amount": "."}
    assert answers({"amount": Seen.of([("?,", 3), ("small", 9)])}) == Answers()
    assert answers({"at": Seen.of([("?epoch_s_or_hour", 3)])}).epoch == {}
    assert answers({"at": Seen.of([("?epoch_s_or_hour", 3), ("?epoch_s", 1)])}).epoch == {"at": "s"}
    assert answers({"id": seen(fraction=1)}).floats == frozenset()
    assert mixtures({"amount": seen(point=5, comma=2)}) == {"mixed_decimals": 2}
