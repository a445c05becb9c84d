"""Workbooks, JSON lines, archives, folders: every format is read exactly, and told by its bytes whatever its name."""

import base64
import gzip
import json
import os
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from configs.errors import DataError, InputError
from configs.settings import Settings, load_settings
from features.ingestion import ingest, packed
from tests.features.workbooks import write_ods, write_xlsx

CASES = Path(__file__).parents[3] / "shared" / "cases"
NAMES = ["customer_id", "order_id", "occurred_at", "amount"]
HEAD = ",".join(NAMES) + "\n"
GOOD = "001,A1,2024-01-05 10:00:00,12.50\n"
GOOD_ROW = ("001", "A1", datetime(2024, 1, 5, 10), Decimal("12.5000"))
MOMENT = datetime(2024, 1, 5, 10)


def run(folder, path="a.csv", language="en", **data):
    data.setdefault("max_refused_share", 1.0)
    data.setdefault("max_null_customer_share", 1.0)
    source = {"path": path, **data.pop("source", {})}
    settings = Settings(data={"transactions": source, **data}, workdir=folder / "work", root=folder, language=language)
    return ingest(settings, force=True)


def kept(folder, *columns):
    table = pq.read_table(folder / "work" / "canonical" / "transactions.parquet")
    return [tuple(row[name] for name in columns or NAMES) for row in table.to_pylist()]


def refused(folder):
    path = folder / "work" / "quarantine" / "transactions.parquet"
    rows = pq.read_table(path).to_pylist() if path.exists() else []
    return [(row["row"], row["field"], row["reason"]) for row in rows]


# Workbooks


def test_a_workbook_is_read_with_its_types(tmp_path):
    rows = [
        [*NAMES, "product_id", "channel"],
        [13085, "A1", MOMENT, 12.5, True, None],
        [13086.0, "A2", date(2024, 1, 6), -3, False, "web"],
        ["", "A3", MOMENT, 1, None, None],
    ]
    write_xlsx(tmp_path / "a.xlsx", {"Orders": rows})
    run(tmp_path, "a.xlsx")
    assert kept(tmp_path, *NAMES, "product_id", "channel") == [
        ("13085", "A1", MOMENT, Decimal("12.5"), "true", None),
        ("13086", "A2", datetime(2024, 1, 6), Decimal(-3), "false", "web"),
    ]
    assert refused(tmp_path) == [(4, "customer_id", "null_customer")]


def test_mixed_columns_cannot_be_misread(tmp_path):
    # 1.234 beside texts with decimal commas is no thousand, a date beside texts with the day first stays that day
    rows = [NAMES, [1, "A", datetime(2024, 5, 3), 1.234], ["002", "B", "04/05/2024", "2,50"], ["3", 7, "05/05/2024", 1]]
    write_xlsx(tmp_path / "a.xlsx", {"Orders": rows})
    run(tmp_path, "a.xlsx", source={"decimal": ",", "date_format": "%d/%m/%Y"})
    assert kept(tmp_path) == [
        ("002", "B", datetime(2024, 5, 4), Decimal("2.5")),
        ("1", "A", datetime(2024, 5, 3), Decimal("1.234")),
        ("3", "7", datetime(2024, 5, 5), Decimal(1)),
    ]


def test_empty_rows_and_columns_of_a_sheet(tmp_path):
    rows = [[None], [*NAMES, None, None], ["001", "A1", MOMENT, 12.5, None, None], [None] * 6, [" "], ["", None, ""]]
    write_xlsx(tmp_path / "a.xlsx", {"Orders": rows})
    report = run(tmp_path, "a.xlsx").tables["transactions"]
    assert kept(tmp_path) == [GOOD_ROW]
    assert (report.rows_in, report.rows_left_out, report.rows_refused) == (4, 3, 0)
    assert report.notes["empty_rows"] == 3


def test_row_numbers_of_a_sheet_that_starts_further_down(tmp_path):
    write_xlsx(
        tmp_path / "a.xlsx", {"Orders": [["Export"], NAMES, ["001", "A1", MOMENT, 1], ["002", "B", "x", 1]]}, first=5
    )
    run(tmp_path, "a.xlsx", source={"skip_rows": 5})
    assert refused(tmp_path) == [(8, "occurred_at", "not_a_time")]


