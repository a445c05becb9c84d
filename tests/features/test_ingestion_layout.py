"""Text files as people have them: headers, delimiters, title lines, empty and summing rows, order-level cells."""

import random
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from configs.errors import DataError, InputError, SettingsError
from configs.settings import Settings, load_settings
from features.ingestion import csv_scan, csv_text, ingest
from features.ingestion.encodings import likely
from features.ingestion.fill import FillDown
from features.ingestion.headers import meant, normalised
from features.ingestion.raw import ROW, BadLine, RawFile
from features.ingestion.texts import REASONS
from pipelines.console import out
from pipelines.summary import show_ingest

CASES = Path(__file__).parents[3] / "shared" / "cases"
NAMES = ["customer_id", "order_id", "occurred_at", "amount"]
HEAD = ",".join(NAMES) + "\n"
GOOD = "001,A1,2024-01-05 10:00:00,12.50\n"
GOOD_ROW = ("001", "A1", datetime(2024, 1, 5, 10), Decimal("12.5000"))


def make(folder, content, language="en", **data):
    (folder / "a.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    data.setdefault("max_refused_share", 1.0)
    data.setdefault("max_null_customer_share", 1.0)
    source = {"path": "a.csv", **data.pop("source", {})}
    return Settings(data={"transactions": source, **data}, workdir=folder / "work", root=folder, language=language)


def run(folder, content, **data):
    return ingest(make(folder, content, **data), force=True).tables["transactions"]


def kept(folder, *columns):
    table = pq.read_table(folder / "work" / "canonical" / "transactions.parquet")
    return [tuple(row[name] for name in columns or NAMES) for row in table.to_pylist()]


def refused(folder):
    path = folder / "work" / "quarantine" / "transactions.parquet"
    rows = pq.read_table(path).to_pylist() if path.exists() else []
    return [(row["row"], row["field"], row["reason"]) for row in rows]


# Read without being asked


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ((HEAD + GOOD).replace(",", ";"), "other_delimiter"),
        ((HEAD + GOOD).replace(",", "\t"), "other_delimiter"),
        ((HEAD + GOOD).replace(",", "|"), "other_delimiter"),
        ("sep=;\r\n" + (HEAD + GOOD).replace(",", ";"), "other_delimiter"),
        ((HEAD + GOOD).encode("utf-16"), "marked_encoding"),
        (b"\xfe\xff" + (HEAD + GOOD).encode("utf-16-be"), "marked_encoding"),
        ((HEAD + GOOD).encode("utf-8-sig"), None),
        (HEAD + GOOD.strip(), "no_line_end"),
        (HEAD.upper() + GOOD, "loose_header"),
        ("customer_id ,\u00a0order_id,“occurred_at”,Ａｍｏｕｎｔ\n" + GOOD, "loose_header"),
        (HEAD.replace("\n", ",\n") + GOOD, None),
        (HEAD.replace("\n", ",,\n") + GOOD.replace("\n", ",,\n"), None),
        (HEAD + GOOD.replace("\n", ",,\n"), None),
        (HEAD + GOOD.replace("\n", ",\r\n"), None),
        (HEAD.replace("\n", ",note,note\n") + GOOD.replace("\n", ",x,y\n"), None),
        (",,,\n" + HEAD + GOOD, None),
    ],
)
@pytest.mark.parametrize("chunk", [1, 16 << 20])
def test_read_without_being_asked(tmp_path, monkeypatch, content, note, chunk):
    monkeypatch.setattr(csv_text, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(csv_scan, "HEAD_BYTES", 1 if chunk == 1 else 1 << 16)
    report = run(tmp_path, content)
    assert kept(tmp_path) == [GOOD_ROW]
    assert refused(tmp_path) == []
    counts = {"loose_header": len(NAMES) if isinstance(content, str) and content.startswith("CUST") else 2}
    assert report.notes == ({note: counts.get(note, 1)} if note else {})


def test_a_comma_at_the_end_of_some_lines_only(tmp_path):
    lines = (
        "1,A,2024-01-01,1\n2,B,2024-01-01,2,\n3,C,2024-01-01,3,,,\n4,D,2024-01-01,4,,x\n5,E\n,,,,,,,\n6,F,2024-01-01,6,"
    )
    report = run(tmp_path, HEAD + lines)
    assert [(row[0], row[3]) for row in kept(tmp_path)] == [("1", 1), ("2", 2), ("3", 3), ("6", 6)]
    assert refused(tmp_path) == [(5, "", "too_many_cells"), (6, "", "too_few_cells")]
    assert (report.rows_in, report.rows_left_out, report.notes) == (7, 1, {"empty_rows": 1, "no_line_end": 1})


def test_a_line_cut_off_is_still_refused(tmp_path):
    with pytest.raises(DataError, match="3 of 4 cells, no line end") as caught:
        run(tmp_path, HEAD + GOOD + "002,B1,2024-01-0")
    assert caught.value.code == "cut_off"
    report = run(tmp_path, HEAD + GOOD.strip(), source={"last_line_complete": True})
    assert report.notes == {}


def test_a_mapped_column_is_found_as_it_is_meant(tmp_path):
    head = "Client No,Order\u00a0No.,DATE,Total (EUR),total(eur)x\n"
    columns = {"customer_id": "client  no", "order_id": "order no.", "occurred_at": "date", "amount": "Total (EUR)"}
    report = run(tmp_path, head + GOOD.replace("\n", ",1\n"), source={"columns": columns})
    assert kept(tmp_path) == [GOOD_ROW]
    assert report.notes == {"loose_header": 3}
    # the very name goes first, and what two columns may mean is not chosen
    assert meant("date", ["Date", "date", "DATE"]) == "date"
    assert meant("date", ["Date", "DATE"]) is None
    assert normalised("客户 编号") == normalised("客户编号")


def test_a_column_that_is_mapped_is_not_taken_by_its_name_too(tmp_path):
    report = run(
        tmp_path, "customer_id,Channel,occurred_at,amount\n" + GOOD, source={"columns": {"order_id": "Channel"}}
    )
    assert kept(tmp_path) == [GOOD_ROW]
    assert "channel" not in report.columns


def test_only_a_repeated_header_that_is_used_is_refused(tmp_path):
    content = "customer_id,order_id,occurred_at,amount,amount\n" + GOOD.replace("\n", ",99\n")
    with pytest.raises(DataError) as caught:
        run(tmp_path, content)
    assert str(caught.value) == (
        "a.csv has the column 'amount' (for amount) 2 times in its header; give every column its own name, or name the "
        "one that is meant under data.transactions.columns as 'amount (1)', 'amount (2)'."
    )
    run(tmp_path, content, source={"columns": {"amount": "amount (2)"}})
    assert kept(tmp_path) == [(*GOOD_ROW[:3], Decimal(99))]


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("客户,北京市朝阳区\n", "gb18030", "gb18030"),
        ("客", "gb18030", "gb18030"),
        ("客戶編號,臺北市信義區\n", "big5", "big5"),
        ("Müller,Straße\nCafé à la crème,£12\n", "cp1252", "cp1252"),
        ("Иванов,Москва\n", "cp1251", None),
        ("日本語テスト,東京\n", "shift_jis", None),
        ("김철수,서울특별시\n", "euc-kr", None),
    ],
)
def test_an_encoding_is_suggested_only_when_it_is_plausible(tmp_path, text, encoding, found):
    assert likely(text.encode(encoding)) == found
    with pytest.raises(DataError) as caught:
        run(tmp_path, (HEAD + GOOD).encode() + text.encode(encoding))
    assert caught.value.place["line"] == 3
    wanted = f"set encoding: {found} if" if found else "set encoding: to what it was written in, or export it as UTF-8"
    assert caught.value.remedy.startswith(wanted)
    assert caught.value.said("zh")[0].startswith("a.csv 第 3 行")


