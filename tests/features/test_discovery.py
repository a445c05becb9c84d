"""How files, columns and values are recognised: each rule on its own, on the smallest input that shows it."""

from __future__ import annotations

import codecs
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from configs.errors import DataError
from configs.settings import Settings
from features.connection import connect
from features.discovery import look_at, looking, propose, settings_text
from features.discovery.dates import ISO, Dates, read_dates
from features.discovery.found import Comment, words
from features.discovery.number_forms import read_numbers
from features.discovery.structure import text_form
from features.discovery.words import fit, known, layout_of, plain
from features.tables import TABLES
from tests.features.layouts import csv_bytes, made_orders

TODAY = datetime(2025, 6, 1)


@pytest.fixture
def connection() -> Iterator[Any]:
    opened = connect(keep_order=True)
    yield opened
    opened.close()


def dates(connection: Any, values: Sequence[str]) -> Dates | None:
    connection.register("given", pa.table({"c0": list(values)}))
    connection.execute("CREATE OR REPLACE TABLE t AS SELECT * FROM given")
    connection.unregister("given")
    return read_dates(connection, "t", "c0", list(values), TODAY)


def days(form: str, count: int = 300, step: int = 29) -> list[str]:
    """Times spread over years, in a shuffled order."""
    start = datetime(2023, 1, 2, 9, 5, 7)
    values = [(start + timedelta(hours=step * place)).strftime(form) for place in range(count)]
    random.Random(1).shuffle(values)
    return values


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("%Y-%m-%d", ISO),
        ("%Y/%m/%d %H:%M", ISO),
        ("%Y-%m-%dT%H:%M:%S+08:00", ISO),
        ("%Y%m%d", "%Y%m%d"),
        ("%Y%m%d%H%M%S", "%Y%m%d%H%M%S"),
        ("%Y年%m月%d日", "%Y年%m月%d日"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M"),
        ("%d/%m/%y", "%d/%m/%y"),
        ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M %p"),
        ("%b %d, %Y", "%b %d, %Y"),
        ("%d-%b-%Y", "%d-%b-%Y"),
        ("%Y-%m-%d %H:%M:%S -0500", "%Y-%m-%d %H:%M:%S %z"),
        ("%Y年%m月%d日 下午%I:%M", ISO),
    ],
)
def test_forms_of_times(connection: Any, form: str, found: str) -> None:
    read = dates(connection, days(form))
    assert read is not None and read.forms == (found,) and not read.other and read.share == 1


@pytest.mark.parametrize("values", [["12.50", "3.20"], ["hello", "you"], ["+49 30 1234", "030-22"], ["1-2", "3-4"]])
def test_what_is_no_time(connection: Any, values: list[str]) -> None:
    assert dates(connection, values) is None


def test_one_value_decides_between_day_and_month(connection: Any) -> None:
    few = ["03/04/2024", "05/06/2024", "07/08/2024"] * 4
    undecided = dates(connection, few)
    assert undecided is not None and undecided.open and undecided.forms == ("%d/%m/%Y",)
    assert undecided.other == ("%m/%d/%Y",) and undecided.example in few
    for value, form in (("25/06/2024", "%d/%m/%Y"), ("06/25/2024", "%m/%d/%Y")):
        read = dates(connection, [*few, value])
        assert read is not None and read.forms == (form,) and read.why == "values"


def test_a_reading_that_leads_into_the_future_is_not_taken(connection: Any) -> None:
    read = dates(connection, ["03/04/2024", "01/12/2025", "02/05/2025"])
    assert read is not None and (read.forms, read.why) == (("%m/%d/%Y",), "future")
    assert read.other == ("%d/%m/%Y",)


def test_rows_in_the_order_of_time_decide_with_a_word(connection: Any) -> None:
    values = [f"{month:02d}/{day:02d}/2024" for month in range(1, 13) for day in (1, 5, 9, 12)]
    read = dates(connection, values)
    assert read is not None and (read.forms, read.why) == (("%m/%d/%Y",), "order")


def test_mixed_forms_are_named_together(connection: Any) -> None:
    read = dates(connection, days("%Y-%m-%d", 40) + days("%d.%m.%Y", 30))
    assert read is not None and read.forms == ("%Y-%m-%d", "%d.%m.%Y") and not read.other