def test_many_rows_keep_type_and_number(tmp_path, monkeypatch):
    from features.ingestion import workbook

    monkeypatch.setattr(workbook, "_CHUNK_ROWS", 7)
    rows = [[number, f"O{number}", MOMENT, number / 4] for number in range(2, 52)]
    write_xlsx(tmp_path / "a.xlsx", {"Orders": [NAMES, *rows, ["x", "O", MOMENT, "?"]]})
    run(tmp_path, "a.xlsx")
    assert len(kept(tmp_path)) == 50
    assert refused(tmp_path) == [(52, "amount", "not_a_number")]
    assert sum(row[3] for row in kept(tmp_path)) == Decimal(sum(range(2, 52))) / 4


TABLE = [NAMES, ["001", "A1", MOMENT, 12.5]]


def test_the_sheet_that_is_meant(tmp_path):
    write_xlsx(tmp_path / "a.xlsx", {"Notes": [["made by"], ["me"]], "Orders": TABLE, "Old": TABLE}, hidden=["Old"])
    run(tmp_path, "a.xlsx")
    assert kept(tmp_path) == [GOOD_ROW]
    write_xlsx(tmp_path / "a.xlsx", {"2023": TABLE, "2024": TABLE})
    with pytest.raises(DataError) as caught:
        run(tmp_path, "a.xlsx")
    assert str(caught.value) == (
        "a.xlsx has 2 sheets with a table (2023, 2024); name the one that is meant under data.transactions.sheet."
    )
    with pytest.raises(DataError, match=r"set data\.transactions\.sheet to one of: 2023, 2024"):
        run(tmp_path, "a.xlsx", source={"sheet": "2025"})
    run(tmp_path, "a.xlsx", source={"sheet": " 2024 "})
    assert kept(tmp_path) == [GOOD_ROW]


XLS = (
    "H4sIAAAAAAACA+1YTWgTQRT+ZpM0PzZpkiZCK4RQsGpND8WLCDWpVNtLahXEH4SYJnsotYlsE0EPWq05iSB4UrwU6sFL1Ys/6EFvHgoVPQiC0C"
    "h48SQoeGizvnm7K2lEaEAL1f2WefPmzZs3b2fmzczuq8XQ0uyDzioasBcO1HQvWupkgpLXKgRB9bouWSv3UNJtbCh4PTSRLS489S+45RzK+a5C"
    "wX3nC6LAB0oncQYjxYIaX0fsYx+yQvrQT1TgNkkC6GCvwkxzTNuZ3mPNZ0xTLLnGtJ90l8QJLCZHenabq/iY0sV1AUi7j7jNO5b0IYqXchVfvC"
    "4MXRcGtPHs6Q1WEXO2Yg40oUNqQdVkOYo7MmSPE3rT6d7Bwfjw8J50egkRmvI5fNPjwFcrtp/Hbfn6ygVI/n213P0buYemslF+Q3EC09BPcahU"
    "aGknnEY4H9Tyqja1TIHgorJMmyhyylOl4qSqZcbztGkXpQqxVFHM5cqapuYz2RLtBNnJYrlQosAY6PPJvZ/3iuCqvcLPMdRKNI825kMcSUFyc/"
    "nul9fpsdFkhiXTfD4Yp8hW6S50XJItqHGAaxSmsqaH+Z1ML7PVLcx3Mo3Qa1DePRo1mQMzrHOFa7upn12MN8ltdfx24iufDz2OVT4mdxA/P1Q9"
    "H5l/m5xFF51qeWovnxkkRELcuinxJGnlwtxx3jPt+GX38ShB03fdPCrbsAIfsyGmRkmOjvhZUsyxMkoOKjlMW6LB1gXFx7IQzi4Y+oJtybFy0O"
    "gJshPGEYI/9illaEt7V9vpJFfCeMhDm6o7y32wYcOGDRs2bNiw8T9CmPduh3nzdpn3erf5X2eFUs3+TfLP4jCK9JToc3I/CpRrONfU+tkMl7Bs"
    "iTW2sf4XShyl3jVMYIz9mGh6/dJ3mah/nzU3DP65EGq2/1ozfv7l/n8A5tmbeAAWAAA="
)
"""A BIFF workbook with one order: customer 13085, 2024-01-05 10:00, 12.5."""