def test_a_damaged_byte_in_utf8_is_no_other_encoding(tmp_path):
    content = (HEAD + "客户编号一,A,2024-01-05,1\n客户,A,2024-01-05,1\n").encode()
    with pytest.raises(DataError, match="which is damaged: the rest of the text is utf-8"):
        run(tmp_path, content.replace("客户,".encode(), b"\xe5\xae,"))
    with pytest.raises(DataError, match="ends in the middle of a character"):
        run(tmp_path, content + "客".encode()[:2])
    with pytest.raises(DataError, match="ends in the middle of a character"):
        run(tmp_path, (HEAD + GOOD).encode("utf-16") + b"x")
    with pytest.raises(DataError, match=r"set encoding: utf-16-le"):
        run(tmp_path, (HEAD + GOOD).encode("utf-16-le"))


# Empty rows, sums, titles


def test_empty_rows_are_counted_apart(tmp_path):
    report = run(
        tmp_path, HEAD + GOOD + ",,,\n" * 400 + ' , ,"",\n' + "\n", max_refused_share=0.0, max_null_customer_share=0.0
    )
    assert kept(tmp_path) == [GOOD_ROW]
    assert (report.rows_in, report.rows_left_out, report.rows_refused) == (402, 401, 0)
    assert report.note_texts()[0].en == "empty rows left out: 401"