@pytest.mark.parametrize(
    ("values", "point", "comma", "either", "sign"),
    [
        (["1,234.50", "3.20"], 2, 0, 0, None),
        (["1.234,50", "3,2"], 0, 2, 0, None),
        (["1,234", "2,500"], 0, 0, 2, None),
        (["¥1,234.00", "¥20"], 1, 0, 0, "¥"),
        (["12,50 €"], 0, 1, 0, "€"),
        (["12.50 CNY"], 1, 0, 0, "CNY"),
        (["(12.50)", "12.50-", "−12.50"], 3, 0, 0, None),
    ],
)
def test_marks_and_signs_of_numbers(values: list[str], point: int, comma: int, either: int, sign: str | None) -> None:
    found = read_numbers(values)
    assert found.is_number and (found.point, found.comma, found.either) == (point, comma, either)
    assert (found.signs or {}).keys() == ({sign} if sign else set())


def test_what_is_no_number() -> None:
    assert not read_numbers(["A12", "12-34-56", "x"]).is_number


CHINESE = "订单号,下单时间,买家,金额\n" + "".join(f"{n},2024-01-0{1 + n % 9},张三李四,{n}.5\n" for n in range(40))
WESTERN = "Straße;Größe;Café\n" + "Müller;12,50;Señor\n" * 30


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (CHINESE.encode(), "utf-8", {}),
        (codecs.BOM_UTF8 + CHINESE.encode(), "utf-8", {}),
        (CHINESE.encode("gb18030"), "gb18030", {"encoding": "gb18030"}),
        (CHINESE.encode("utf-16"), "utf-8", {}),
        (CHINESE.encode("utf-16-le"), "utf-16-le", {"encoding": "utf-16-le"}),
        ("訂單編號,會員,金額\n".encode("big5") + "一,王小明,3\n".encode("big5") * 20, "big5", {"encoding": "big5"}),
        (WESTERN.encode("cp1252"), "cp1252", {"encoding": "cp1252", "delimiter": ";"}),
        (b"a\tb\n1\t2\n3\t4\n", "utf-8", {"delimiter": "tab"}),
        (b'a|b\n"x|y"|2\n3|4\n', "utf-8", {"delimiter": "|"}),
        (b" 1 20240105 3\n 2 20240106 4\n", "utf-8", {"delimiter": "whitespace", "header": False}),
        (b"1,2024-01-05,3\n2,2024-01-06,4\n", "utf-8", {"header": False}),
        (b"Sales of May\n\nid,day,sum\n1,2024-05-01,3\n2,2024-05-02,4\n", "utf-8", {"skip_rows": 2}),
        (b"Sales,,\nid,day,sum\n1,2024-05-01,3\n2,2024-05-02,4\n", "utf-8", {"skip_rows": 1}),
        (b"a,b\n1,2\n3,4", "utf-8", {"last_line_complete": True}),
    ],
)  # fmt: skip
def test_form_of_a_text(content: bytes, encoding: str, expected: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    found = text_form(tmp_path / "a.csv", "a.csv")
    assert found.encoding == encoding and found.settings() == expected


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\n", b"only words\nand no table\nin here\n", bytes(range(256)) * 9])
def test_what_is_no_table(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.csv is (empty|not a table|a PDF document|packed)"):
        text_form(tmp_path / "a.csv", "a.csv")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("CustomerID", "customer_id"), ("household_id", "customer_id"), ("Kunden-Nr.", "customer_id"),
        ("Código de cliente", "customer_id"), ("买家会员名", "customer_id"), ("InvoiceNo", "order_id"),
        ("N° commande", "order_id"), ("订单编号", "order_id"), ("order_purchase_timestamp", "occurred_at"),
        ("Fecha de compra", "occurred_at"), ("下单时间", "occurred_at"), ("sales_value", "amount"),
        ("Betrag (EUR)", "amount"), ("实付金额（元）", "amount"), ("Stückzahl", "quantity"),
        ("UnitPrice", "unit_price"),
        ("StockCode", "product_id"), ("Artikelnummer", "product_id"), ("性别", "gender"), ("Geschlecht", "gender"),
        ("Hobbies", "interests"), ("兴趣爱好", "interests"), ("可用积分", "points_balance"),
        ("loyalty_points", "points_balance"),
        ("积分到期日", "points_expire_on"), ("推荐人编号", "referred_by"), ("referrer_id", "referred_by"),
    ],
)  # fmt: skip
def test_names_are_known_in_several_languages(name: str, role: str) -> None:
    fits = {other: fit(name, other) for other in known()["words"]}
    assert fits[role] > 0.7 and fits[role] == max(fits.values()), sorted(fits.items(), key=lambda item: -item[1])[:3]


