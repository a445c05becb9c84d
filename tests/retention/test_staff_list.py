"""The list that people work with: what stands in it, who may be reached how, and the workbook around it."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import python_calamine

from configs.catalogue import Lang, pairs
from configs.settings import DataSettings, Settings, SourceSettings
from retention.contacts.list_workbook import write_workbook
from retention.contacts.staff_list import COLUMNS, FILLED_IN, by_sheet, headers, script, staff_list
from retention.strategies.catalogue import load_catalogue

SETTINGS = Settings(
    data=DataSettings(transactions=SourceSettings(path=Path("o.parquet")), currency="CNY", timezone="Asia/Shanghai")
)
IDS = ["A", "B", "C", "D"]
CONSENT = ["yes", "email", "no", "no"]


def table(language: Lang = "en", **profile: Any) -> pd.DataFrame:
    """Four customers: the last has a complaint, the others are reached by marketing."""
    rows = pd.DataFrame(
        {
            "customer_id": IDS,
            "due": pd.Timestamp("2024-07-01"),
            "owner": ["Ann", "Ann", None, "Bob/Co: [1]"],
            "strategy": ["regular_contact", "regular_contact", "regular_contact", "complaint_follow_up"],
            "channel": ["phone", "email", "none", "phone"],
        }
    )
    scores = pd.DataFrame(
        {
            "customer_id": IDS,
            "as_of": pd.Timestamp("2024-06-30T16:00", tz="UTC"),
            "stage": ["repeat", "lost", "repeat", "lost"],
            "summary_en": "Silent 51 days.",
            "summary_zh": "沉默51天。",
        }
    )
    people = pd.DataFrame(
        {"customer_id": IDS, "name": ["王芳", None, "Lee", "Kim"], "consent": CONSENT, "phone": "+86 100 0000 0001"}
    ).assign(email=[f"{name}@example.com" for name in IDS], **profile)
    orders = pd.DataFrame(
        {
            "customer_id": ["A", "A", "B"],
            "occurred_at": pd.to_datetime(["2024-05-31T17:00", "2024-05-01T00:00", "2024-01-01T00:00"]),
            "amount": [1234.5, 80.0, None],
            "items": [["tea", "cups", "pot", "tray", "box"], None, ["tea"]],
        }
    )
    complaints = pd.DataFrame(
        {
            "customer_id": ["D", "D"],
            "occurred_at": pd.to_datetime(["2024-06-18T16:30", "2024-06-01T00:00"]),
            "topic": ["logistics", None],
            "text": ["It came\n  late.", None],
        }
    )
    return staff_list(rows, scores, people, orders, complaints, load_catalogue(), SETTINGS, language)


def test_everything_for_the_call_is_there_in_days_of_the_business() -> None:
    first, second, _, last = table().to_dict("records")
    assert first["orders"] == "1 Jun 2024: CN¥1,234 (tea, cups, pot and 2 more)\n1 May 2024: CN¥80.00"
    assert second["orders"] == "1 Jan 2024: tea"
    told = "19 Jun 2024, delivery, open for 11 days: It came late.\n1 Jun 2024, other matters, open for 29 days"
    assert last["complaint"] == told and pd.isna(first["complaint"])
    assert first["summary"] == "Silent 51 days." and first["strategy"] == "Regular contact"
    assert first["script"].startswith("Hello 王芳, I would like to hear") and second["script"].startswith(
        "Hello, it is"
    )
    assert last["script"].startswith("Hello Kim, I am sorry")


def test_the_list_is_written_in_chinese() -> None:
    first, _, _, last = table("zh").to_dict("records")
    assert first["orders"].split("\n")[0] == "2024年6月1日：¥1,234（tea、cups、pot等5种）"
    assert last["complaint"].split("\n")[0] == "2024年6月19日，物流，已11天未解决：It came late."
    assert first["summary"] == "沉默51天。" and first["channel"] == "电话"
    assert first["script"] == "王芳，您好！想了解一下您最近的情况，看看接下来有什么需要。"


def test_nobody_is_reached_in_a_way_they_did_not_agree_to() -> None:
    found = table()
    assert found["phone"].notna().tolist() == [True, False, False, True]  # the answer to a complaint is no marketing
    assert found["email"].notna().tolist() == [True, True, False, True]
    assert found["script"].notna().tolist() == [True, True, False, True]  # nothing is said where nobody is spoken to
    assert table(phone=" ")["phone"].isna().all()


def test_every_kind_of_strategy_has_its_first_words() -> None:
    kinds = {item.kind for item in load_catalogue().strategies} - {"reach"}
    assert kinds <= set(pairs("worklist", "scripts"))
    assert script("a_kind_to_come", "repeat", None, "en") == script("contact", "repeat", None, "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_workbook_has_a_sheet_per_owner_and_offers_the_outcomes(tmp_path: Path, language: Lang) -> None:
    path, again = tmp_path / "list.xlsx", tmp_path / "again.xlsx"
    found = table(language)
    found.loc[0, "name"] = "=1+1"
    for file in (path, again):
        write_workbook(found, file, language, made=datetime(2024, 7, 1))
    assert path.read_bytes() == again.read_bytes()
    book = python_calamine.CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["Ann", "Bob_Co_ _1_", {"en": "No owner", "zh": "未分配"}[language]]
    head, first, _ = book.get_sheet_by_name("Ann").to_python()
    assert head == headers(language)
    assert first[0] == date(2024, 7, 1) and first[3] == "=1+1"
    assert not any(first[COLUMNS.index(name)] for name in FILLED_IN)
    with zipfile.ZipFile(path) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    words = ",".join(pair[language == "zh"] for pair in pairs("worklist", "outcomes").values())
    # a comma inside a word would make two of it
    assert len(pairs("worklist", "outcomes")) == words.count(",") + 1 and f"&quot;{words}&quot;" in sheet.replace(
        '"', "&quot;"
    )
    assert sheet.count("<dataValidation ") == 3 and "<autoFilter" in sheet and 'state="frozen"' in sheet
    assert "<f>" not in sheet and "<hyperlink" not in sheet


def test_sheets_have_names_that_a_workbook_takes() -> None:
    owners = ["a" * 40, "A" * 40, "History", "'x'", None]
    sheets = [name for name, _ in by_sheet(pd.DataFrame({"owner": owners}), "en")]
    assert len({name.casefold() for name in sheets}) == 5 and all(0 < len(name) <= 31 for name in sheets)
    assert "history" not in {name.casefold() for name in sheets}
    assert [name for name, _ in by_sheet(pd.DataFrame({"owner": [None]}), "zh")] == ["工作清单"]