def test_empty_rows_of_a_typed_source(tmp_path):
    rows = {name: [value, None] for name, value in zip(NAMES, GOOD_ROW, strict=True)}
    pq.write_table(pa.table(rows), tmp_path / "b.parquet")
    report = run(tmp_path, "", source={"path": "b.parquet"})
    assert (kept(tmp_path), report.notes) == ([GOOD_ROW], {"empty_rows": 1})


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not on this machine")
def test_the_case_of_blank_rows(tmp_path):
    for name in ("holdfast.yaml", "orders.csv"):
        (tmp_path / name).write_bytes((CASES / "blank_rows" / name).read_bytes())
    settings = load_settings(tmp_path / "holdfast.yaml")
    report = ingest(settings)
    table = report.tables["transactions"]
    assert (table.rows_kept, table.rows_left_out, table.rows_refused) == (60, 400, 0)
    with out.capture() as said:
        show_ingest(report, settings)
    assert "! transactions: empty rows left out: 400" in said.get()


@pytest.mark.parametrize("word", ["Total", "Grand total", "TOTALS:", "合计", "总计：", "Subtotal"])
def test_a_row_of_sums_is_set_aside(tmp_path, word):
    report = run(tmp_path, HEAD + GOOD + f"{word},,,12.50\n,{word},,12.50\n,,,{word}\n", max_refused_share=0.0)
    assert kept(tmp_path) == [GOOD_ROW]
    assert refused(tmp_path) == [(line, "occurred_at", "total_row") for line in (3, 4, 5)]
    assert report.refusals[0].text.en.startswith("a row that sums up others")


def test_a_customer_called_total_is_a_customer(tmp_path):
    run(tmp_path, HEAD + "Total,A1,2024-01-05 10:00:00,12.50\nTotal Wine,A1,,1\n")
    assert kept(tmp_path) == [("Total", *GOOD_ROW[1:])]


TITLES = "Sales report\nJanuary 2024, all shops\n\n"


def test_title_lines(tmp_path):
    with pytest.raises(DataError) as caught:
        run(tmp_path, TITLES + HEAD + GOOD)
    assert str(caught.value) == (
        "a.csv, line 1, is not the header; line 4 looks like it; set data.transactions.skip_rows: 3."
    )
    run(tmp_path, TITLES + HEAD + GOOD + "x\n", source={"skip_rows": 3})
    assert kept(tmp_path) == [GOOD_ROW]
    assert refused(tmp_path) == [(6, "", "too_few_cells")]


def test_title_lines_above_a_header_of_other_names(tmp_path):
    with pytest.raises(DataError, match=r"line 4 looks like it; set data\.transactions\.skip_rows: 3"):
        run(tmp_path, TITLES + "Kunde,Beleg,Datum,Betrag\n" + GOOD)
    # as many cells as the table, as a spreadsheet writes them
    with pytest.raises(DataError, match=r"line 2 looks like it; set data\.transactions\.skip_rows: 1"):
        run(tmp_path, "Sales report,,,\n" + HEAD + GOOD)
    with pytest.raises(DataError, match=r"line 3 looks like it; set data\.transactions\.skip_rows: 2"):
        run(tmp_path, "Report;;;\n;;;\n" + (HEAD + GOOD).replace(",", ";"))


def test_more_titles_than_lines(tmp_path):
    with pytest.raises(DataError, match="has not even 9 lines"):
        run(tmp_path, HEAD + GOOD, source={"skip_rows": 9})


# Order-level cells


def filled(tmp_path, lines, fill, **source):
    run(tmp_path, HEAD + "\n".join(lines) + "\n", source={"fill_down": fill, **source})
    return sorted((row[0], row[1], row[2].day, int(row[3])) for row in kept(tmp_path))


