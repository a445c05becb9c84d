"""What the customers table says of people: gender, interests, points and who brought whom; and searches."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from configs.settings import Settings
from features.catalog import CATALOGUE
from features.ingestion import ingest
from features.ingestion.report import DataReport

ORDERS = "customer_id,order_id,occurred_at,amount\n" + "".join(
    f"C{place},{place},2024-03-{1 + place:02d},10\n" for place in range(9)
)
PERSONAL = ("gender", "interests", "birthday", "points_balance", "points_expire_on", "referred_by")


def run(folder: Path, **tables: str) -> DataReport:
    data: dict[str, Any] = {"max_refused_share": 1.0}
    for name, text in {"transactions": ORDERS, **tables}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        data[name] = {"path": f"{name}.csv"}
    return ingest(Settings(data=data, workdir=folder / "work", root=folder))


def column(folder: Path, name: str, table: str = "customers") -> list[Any]:
    return pq.read_table(folder / "work" / "canonical" / f"{table}.parquet")[name].to_pylist()


def test_genders_are_read_where_the_word_is_clear_and_never_refuse_a_customer(tmp_path: Path) -> None:
    said = ["女", "男", " F ", "Male", "先生", "其他", "保密", "1", "purple"]
    rows = "".join(f"C{place},{word}\n" for place, word in enumerate(said))
    report = run(tmp_path, customers="customer_id,gender\n" + rows)
    wanted = ["female", "male", "female", "male", "male", "other", None, None, None]
    assert column(tmp_path, "gender") == wanted
    assert report.tables["customers"].notes["word_unread"] == 2
    assert report.tables["customers"].rows_kept == len(said)


def test_interests_points_and_who_referred_whom(tmp_path: Path) -> None:
    run(
        tmp_path,
        customers=(
            "customer_id,interests,points_balance,points_expire_on,referred_by\n"
            'C0,"tea, pottery",1200,2024-12-31,\nC1,茶叶、园艺,,,OLD\nC2,,0,,C1\n'
        ),
        aliases="alias_id,customer_id\nOLD,C0\n",
    )
    assert column(tmp_path, "interests") == [["tea", "pottery"], ["茶叶", "园艺"], None]
    assert column(tmp_path, "points_balance") == [1200.0, None, 0.0]
    assert column(tmp_path, "points_expire_on") == [date(2024, 12, 31), None, None]
    assert column(tmp_path, "referred_by") == [None, "C0", "C1"]  # an alias is the customer


def test_birthdays_that_cannot_be_are_told(tmp_path: Path) -> None:
    report = run(
        tmp_path, customers="customer_id,birthday\nC0,1980-05-03\nC1,2031-01-01\nC2,1900-01-01\nC3,1904-01-01\n"
    )
    (found,) = [finding for finding in report.findings if finding.code == "impossible_birthdays"]
    assert (found.severity, found.figures["birthdays"], found.figures["given"]) == ("warning", 2, 4)


def test_searches_carry_what_was_sought(tmp_path: Path) -> None:
    run(
        tmp_path,
        interactions=(
            "customer_id,occurred_at,kind,product_id,category,text\n"
            "C0,2024-03-02,search,,,green tea\nC0,2024-03-02,browse,P1,Tea,\n"
        ),
    )
    assert sorted(column(tmp_path, "kind", "interactions")) == ["browse", "search"]
    assert {*column(tmp_path, "text", "interactions")} == {"green tea", None}
    assert {*column(tmp_path, "product_id", "interactions")} == {"P1", None}


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_attributes_are_no_features(name: str) -> None:
    assert name not in CATALOGUE and "age" not in CATALOGUE and "referrals" not in CATALOGUE
    assert [one.name for one in CATALOGUE.values() if f"customers.{name}" in one.needs] == []