def test_older_and_open_forms_of_workbooks(tmp_path):
    (tmp_path / "a.xls").write_bytes(gzip.decompress(base64.b64decode(XLS)))
    run(tmp_path, "a.xls")
    assert kept(tmp_path) == [("13085", "A1", MOMENT, Decimal("12.5"))]
    write_ods(tmp_path / "a.ods", [NAMES, ["001", "A1", "2024-01-05 10:00", 12.5]])
    run(tmp_path, "a.ods")
    assert kept(tmp_path) == [GOOD_ROW]


# Told by the bytes


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"PK\x03\x04 not a real workbook", "damaged_workbook", "not a readable workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nothing more", "damaged_workbook", "not a readable workbook"),
        (b"<html><body><table><tr><td>customer_id", "wrong_content", "web page"),
        (b"\xef\xbb\xbf\r\n<TABLE border=1><tr>", "wrong_content", "web page"),
        ("<html><table>".encode("utf-16"), "wrong_content", "web page"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "wrong_content",
            "2003",
        ),
        (b"SQLite format 3\x00" + bytes(100), "wrong_content", "SQLite"),
        (b"%PDF-1.7\n", "wrong_content", "PDF"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "wrong_content", "packed"),
        (b"PAR1\x15\x04\x15\x00", "damaged_parquet", "Parquet"),
        (b"\x00" * 8 + b"DUCK" + bytes(100), "bad_file", "DuckDB"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.dat"])
@pytest.mark.parametrize("options", [{}, {"format": "csv"}])
def test_wrong_content_is_named_whatever_the_name(tmp_path, content, code, words, name, options):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        run(tmp_path, name, source=options)
    assert caught.value.code == code
    assert not any(word in caught.value.remedy for word in ("format", "encoding", "delimiter"))


def test_a_workbook_by_any_name(tmp_path):
    for name in ("a.csv", "a.dat", "a.txt"):
        write_xlsx(tmp_path / name, {"Orders": TABLE})
        run(tmp_path, name, source={"format": "csv"} if name == "a.csv" else {})
        assert kept(tmp_path) == [GOOD_ROW]


def test_text_by_the_name_of_a_workbook(tmp_path):
    (tmp_path / "a.xls").write_text((HEAD + GOOD).replace(",", "\t"))
    report = run(tmp_path, "a.xls")
    assert kept(tmp_path) == [GOOD_ROW]
    assert report.tables["transactions"].notes == {"other_delimiter": 1}


@pytest.mark.parametrize("damage", ["cut", "flip", "password"])
def test_a_damaged_workbook(tmp_path, damage):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, {"Orders": [NAMES, *([["001", "A1", MOMENT, 12.5]] * 500)]})
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[len(content) // 2] ^= 255
    path.write_bytes(content)
    if damage == "password":
        # how programs write a protected workbook: an OLE file with an encrypted package
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(DataError, match="not a readable workbook") as caught:
        run(tmp_path, "a.xlsx")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not on this machine")
def test_the_case_of_a_workbook_that_is_none(tmp_path):
    for name in ("holdfast.yaml", "orders.xlsx"):
        (tmp_path / name).write_bytes((CASES / "spreadsheet_given" / name).read_bytes())
    with pytest.raises(DataError, match=r"orders\.xlsx is not a readable workbook"):
        ingest(load_settings(tmp_path / "holdfast.yaml"))


# JSON


def test_json_lines(tmp_path):
    lines = [
        {"customer_id": "001", "order_id": 7, "occurred_at": "2024-01-05 10:00:00", "amount": 12.5},
        {"occurred_at": "2024-01-06", "customer_id": 13085.0, "order_id": "B", "amount": "1", "channel": "web"},
        {"customer_id": None, "order_id": "C", "occurred_at": "2024-01-06", "amount": 2, "items": [{"sku": 1}]},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + '\n\n{"customer_id": \n[1]\n{"a":1,"a":2}\n'
    (tmp_path / "a.jsonl").write_text(text)
    run(tmp_path, "a.jsonl")
    assert kept(tmp_path, *NAMES, "channel") == [
        ("001", "7", MOMENT, Decimal("12.5"), None),
        ("13085", "B", datetime(2024, 1, 6), Decimal(1), "web"),
    ]
    assert refused(tmp_path) == [
        (3, "customer_id", "null_customer"),
        (5, "", "not_an_object"),
        (6, "", "not_an_object"),
        (7, "", "not_an_object"),
    ]
    with pytest.raises(DataError, match=r"the column 'items' of a\.jsonl is nested") as caught:
        run(tmp_path, "a.jsonl", source={"columns": {"product_id": "items"}})
    assert caught.value.code == "nested_column"


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a"])
def test_json_lines_by_any_name(tmp_path, name):
    row = {"note": "x" * 9000, **dict(zip(NAMES, ["001", "A1", "2024-01-05 10:00:00", "12.50"], strict=True))}
    (tmp_path / name).write_text(json.dumps(row))
    run(tmp_path, name)
    assert kept(tmp_path) == [GOOD_ROW]


def test_numbers_of_json_lose_nothing(tmp_path):
    (tmp_path / "a.ndjson").write_text(
        '{"customer_id": 9007199254740993, "order_id": "A", "occurred_at": "2024-01-05", "amount": 1.234}\n'
        '{"customer_id": 2, "order_id": true, "occurred_at": "2024-01-05", "amount": "3,5"}'
    )
    run(tmp_path, "a.ndjson", source={"decimal": ","})
    assert kept(tmp_path, "customer_id", "order_id", "amount") == [
        ("2", "true", Decimal("3.5")),
        ("9007199254740993", "A", Decimal("1.234")),
    ]


def test_an_array_of_objects_and_lists_of_texts(tmp_path):
    rows = [dict(zip(NAMES, ["001", "A1", "2024-01-05 10:00:00", 12.5], strict=True))]
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=2))
    run(tmp_path, "a.json")
    assert kept(tmp_path) == [GOOD_ROW]
    (tmp_path / "p.jsonl").write_text('{"product_id": "x", "category": ["home", "tea"]}\n{"product_id": "y"}\n')
    run(tmp_path, "a.json", products={"path": "p.jsonl"})
    products = pq.read_table(tmp_path / "work" / "canonical" / "products.parquet").to_pylist()
    assert [row["category"] for row in products] == [["home", "tea"], None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"orders": [\n1]}\n', "holds no JSON object"),
        ("[{,\n", "not JSON that can be read"),
        ("", "holds no JSON object"),
    ],
)
def test_json_of_another_shape(tmp_path, text, words):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=words):
        run(tmp_path, "a.json", source={"format": "jsonl"})