def test_cells_of_the_first_line_hold_for_the_order(tmp_path):
    lines = ["c1,1,2024-01-01,1", ",1,,2", ",1,2024-01-02,3", ",1,,4", "c2,2,2024-01-03,5", ",2,,6", ",3,,7", "c1,1,,8"]
    assert filled(tmp_path, lines, ["customer_id", "occurred_at"]) == [
        ("c1", "1", 1, 1),
        ("c1", "1", 1, 2),
        ("c1", "1", 2, 3),
        ("c1", "1", 2, 4),
        ("c2", "2", 3, 5),
        ("c2", "2", 3, 6),
    ]
    # order 3 has no cells of its own, and the lines of order 1 do not follow those above
    assert refused(tmp_path) == [(8, "customer_id", "null_customer"), (9, "occurred_at", "missing_value")]


def test_an_order_id_on_the_first_line_only(tmp_path):
    lines = ["c1,1,2024-01-01,1", ",,,2", "c2,2,2024-01-03,3", ",,,4", ",2,,5", ",3,,6", ",,,7"]
    assert filled(tmp_path, lines, ["order_id", "customer_id", "occurred_at"]) == [
        ("c1", "1", 1, 1),
        ("c1", "1", 1, 2),
        ("c2", "2", 3, 3),
        ("c2", "2", 3, 4),
        ("c2", "2", 3, 5),
    ]
    assert [line for line, _, _ in refused(tmp_path)] == [7, 8]


def test_nothing_is_carried_over_what_could_not_be_read(tmp_path):
    lines = ["c1,1,2024-01-01,1", "c2,2", ",,,2", ",,,", ",,,3", "c3,3,2024-01-03,4", ",,,", ",,,5", ",,,6"]
    assert filled(tmp_path, lines, ["order_id", "customer_id", "occurred_at"]) == [("c1", "1", 1, 1), ("c3", "3", 3, 4)]


def test_a_row_of_sums_is_not_filled(tmp_path):
    lines = ["c1,1,2024-01-01,1", ",,,2", "合计,,,3", ",,,4", "c2,2,2024-01-03,5", ",Total,,6"]
    assert filled(tmp_path, lines, ["order_id", "customer_id", "occurred_at"]) == [
        ("c1", "1", 1, 1),
        ("c1", "1", 1, 2),
        ("c2", "2", 3, 5),
    ]
    assert refused(tmp_path) == [
        (4, "occurred_at", "total_row"),
        (5, "customer_id", "null_customer"),
        (7, "occurred_at", "total_row"),
    ]


def test_without_order_ids_a_line_that_names_one_begins_an_order(tmp_path):
    content = "customer_id,occurred_at,amount\nc1,2024-01-01,1\n,,2\n,2024-01-02,3\n,,4\nc2,2024-01-03,5\n,,6\n"
    run(tmp_path, content, source={"fill_down": ["customer_id", "occurred_at"]})
    assert kept(tmp_path, "customer_id", "order_id", "amount") == [
        ("c1", "c1@2024-01-01T00:00:00", 1),
        ("c1", "c1@2024-01-01T00:00:00", 2),
        ("c2", "c2@2024-01-03T00:00:00", 5),
        ("c2", "c2@2024-01-03T00:00:00", 6),
    ]
    assert [line for line, _, _ in refused(tmp_path)] == [4, 5]


CELL = st.sampled_from(["", "a", "b", "NULL", " "])


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=30), cuts=st.integers(1, 6), order=st.booleans())
@hypothesis_settings(max_examples=150, deadline=None)
def test_chunks_do_not_change_what_is_filled(rows, cuts, order):
    """Against the rule written out line by line."""
    broken = [4, 9] if len(rows) > 9 else []
    numbers = [number for number in range(2, len(rows) + 4) if number not in broken][: len(rows)]
    raw = RawFile(
        "a", "line", ["o", "x", "y"], lambda: iter(()), bad_lines=[BadLine(n, "stray_quote", "") for n in broken]
    )
    table = pa.table({**{name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate("oxy")},
                      ROW: pa.array(numbers, pa.int64())})  # fmt: skip
    fill = FillDown(raw, (0, 1) if order else (1,), 0, ("NULL",))
    parts = [fill.fill(table.slice(start, cuts)) for start in range(0, len(rows), cuts)]
    found = [tuple(row[name] for name in "oxy") for part in parts for row in part.to_pylist()]

    def empty(cell):
        return cell.strip() in ("", "NULL")

    wanted, above, count = [], None, 0
    for position, (number, row) in enumerate(zip(numbers, rows, strict=True)):
        cells = list(row)
        gap = position and any(numbers[position - 1] < bad < number for bad in broken)
        if gap or all(empty(cell) for cell in row):
            above = None
        if above is not None:
            if order and empty(cells[0]) and not empty(above[0]):
                cells[0], count = above[0], count + 1
            if empty(cells[1]) and not empty(cells[0]) and cells[0] == above[0] and not empty(above[1]):
                cells[1], count = above[1], count + 1
        wanted.append(tuple(cells))
        above = None if all(empty(cell) for cell in row) else cells
    assert found == wanted
    assert fill.filled == count


