"""A zoo of broken and odd files: each is read exactly, or refused with line and reason. Nothing changes in silence."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from configs.errors import DataError, HoldfastError, SettingsError
from configs.settings import Settings
from features.ingestion import ingest

HEAD = "customer_id,order_id,occurred_at,amount\n"
GOOD = "001,A1,2024-01-05 10:00:00,12.50\n"
GOOD_ROW = ("001", "A1", datetime(2024, 1, 5, 10), Decimal("12.5000"))


def run(tmp_path, **data):
    data.setdefault("max_refused_share", 1.0)
    data.setdefault("max_null_customer_share", 1.0)
    return ingest(Settings(data=data, workdir=tmp_path / "work", root=tmp_path))


def kept(tmp_path, *columns):
    names = columns or ("customer_id", "order_id", "occurred_at", "amount")
    table = pq.read_table(tmp_path / "work" / "canonical" / "transactions.parquet")
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def refused(tmp_path):
    path = tmp_path / "work" / "quarantine" / "transactions.parquet"
    rows = pq.read_table(path).to_pylist() if path.exists() else []
    return [(row["row"], row["field"], row["reason"]) for row in rows]


@dataclass
class Case:
    """One file, its settings and what must come of it."""

    name: str
    content: bytes | str
    rows: list[Any] = field(default_factory=lambda: [GOOD_ROW])
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


def row(customer="001", order="A1", when="2024-01-05 10:00:00", amount="12.50"):
    return f"{customer},{order},{when},{amount}\n"


def at(*parts, **changes):
    values = {"customer": "001", "order": "A1", "when": datetime(*parts) if parts else GOOD_ROW[2], "amount": "12.5000"}
    values.update(changes)
    return (values["customer"], values["order"], values["when"], Decimal(values["amount"]))


READ = [
    Case("plain", HEAD + GOOD),
    Case("leading zeros stay", HEAD + row(customer="00123", order="007"), [at(customer="00123", order="007")]),
    Case("long digits stay", HEAD + row(customer="9007199254740993"), [at(customer="9007199254740993")]),
    Case("id in float form", HEAD + row(customer="13085.0"), [at(customer="13085")]),
    Case("blanks around an id", HEAD + row(customer=" 1 "), [at(customer="1")]),
    Case("byte order mark", b"\xef\xbb\xbf" + (HEAD + GOOD).encode()),
    Case("CRLF", (HEAD + GOOD).replace("\n", "\r\n")),
    Case("blank lines", HEAD + "\n\n" + GOOD + "\n"),
    Case("blanks in the header", HEAD.replace(",", " , ") + GOOD),
    Case("quoted cells", HEAD + '"001","A1","2024-01-05 10:00:00","12.50"\n'),
    Case("quoted delimiter", HEAD + '"0,1",A1,2024-01-05 10:00:00,12.50\n', [at(customer="0,1")]),
    Case("doubled quote", HEAD + '"0""1",A1,2024-01-05 10:00:00,12.50\n', [at(customer='0"1')]),
    Case("line end inside a cell", HEAD + '"0\n1",A1,2024-01-05 10:00:00,12.50\n', [at(customer="0\n1")]),
    Case("semicolons", (HEAD + GOOD).replace(",", ";"), settings={"delimiter": ";"}),
    Case("tabs", (HEAD + GOOD).replace(",", "\t"), settings={"delimiter": "tab"}),
    Case(
        "decimal comma",
        (HEAD + GOOD).replace(",", ";").replace("12.50", "12,50"),
        settings={"delimiter": ";", "decimal": ","},
    ),
    Case(
        "Chinese in GBK, declared",
        (HEAD + row(customer="客户1")).encode("gbk"),
        [at(customer="客户1")],
        settings={"encoding": "gbk"},
    ),
    Case(
        "UTF-8 by its other name",
        b"\xef\xbb\xbf" + (HEAD + row("客户编号一二三四五六")).encode(),
        [at(customer="客户编号一二三四五六")],
        settings={"encoding": "utf-8-sig"},
    ),
    Case("Chinese in UTF-8", (HEAD + row(customer="客户1")).encode(), [at(customer="客户1")]),
    Case(
        "Latin-1, declared",
        (HEAD + row(customer="Müller")).encode("latin-1"),
        [at(customer="Müller")],
        settings={"encoding": "latin-1"},
    ),
    Case("UTF-16, declared", (HEAD + GOOD).encode("utf-16"), settings={"encoding": "utf-16"}),
    Case("last line without end, accepted by setting", HEAD + GOOD.strip(), settings={"last_line_complete": True}),
    Case("last line without end", HEAD + GOOD + row(amount="149").strip(), [GOOD_ROW, at(amount="149.0000")]),
    Case("semicolons, not declared", (HEAD + GOOD).replace(",", ";")),
    Case("UTF-16, not declared", (HEAD + GOOD).encode("utf-16")),
    Case("UTF-16, big end first", b"\xfe\xff" + (HEAD + row("客户")).encode("utf-16-be"), [at(customer="客户")]),
    Case(
        "a mark that says UTF-8, declared as GBK",
        b"\xef\xbb\xbf" + (HEAD + row("北京客户编号一二三四五")).encode(),
        [at(customer="北京客户编号一二三四五")],
        settings={"encoding": "gbk"},
    ),
    Case("Ctrl-Z at the end", (HEAD + GOOD).encode() + b"\x1a"),
    Case("more columns than needed", HEAD.replace("\n", ",x,y\n") + GOOD.replace("\n", ",1,2\n")),
    Case("a nameless index column", "," + HEAD + "0," + GOOD),
    Case(
        "a thousand columns",
        HEAD.replace("\n", "".join(f",c{i}" for i in range(1000)) + "\n") + GOOD.replace("\n", "," * 1000 + "\n"),
    ),
    Case(
        "no header",
        GOOD,
        settings={"header": False, "columns": {"customer_id": "0", "order_id": "1", "occurred_at": "2", "amount": "3"}},
    ),
    Case("ISO with T and Z", HEAD + row(when="2024-01-05T10:00:00Z")),
    Case("ISO with offset", HEAD + row(when="2024-01-05 18:00:00+08:00")),
    Case("offset without colon", HEAD + row(when="2024-01-05T18:00:00+0800")),
    Case("microseconds", HEAD + row(when="2024-01-05 10:00:00.123456"), [at(2024, 1, 5, 10, 0, 0, 123456)]),
    Case("day only", HEAD + row(when="2024-01-05"), [at(2024, 1, 5)]),
    Case("year, month, day with slashes", HEAD + row(when="2024/1/5 9:03"), [at(2024, 1, 5, 9, 3)]),
    Case("leap day", HEAD + row(when="2024-02-29"), [at(2024, 2, 29)]),
    Case(
        "given format",
        HEAD + row(when="5/1/2024 7:45"),
        [at(2024, 1, 5, 7, 45)],
        settings={"date_format": "%d/%m/%Y %H:%M"},
    ),
    Case(
        "format with offset", HEAD + row(when="05.01.2024 18:00 +0800"), settings={"date_format": "%d.%m.%Y %H:%M %z"}
    ),
    Case("seconds since 1970", HEAD + row(when="1704448800"), settings={"date_format": "epoch_s"}),
    Case("milliseconds since 1970", HEAD + row(when="1704448800000"), settings={"date_format": "epoch_ms"}),
    Case("negative amount", HEAD + row(amount="-12.50"), [at(amount="-12.5000")]),
    Case("amount with plus and point", HEAD + row(amount="+12.5"), [at()]),
    Case("amount with exponent", HEAD + row(amount="1.25e1"), [at()]),
    Case("zero", HEAD + row(amount="0"), [at(amount="0.0000")]),
    Case("largest amount", HEAD + row(amount="99999999999999.9999"), [at(amount="99999999999999.9999")]),
    Case("a cent that floats cannot hold", HEAD + row(amount="0.1") * 3, [at(amount="0.1000")] * 3),
    Case(
        "null by another name",
        HEAD + GOOD + row(customer="NULL"),
        refusals=[(3, "customer_id", "null_customer")],
        settings={"null_values": ["NULL"]},
    ),
    Case("left out by setting", HEAD + GOOD + row(customer="TEST"), settings={"drop_where": {"customer_id": ["TEST"]}}),
    Case("columns that differ in case only", HEAD.replace("\n", ",AMOUNT,Order_ID\n") + GOOD.replace("\n", ",99,Z\n")),
    Case("thousands separator", HEAD + row(amount='"1,234.50"'), [at(amount="1234.5000")]),
    Case("currency sign", HEAD + row(amount="£12"), [at(amount="12.0000")]),
    Case("full-width digits", HEAD + row(amount="１２"), [at(amount="12.0000")]),
    Case("exact duplicates are kept", HEAD + GOOD + GOOD, [GOOD_ROW, GOOD_ROW]),
]

ROWS = [
    Case("no customer", HEAD + GOOD + row(customer=""), refusals=[(3, "customer_id", "null_customer")]),
    Case("blank customer", HEAD + GOOD + row(customer="  "), refusals=[(3, "customer_id", "null_customer")]),
    Case("no order id", HEAD + GOOD + row(order=""), refusals=[(3, "order_id", "missing_value")]),
    Case("no time", HEAD + GOOD + row(when=""), refusals=[(3, "occurred_at", "missing_value")]),
    Case("no amount", HEAD + GOOD + row(amount=""), refusals=[(3, "amount", "missing_amount")]),
    Case("NaN", HEAD + GOOD + row(amount="NaN"), refusals=[(3, "amount", "not_finite")]),
    Case("infinite", HEAD + GOOD + row(amount="-inf"), refusals=[(3, "amount", "not_finite")]),
    Case("thousand or one and a bit?", HEAD + row(amount="12") + row(amount='"1,234"'), [at(amount="12.0000")],
         [(3, "amount", "ambiguous_number")]),
    Case("percent sign", HEAD + GOOD + row(amount="12%"), refusals=[(3, "amount", "not_a_number")]),
    Case("unit", HEAD + GOOD + row(amount="12 kg"), refusals=[(3, "amount", "not_a_number")]),
    Case("underscore in a number", HEAD + GOOD + row(amount="1_000"), refusals=[(3, "amount", "not_a_number")]),
    Case("amount too large", HEAD + GOOD + row(amount="1e15"), refusals=[(3, "amount", "out_of_range")]),
    Case("word for a date", HEAD + GOOD + row(when="yesterday"), refusals=[(3, "occurred_at", "not_a_time")]),
    Case("month or day first?", HEAD + GOOD + row(when="03/04/2024"), refusals=[(3, "occurred_at", "ambiguous_date")]),
    Case("scientific id", HEAD + GOOD + row(customer="1.23E+12"), refusals=[(3, "customer_id", "scientific_id")]),
    Case("30 February", HEAD + GOOD + row(when="2024-02-30"), refusals=[(3, "occurred_at", "not_a_time")]),
    Case("29 February 2023", HEAD + GOOD + row(when="2023-02-29"), refusals=[(3, "occurred_at", "not_a_time")]),
    Case("25 o'clock", HEAD + GOOD + row(when="2024-01-05 25:00"), refusals=[(3, "occurred_at", "not_a_time")]),
    Case("time and more", HEAD + GOOD + row(when="2024-01-05 10:00 CET"), refusals=[(3, "occurred_at", "not_a_time")]),
    Case("infinity as a time", HEAD + GOOD + row(when="infinity"), refusals=[(3, "occurred_at", "not_a_time")]),
    Case("spreadsheet day number", HEAD + GOOD + row(when="45296.4"), refusals=[(3, "occurred_at", "not_a_time")]),
    Case("missing digit in a compact date", HEAD + "001,A1,20240105,1\n1,B,1997113,1\n",
         [at(2024, 1, 5, amount="1.0000")], [(3, "occurred_at", "not_in_date_format")],
         {"date_format": "%Y%m%d"}),
    Case("year 1", HEAD + GOOD + row(when="0001-01-01"), refusals=[(3, "occurred_at", "out_of_range")]),
    Case("year 9999", HEAD + GOOD + row(when="9999-12-31"), refusals=[(3, "occurred_at", "out_of_range")]),
    Case("too few cells", HEAD + GOOD + "002,B1\n" + GOOD, [GOOD_ROW, GOOD_ROW], [(3, "", "too_few_cells")]),
    Case("too many cells", HEAD + GOOD + "002,B1,2024-01-06,1,234\n", refusals=[(3, "", "too_many_cells")]),
    Case("stray quote", HEAD + GOOD + '0"2,B1,2024-01-06,1\n' + GOOD, [GOOD_ROW] * 2, [(3, "", "stray_quote")]),
    Case("carriage return in a cell", HEAD + GOOD + "0\r2,B1,2024-01-06,1\n", refusals=[(3, "", "stray_return")]),
    Case("a cell of 10 MB", HEAD + GOOD + row(customer="x" * 10_000_000), refusals=[(3, "", "line_too_long")]),
    Case("line numbers after a cell of two lines", HEAD + '"0\n1",A1,2024-01-05 10:00:00,12.50\n' + row(amount="x"),
         [at(customer="0\n1")], [(4, "amount", "not_a_number")]),
]  # fmt: skip


@pytest.mark.parametrize("case", READ + ROWS, ids=lambda case: case.name)
def test_read_exactly_or_row_refused(tmp_path, case):
    content = case.content.encode() if isinstance(case.content, str) else case.content
    (tmp_path / "a.csv").write_bytes(content)
    report = run(tmp_path, transactions={"path": "a.csv", **case.settings})
    assert kept(tmp_path) == case.rows
    assert refused(tmp_path) == case.refusals
    table = report.tables["transactions"]
    assert table.rows_in == table.rows_left_out + table.rows_kept + table.rows_refused


CURRENCIES = b"customer_id,order_id,occurred_at,amount,currency\n1,A,2024-01-01,5,EUR\n1,B,2024-01-02,5,USD\n"
FILES = [
    ("empty", b"", "empty_source", {}),
    ("only blank lines", b"\n\n", "empty_source", {}),
    ("header only", HEAD.encode(), "empty_source", {}),
    ("nothing kept", (HEAD + row(customer="")).encode(), "empty_source", {}),
    ("missing column", b"customer_id,order_id,when,amount\n" + GOOD.encode(), "missing_column", {}),
    ("mapped column missing", (HEAD + GOOD).encode(), "missing_column", {"columns": {"amount": "total"}}),
    ("wrong delimiter", b"a;b;c;d\n1;2;3;4\n", "wrong_delimiter", {}),
    ("wrong delimiter by setting", (HEAD + GOOD).replace(",", ";").encode(), "wrong_delimiter", {"delimiter": ","}),
    ("column twice", HEAD.replace("order_id", "customer_id").encode(), "duplicate_column", {}),
    ("NUL bytes", (HEAD + GOOD).encode() + b"\0\0\0\n", "nul_byte", {}),
    ("GBK, not declared", (HEAD + GOOD + row(customer="客户")).encode("gbk"), "wrong_encoding", {}),
    ("UTF-8, declared as GBK", (HEAD + row("北京客户编号一二三四五")).encode(), "wrong_encoding", {"encoding": "gbk"}),
    ("UTF-8, declared as Latin-1", (HEAD + row("üöäßéèàñ")).encode(), "wrong_encoding", {"encoding": "latin-1"}),
    ("UTF-16 without a mark", (HEAD + GOOD).encode("utf-16-le"), "wrong_encoding", {}),
    ("half a character at the end", (HEAD + GOOD).encode() + "客".encode()[:2], "wrong_encoding", {}),
    ("cut off in a line", (HEAD + GOOD + "002,B1,2024-0").encode(), "cut_off", {}),
    ("cut off in a quoted cell", (HEAD + GOOD + '"002,B1,2024-01-05,1\n').encode(), "cut_off", {}),
    ("old Macintosh line ends", (HEAD + GOOD).replace("\n", "\r").encode(), "stray_return", {}),
    ("several currencies", CURRENCIES, "mixed_currencies", {}),
    ("Parquet called CSV", b"PAR1\x15\x04\x15\x00", "damaged_parquet", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "code", "options"), FILES, ids=[item[0] for item in FILES])
def test_file_refused_with_one_sentence(tmp_path, name, content, code, options):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        run(tmp_path, transactions={"path": "a.csv", **options})
    error = caught.value
    assert error.code == code
    assert "\n" not in str(error)
    assert "a.csv" in str(error) or name == "nothing kept"
    assert error.remedy
    assert not (tmp_path / "work" / "canonical").exists()


def test_the_sentence_names_file_line_field_value_and_remedy(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + GOOD + row(amount="12%"))
    with pytest.raises(DataError) as caught:
        run(tmp_path, transactions={"path": "a.csv"}, max_refused_share=0.05)
    text = str(caught.value)
    for part in (
        "a.csv, line 3",
        "field amount",
        "'12%'",
        "50.0%",
        "allowed 5.0%",
        "percent signs",
        "quarantine",
    ):
        assert part in text
    assert caught.value.place["row"] == 3
    assert refused(tmp_path) == [(3, "amount", "not_a_number")]


def test_a_truncated_gzip_is_refused(tmp_path):
    import gzip

    packed = gzip.compress((HEAD + GOOD * 500).encode())
    (tmp_path / "a.csv.gz").write_bytes(packed)
    assert run(tmp_path, transactions={"path": "a.csv.gz"}).tables["transactions"].rows_kept == 500
    (tmp_path / "a.csv.gz").write_bytes(packed[:-20])
    with pytest.raises(DataError) as caught:
        run(tmp_path, transactions={"path": "a.csv.gz"})
    assert caught.value.code == "cut_off"


def good_table(rows=5000):
    return pa.table(
        {
            "customer_id": [f"{number:05d}" for number in range(rows)],
            "order_id": [f"A{number}" for number in range(rows)],
            "occurred_at": pa.array([datetime(2024, 1, 5, 10)] * rows, pa.timestamp("us")),
            "amount": [number / 100 for number in range(rows)],
        }
    )


def test_parquet_with_checksums_shows_every_flipped_bit(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(good_table(), path, write_page_checksum=True)
    whole = path.read_bytes()
    report = run(tmp_path, transactions={"path": "a.parquet"})
    assert report.tables["transactions"].rows_kept == 5000
    before = (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes()
    for position in range(60, len(whole) - 2500, (len(whole) - 2600) // 25):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        with pytest.raises(DataError) as caught:
            run(tmp_path, transactions={"path": "a.parquet"})
        assert caught.value.code == "damaged_parquet"
    assert (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes() == before


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_parquet_is_refused(tmp_path, share):
    path = tmp_path / "a.parquet"
    pq.write_table(good_table(), path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match="cut off, damaged or not a Parquet file") as caught:
        run(tmp_path, transactions={"path": "a.parquet"})
    assert caught.value.code == "damaged_parquet"


def test_brotli_is_refused_before_decoding(tmp_path):
    pq.write_table(good_table(), tmp_path / "a.parquet", compression="brotli")
    with pytest.raises(DataError, match="zstd or snappy") as caught:
        run(tmp_path, transactions={"path": "a.parquet"})
    assert caught.value.code == "brotli_refused"


def test_nested_columns_are_refused_when_used_and_ignored_when_not(tmp_path):
    table = good_table(3).append_column("tags", pa.array([{"a": 1}] * 3))
    pq.write_table(table, tmp_path / "a.parquet")
    assert run(tmp_path, transactions={"path": "a.parquet"}).tables["transactions"].rows_kept == 3
    with pytest.raises(DataError, match="nested") as caught:
        run(tmp_path, transactions={"path": "a.parquet", "columns": {"product_id": "tags"}})
    assert caught.value.code == "nested_column"


def test_typed_values_that_cannot_be_kept(tmp_path):
    table = pa.table(
        {
            "customer_id": pa.array([13085.0, 2.0**53, None, 7.5, 1.0, 1.0]),
            "order_id": pa.array([1, 2, 3, 4, 5, 6]),
            "occurred_at": pa.array([datetime(2024, 1, 5)] * 5 + [datetime(1, 1, 1)], pa.timestamp("us")),
            "amount": pa.array([1.005, 1.0, 1.0, 1.0, float("nan"), 1.0]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    run(tmp_path, transactions={"path": "a.parquet"})
    assert kept(tmp_path, "customer_id", "order_id", "amount") == [
        ("13085", "1", Decimal("1.0050")),
        ("7.5", "4", Decimal("1.0000")),
    ]
    assert refused(tmp_path) == [
        (2, "customer_id", "inexact_id"),
        (3, "customer_id", "null_customer"),
        (5, "amount", "not_finite"),
        (6, "occurred_at", "out_of_range"),
    ]


def test_day_numbers_are_no_times_without_a_format(tmp_path):
    table = good_table(2).set_column(2, "occurred_at", pa.array([45296, 45297]))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(HoldfastError, match="date_format"):
        run(tmp_path, transactions={"path": "a.parquet"}, max_refused_share=0.5)
    run(tmp_path, transactions={"path": "a.parquet", "date_format": "excel"})
    assert [item[2] for item in kept(tmp_path)] == [datetime(2024, 1, 5), datetime(2024, 1, 6)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": {"custmer_id": "x"}}, "perhaps customer_id"),
        ({"encoding": "klingon"}, "klingon"),
        ({"delimiter": "||"}, "one character"),
        ({"quote": "“"}, "one ASCII character"),
        ({"date_format": "%Q"}, "date_format"),
        ({"date_format": "dd/mm/yyyy"}, "date_format"),
        ({"constants": {"channel": "web"}, "columns": {"channel": "amount"}}, "says twice"),
    ],
)
def test_settings_that_cannot_be_meant(tmp_path, options, words):
    (tmp_path / "a.csv").write_text(HEAD + GOOD)
    with pytest.raises(SettingsError, match=words.replace("|", r"\|")):
        run(tmp_path, transactions={"path": "a.csv", **options})