# Archives


def test_zip_and_gz_of_every_format(tmp_path):
    write_xlsx(tmp_path / "t.xlsx", {"Orders": TABLE})
    line = json.dumps(dict(zip(NAMES, ["001", "A1", "2024-01-05 10:00:00", 12.5], strict=True)))
    contents = {"a.csv": (HEAD + GOOD).encode(), "a.xlsx": (tmp_path / "t.xlsx").read_bytes(), "a.jsonl": line.encode()}
    for name, content in contents.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        run(tmp_path, f"{name}.gz")
        assert kept(tmp_path) == [GOOD_ROW]
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(f"export/{name}", content)
            archive.writestr("__MACOSX/export/._a.csv", b"\0\1")
            archive.writestr("README.md", b"# how to")
        run(tmp_path, "a.zip")
        assert kept(tmp_path) == [GOOD_ROW]
        assert not list((tmp_path / "work").rglob("unpacked-*"))


def test_several_files_in_an_archive_are_one_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("2023.csv", HEAD + GOOD)
        archive.writestr(
            "2024.csv", "amount,occurred_at,order_id,customer_id\n1,2024-02-01,B,002\nx,2024-02-01,B,002\n"
        )
    run(tmp_path, "a.zip")
    assert kept(tmp_path) == [GOOD_ROW, ("002", "B", datetime(2024, 2, 1), Decimal(1))]
    quarantine = pq.read_table(tmp_path / "work" / "quarantine" / "transactions.parquet").to_pylist()
    assert [(row["source_file"], row["row"]) for row in quarantine] == [("a.zip/2024.csv", 3)]