SHOP = """Name,Email,Financial Status,Subtotal,Total,Created at,Lineitem quantity,Lineitem price,Lineitem sku,Discount
#1,a@example.org,paid,30.00,35.00,2024-01-02 09:00:00 -0500,1,10.00,CUP,
#1,,,,,,2,10.00,PLATE,
#2,b@example.org,refunded,20.00,25.00,2024-01-03 21:30:00 -0500,1,10.00,CUP,
#2,,,,,,1,10.00,BOWL,
#3,b@example.org,paid,9.00,14.00,2024-01-04 08:00:00 -0500,3,3.00,SPOON,
"""
LAYOUT = {
    "columns": {
        "customer_id": "Email", "order_id": "Name", "occurred_at": "Created at", "product_id": "Lineitem sku",
        "quantity": "Lineitem quantity", "unit_price": "Lineitem price",
    },
    "date_format": "%Y-%m-%d %H:%M:%S %z",
    "fill_down": ["customer_id", "occurred_at", "Financial Status"],
    "drop_where": {"Financial Status": ["refunded"]},
    "constants": {"channel": "web"},
    "values": {"product_id": {"CUP": "cup"}},
}  # fmt: skip


def test_the_order_export_of_a_web_shop(tmp_path):
    report = run(tmp_path, SHOP, source=LAYOUT)
    assert kept(tmp_path, *NAMES, "product_id", "channel") == [
        ("a@example.org", "#1", datetime(2024, 1, 2, 14), Decimal(10), "cup", "web"),
        ("a@example.org", "#1", datetime(2024, 1, 2, 14), Decimal(20), "PLATE", "web"),
        ("b@example.org", "#3", datetime(2024, 1, 4, 13), Decimal(9), "SPOON", "web"),
    ]
    assert (report.rows_in, report.rows_left_out, report.rows_refused) == (5, 2, 0)
    assert report.notes["filled_down"] == 6


def test_the_worked_example_of_the_documentation_is_the_one_that_is_tested():
    import yaml

    text = (Path(__file__).parents[2] / "docs" / "data-contract.md").read_text(encoding="utf-8")
    example = text.split("## An example: the order export of a web shop")[1].split("```yaml\n")[1].split("```")[0]
    source = yaml.safe_load(example)["data"]["transactions"]
    assert {key: source[key] for key in ("columns", "fill_down", "drop_where")} == {
        key: LAYOUT[key] for key in ("columns", "fill_down", "drop_where")
    }


def test_a_total_on_the_first_line_only_is_answered_with_the_remedies(tmp_path):
    columns = {**LAYOUT["columns"], "amount": "Total", "quantity": "", "unit_price": ""}
    source = {**LAYOUT, "columns": columns, "fill_down": ["customer_id", "occurred_at"], "drop_where": {}}
    with pytest.raises(DataError) as caught:
        run(tmp_path, SHOP, source=source, max_refused_share=0.05)
    assert caught.value.message.startswith(
        "2 of 5 rows of transactions are refused (40.0%, allowed 5.0%); transactions: a.csv, line 3, field amount, "
        "empty: no amount; fill it in, or, where the total stands on the first line of an order only, take quantity × "
    )
    assert "fill_down" in caught.value.message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("currency", "which no column of a.csv feeds"),
        ("Status", "no column 'Status' \\(for Status\\)"),
        ("", "no column ''"),
    ],
)
def test_fill_down_names_what_is_there(tmp_path, name, words):
    with pytest.raises((SettingsError, DataError), match=words):
        run(tmp_path, HEAD + GOOD, source={"fill_down": [name]})


# All problems at once