@pytest.mark.parametrize(
    ("name", "role"),
    [("shipping_total", "amount"), ("customer type", "customer_id"), ("订单状态", "order_id"),
     ("updated at", "occurred_at"),
     ("Refunded Amount", "amount"), ("discount code", "discount"), ("marital status", "status")],
)  # fmt: skip
def test_words_that_make_a_name_something_else(name: str, role: str) -> None:
    assert fit(name, role) < 0.3


def test_layouts_name_columns_of_the_contract_and_texts_are_in_both_languages() -> None:
    texts = yaml.safe_load((Path(__file__).parents[2] / "configs" / "texts" / "init.yaml").read_text(encoding="utf-8"))
    for key, said in texts.items():
        assert said.keys() == {"en", "zh"}, key
        places = [sorted(part.split("}")[0] for part in said[lang].split("{")[1:]) for lang in ("en", "zh")]
        assert places[0] == places[1], key
        assert words(key, "zh") == said["zh"]
    for layout in known()["layouts"]:
        assert set(layout["columns"]) <= {*TABLES[layout["table"]].by_name, "status"}
        found = layout_of(layout["needs"])
        assert found is not None and found.name == layout["name"]
    assert plain("Email (Billing)") == "email"


def proposal(folder: Path, **files: bytes) -> dict[str, Any]:
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content)
    with looking(1) as look:
        seen, _ = look_at([folder / f"{name}.csv" for name in files], look, TODAY)
        found = propose(seen, folder, {})
    text = settings_text(found, "en", files="files")
    raw: dict[str, Any] = yaml.safe_load(text)
    Settings(**raw, root=folder)
    return raw["data"]


def rows(count: int = 60) -> list[list[Any]]:
    return [[f"c{place % 9}", place, f"2024-01-{1 + place % 28:02d}", f"{place}.50"] for place in range(count)]


NAMES = ["customer", "order", "date", "amount"]


def test_an_empty_line_or_a_line_of_nothing_is_no_row(tmp_path: Path) -> None:
    blank = [["", "", "", ""] for _ in range(300)]
    found = proposal(tmp_path, o=csv_bytes(NAMES, rows() + blank))
    assert "max_null_customer_share" not in found


def test_states_of_orders_are_left_out_unless_their_lines_are_negative(tmp_path: Path) -> None:
    given = [[*row, "refunded" if place % 5 == 0 else "paid"] for place, row in enumerate(rows())]
    found = proposal(tmp_path, o=csv_bytes([*NAMES, "status"], given))
    assert found["transactions"]["drop_where"] == {"status": ["refunded"]}
    negative = [[*row[:3], f"-{row[3]}" if row[4] == "refunded" else row[3], row[4]] for row in given]
    found = proposal(tmp_path, o=csv_bytes([*NAMES, "status"], negative))
    assert "drop_where" not in found["transactions"]


def test_a_letter_before_the_numbers_of_returns(tmp_path: Path) -> None:
    given = [[r[0], f"R{r[1]}" if r[1] % 6 == 0 else r[1], r[2], f"-{r[3]}" if r[1] % 6 == 0 else r[3]] for r in rows()]
    assert proposal(tmp_path, o=csv_bytes(NAMES, given))["returns"] == {"order_prefix": "R"}
    positive = [[*row[:3], row[3].lstrip("-")] for row in given]
    assert "returns" not in proposal(tmp_path, o=csv_bytes(NAMES, positive))