def test_an_archive_that_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 20)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((HEAD + GOOD).encode() + b"\n" * (5 << 20)))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", (HEAD + GOOD).encode() + b"\n" * (5 << 20))
    for name in ("a.csv.gz", "a.zip"):
        with pytest.raises(DataError, match="unpacks to more than") as caught:
            run(tmp_path, name)
        assert caught.value.code == "too_large"
    monkeypatch.setattr(packed, "WORKBOOK_FREE_BYTES", 1 << 20)
    write_xlsx(tmp_path / "a.xlsx", {"Orders": [NAMES, *[["x" * 5000, None, None, None]] * 1000]})
    with pytest.raises(DataError, match="unpacks to more than"):
        run(tmp_path, "a.xlsx")


def test_archives_that_cannot_be_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", HEAD + GOOD * 50)
    content = (tmp_path / "a.zip").read_bytes()
    place = content.index(b"PK\x01\x02")
    encrypted = bytearray(content)
    encrypted[6] |= 1
    encrypted[place + 8] |= 1
    for damaged, code in ((bytes(encrypted), "encrypted"), (content[:-30], "cut_off"), (content[:60], "cut_off")):
        (tmp_path / "a.zip").write_bytes(damaged)
        with pytest.raises(DataError) as caught:
            run(tmp_path, "a.zip")
        assert caught.value.code == code
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("README.md", "nothing")
    with pytest.raises(DataError, match="holds no file with a table"):
        run(tmp_path, "a.zip")


# Places


def test_subfolders_and_patterns(tmp_path):
    for place, customer in (("in/2023/a.csv", "1"), ("in/2024/q1/a.csv", "2"), ("in/2024/q1/~$a.csv", "3")):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(HEAD + f"{customer},O{customer},2024-01-05,1\n")
    for path, wanted in (
        ("in", "12"),
        ("in/**", "12"),
        ("in/**/*.csv", "12"),
        ("in/*/*.csv", "1"),
        ("in/2024/**", "2"),
    ):
        report = run(tmp_path, path)
        assert "".join(row[0] for row in kept(tmp_path)) == wanted
    assert [item.name for item in report.inputs] == ["q1/a.csv"]
    (tmp_path / "in" / "b.csv").write_text(HEAD + "9,O9,2024-01-05,1\n")
    report = run(tmp_path, "in")
    assert [row[0] for row in kept(tmp_path)] == ["9"]
    assert report.tables["transactions"].notes == {"beside": 2}


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(DataError):
        run(tmp_path, "loop.csv")
    (tmp_path / "real.csv").write_text(HEAD + GOOD)
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    for name, words in (("pipe.csv", "is a pipe"), ("gone.csv", "nowhere does not exist")):
        with pytest.raises(DataError, match=words) as caught:
            run(tmp_path, name)
        assert caught.value.code == "source_missing"
    run(tmp_path, "link.csv")
    assert kept(tmp_path) == [GOOD_ROW]


def test_what_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(HEAD + GOOD)
    real = Path.open

    def closed(self, *args, **options):
        if self.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(DataError, match=r"a\.csv cannot be read \(Permission denied\)"):
        run(tmp_path)


def test_every_file_of_every_table_that_is_wrong_is_told(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "in" / "b.csv").write_text("client,order_id,date,amount\n" + GOOD)
    (tmp_path / "in" / "c.csv").write_text(HEAD + "1,A,2024-01-01,1\n1,A,20")
    (tmp_path / "p.csv").write_text("")
    with pytest.raises(InputError) as caught:
        run(tmp_path, "in", products={"path": "p.csv"}, source={"columns": {"amount": "total"}})
    assert [(error.code, error.place.get("file"), error.place.get("field")) for error in caught.value.all()] == [
        ("wrong_content", "a.csv", None),
        ("missing_column", "b.csv", "amount"),
        ("missing_column", "b.csv", "customer_id"),
        ("missing_column", "b.csv", "occurred_at"),
        ("cut_off", "c.csv", None),
        ("empty_source", "p.csv", None),
    ]
    assert [item["code"] for item in caught.value.as_dict()["further"]][-1] == "empty_source"