def test_every_column_that_is_missing_is_told(tmp_path):
    columns = {"customer_id": "kunde", "amount": "totall", "custmer_id": "x"}
    with pytest.raises(InputError) as caught:
        run(tmp_path, "client,number,date,total\n" + GOOD, source={"columns": columns, "drop_where": {"status": ["x"]}})
    assert [str(error) for error in caught.value.all()] == [
        "data.transactions.columns names 'custmer_id', which transactions does not have; perhaps customer_id.",
        "a.csv has no column 'kunde' (for customer_id); it has 'client', 'number', 'date', 'total'; correct "
        "data.transactions.columns.customer_id.",
        "a.csv has no column 'totall' (for amount); it has 'client', 'number', 'date', 'total'; correct "
        "data.transactions.columns.amount, perhaps to 'total'.",
        "a.csv has no column for occurred_at; it has 'client', 'number', 'date', 'total'; map one under "
        "data.transactions.columns.",
        "a.csv has no column 'status' (for status); it has 'client', 'number', 'date', 'total'; correct "
        "data.transactions.drop_where.status.",
    ]


def test_every_reason_is_told_with_its_first_example(tmp_path):
    lines = ["1,A,2024-01-01,x", "1,A,yesterday,y", "1,A,yesterday,", "1,,2024-01-01,1", "1,A", "1,A,2024-01-01,1"]
    with pytest.raises(DataError) as caught:
        run(tmp_path, HEAD + "\n".join(lines) + "\n", max_refused_share=0.1)
    error = caught.value
    assert error.message.startswith(
        "5 of 6 rows of transactions are refused (83.3%, allowed 10.0%); transactions: a.csv, line 3, field occurred_at"
    )
    assert [(one.code, one.place["row"], one.message.split("(")[-1]) for one in error.further] == [
        ("missing_value", 5, "rows: 1)"),
        ("not_a_number", 2, "rows: 1)"),
        ("too_few_cells", 6, "rows: 1)"),
        ("missing_amount", 4, "rows: 1)"),
    ]
    said, remedy = error.further[1].said("zh")
    assert said.startswith("transactions：a.csv 第 2 行，字段 amount，值 'x'：") and said.endswith("（1 行）")
    assert remedy == REASONS["not_a_number"].halves("zh")[1]


def test_the_console_tells_what_was_set_aside(tmp_path):
    lines = ["1,A,2024-01-01,x\n", "1,A,2024-01-01,y\n", ",A,2024-01-01,1\n", GOOD, ",,,\n", GOOD.strip()]
    for language, wanted in (
        (
            "en",
            [
                "! transactions: empty rows left out: 1",
                "! transactions: files whose last line has no line end, to be checked whether they are whole: 1",
                "! transactions: 2 rows set aside: " + REASONS["not_a_number"].en + " (first: a.csv:2 amount 'x')",
                "! transactions: 1 rows set aside: " + REASONS["null_customer"].en + " (first: a.csv:4 customer_id)",
            ],
        ),
        ("zh", ["! transactions: 1 个空行已排除"]),
    ):
        settings = make(tmp_path, HEAD + "".join(lines), language=language)
        with out.capture() as said:
            show_ingest(ingest(settings, force=True), settings)
        told = said.get().replace("\n", " ")
        places = [told.index(line) for line in wanted]
        assert places == sorted(places)


# Robust


@pytest.mark.parametrize("seed", range(40))
def test_what_is_broken_at_random_is_read_or_refused_in_one_sentence(tmp_path, seed):
    """Whatever happens to a file, its rows are kept as they are, or it is refused."""
    rng = random.Random(seed)
    lines = [f"c{number},O{number},2024-01-{number % 28 + 1:02d},{number}.25\n" for number in range(60)]
    content = bytearray((HEAD + "".join(lines)).encode())
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(HEAD), len(content))
        content[place : place + rng.randrange(3)] = rng.choice(
            [b",", b'"', b"\r", b"\0", b"\xff", b"\n", b"", b",,,\n", b" "]
        )
    try:
        run(tmp_path, bytes(content))
    except InputError as error:
        assert "\n" not in str(error) and error.remedy
        return
    wanted = {tuple(line.strip().split(",")) for line in lines}
    untouched = [row for row in kept(tmp_path) if (row[0], row[1], f"{row[2]:%Y-%m-%d}", f"{row[3]:.2f}") in wanted]
    assert len(untouched) >= 50