def test_columns_that_have_our_name_by_chance_are_kept_out(tmp_path: Path) -> None:
    """A column `discount` that is the whole order's would be subtracted from every line by its name."""
    lines = [
        [o["customer"], o["number"], o["moment"], i["product"], i["quantity"], i["price"],
         len(o["items"]) * 7 + o["number"] % 5]
        for o in made_orders()
        for i in o["items"]
    ]  # fmt: skip
    names = ["customer", "order", "date", "sku", "quantity", "price", "discount"]
    found = proposal(tmp_path, o=csv_bytes(names, lines))
    assert found["transactions"]["columns"]["discount"] == ""


def test_a_total_on_every_line_is_told_from_prices_that_are_equal_by_chance(tmp_path: Path) -> None:
    names = ["customer", "order", "date", "sku", "amount"]
    lines = [
        [o["customer"], o["number"], o["moment"], i["product"], 5 + o["number"]]
        for o in made_orders()
        for i in o["items"]
    ]
    assert "query" in proposal(tmp_path, o=csv_bytes(names, lines))["transactions"]
    single = [[*line[:4], "9.90"] for line in lines]
    assert "query" not in proposal(tmp_path, o=csv_bytes(names, single))["transactions"]
    twice = [[*line[:3], "P1", line[4]] for line in lines[::3]] * 2
    assert "query" not in proposal(tmp_path, o=csv_bytes(names, twice))["transactions"]


def test_signs_that_are_turned_round_are_told(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_bytes(csv_bytes(NAMES, [[*row[:3], f"-{row[3]}"] for row in rows()]))
    with looking(1) as look:
        seen, _ = look_at([tmp_path / "o.csv"], look, TODAY)
        found = propose(seen, tmp_path, {})
    assert any(comment.key == "signs_turned" for _, comment in found.loud())


def test_markers_of_missing_values_are_named(tmp_path: Path) -> None:
    given = [[*row, "\\N" if place % 4 == 0 else "web"] for place, row in enumerate(rows())]
    found = proposal(tmp_path, o=csv_bytes([*NAMES, "channel"], given))
    assert found["transactions"]["null_values"] == ["\\N"]


def test_a_sign_of_several_currencies_is_asked(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_bytes(csv_bytes(NAMES, [[*row[:3], f"${row[3]}"] for row in rows()]))
    with looking(1) as look:
        seen, _ = look_at([tmp_path / "o.csv"], look, TODAY)
        asked = propose(seen, tmp_path, {})
        answered = propose(seen, tmp_path, {"currency": "cad", "timezone": "America/Toronto"})
    assert asked.raw["data"]["currency"] == "USD" and "currency" in [question.key for question in asked.questions]
    assert answered.raw["data"]["currency"] == "CAD" and answered.questions == []
    assert answered.raw["data"]["timezone"] == "America/Toronto"


def test_a_comment_is_told_in_both_languages() -> None:
    comment = Comment("option_dates", {"value": "1/2/24", "reading": "2024-02-01", "order": Comment("day_first")})
    assert comment.text("en") == "“1/2/24” is 2024-02-01 (day before month)"
    assert comment.text("zh") == "“1/2/24”是 2024-02-01（日在前、月在后）"


def test_what_a_members_file_says_of_people_is_found_under_its_chinese_names(tmp_path: Path) -> None:
    members = ["会员编号,姓名,性别,生日,兴趣爱好,可用积分,积分到期日,推荐人编号"]
    members += [
        f"c{place},王{place},{'女' if place % 2 else '男'},1990-05-{place + 1:02d},茶叶、园艺,{place * 130},2024-12-31,"
        + (f"c{place - 1}" if place % 5 == 1 else "")
        for place in range(20)
    ]
    orders = "customer_id,order_id,date,amount\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows())
    found = proposal(tmp_path, orders=orders.encode(), 会员=("\n".join(members) + "\n").encode())
    assert found["customers"]["columns"] == {
        "customer_id": "会员编号",
        "name": "姓名",
        "birthday": "生日",
        "gender": "性别",
        "interests": "兴趣爱好",
        "points_balance": "可用积分",
        "points_expire_on": "积分到期日",
        "referred_by": "推荐人编号",
    }
