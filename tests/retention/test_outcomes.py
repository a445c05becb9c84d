"""A list that comes back: what is read from it, what is kept of it, and what follows from it."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from configs.errors import DataError
from configs.settings import DataSettings, Settings, SourceSettings
from features.ingestion.filled_in import Sheet, read_filled_in
from pipelines.event_file import EventFile
from retention.contacts.events import Event, latest, news, recorded_treatments
from retention.contacts.outcomes import read_outcomes
from retention.contacts.staff_list import COLUMNS, headers

TODAY = date(2024, 7, 5)


def rows(*given: dict[str, str], language: Any = "en") -> Sheet:
    """A sheet with whole rows; what is not given is as the list had it."""
    usual = {"day": "2024-07-01 00:00:00", "customer": "A1", "code": "regular_contact", "outcome": "Reached"}
    names = dict(zip(COLUMNS, headers(language), strict=True))
    told = tuple(
        (number, {names[key]: value for key, value in {**usual, **row}.items()}) for number, row in enumerate(given, 2)
    )
    return Sheet("list.xlsx, Ann", tuple(names.values()), told)


def read(*sheets: Sheet, known: set[str] | None = None) -> list[Event]:
    return read_outcomes(
        sheets,
        file="list.xlsx",
        strategies=["regular_contact", "complaint_follow_up"],
        known=lambda ids: set(ids) if known is None else known,
        today=TODAY,
    )


def test_a_row_tells_who_was_contacted_when_and_what_came_of_it() -> None:
    told = {"customer": "A2", "outcome": "拒绝", "reason": "换了别家", "done": "2024/7/3", "note": "call in May"}
    found = read(rows({}, {"outcome": ""}), Sheet("notes", ("a", "b"), ()), rows(told, language="zh"))
    assert [(event.event_id, event.day) for event in found] == [
        ("2024-07-01/A1/regular_contact", date(2024, 7, 1)),
        ("2024-07-01/A2/regular_contact", date(2024, 7, 3)),
    ]
    assert found[0].facts == {"strategy": "regular_contact", "outcome": "reached"}
    assert found[1].facts["outcome"] == "refused" and found[1].facts["reason"] == "elsewhere"
    assert found[1].facts["note"] == "call in May"
    assert read(rows({}, {})) == read(rows({}))  # the same thing twice


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"outcome": "maybe"}, "list.xlsx, Ann, 3: the outcome 'maybe' is not known; write one of"),
        ({"outcome": "", "reason": "Price"}, "something is noted of customer 'A1', but the outcome is empty"),
        ({"reason": "weather"}, "the reason 'weather' is not known; write one of"),
        ({"code": "magic"}, "no strategy has the code 'magic'; leave the last column as the list had it"),
        ({"done": "soon"}, "'soon' is not a day; write it like 2024-07-01"),
        ({"done": "2024-07-06"}, "the contact of 2024-07-06 has not happened yet"),
        ({"outcome": "Refused"}, "another outcome for customer 'A1' than in list.xlsx, Ann, 2; leave one of the two"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(row: dict[str, str], said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(rows({}, row))
    assert said in str(caught.value)


def test_everything_wrong_is_told_at_once_and_unknown_customers_too() -> None:
    with pytest.raises(DataError) as caught:
        read(rows({"outcome": "x"}, {"customer": "Z9"}, {"customer": "A1"}), known={"A1"})
    assert [one.id for one in caught.value.all()] == ["outcome_unknown", "outcome_customer_unknown"]
    assert "list.xlsx, Ann, 3: no customer has the number 'Z9'" in caught.value.all()[1].message
    with pytest.raises(DataError, match=r"list\.xlsx is no work list"):
        read(Sheet("list.xlsx, x", ("Day", "Customer no."), ()))


# ------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_as_spreadsheets_save_it(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows(
        [["客户编号", "备注"], ["", ""], ["'=A1", "等我们\n回电"], ["0012", "客户说下周再联系，先不要打电话"]]
    )
    path = tmp_path / "list.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    (sheet,) = read_filled_in(path)
    assert sheet.columns == ("客户编号", "备注")
    assert [cells["客户编号"] for _, cells in sheet.rows] == ["=A1", "0012"]
    assert sheet.rows[0][1]["备注"] == "等我们\n回电" and sheet.rows[1][0] == 5


def test_every_sheet_of_a_workbook_is_read_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("Ann", "Bob", "empty"):
            sheet = book.add_worksheet(name)
            if name != "empty":
                sheet.write_row(1, 0, ["Day", "Customer no."])
                sheet.write_datetime(
                    2, 0, pd.Timestamp("2024-07-01").to_pydatetime(), book.add_format({"num_format": "d"})
                )
                sheet.write(2, 1, 17850)
    found = read_filled_in(path)
    assert [sheet.label for sheet in found] == ["list.xlsx, Ann", "list.xlsx, Bob"]
    assert found[0].rows == ((3, {"Day": "2024-07-01 00:00:00", "Customer no.": "17850"}),)
    table = tmp_path / "list.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(table)
    with pytest.raises(DataError, match="is neither a workbook nor CSV"):
        read_filled_in(table)
    with pytest.raises(DataError):
        read_filled_in(tmp_path / "missing.xlsx")


# ------------------------------------------------------------------------------------------------- what is kept


def event(outcome: str, customer: str = "A1", **more: Any) -> Event:
    facts = {"strategy": "regular_contact", "outcome": outcome}
    return Event("worklist", f"2024-07-01/{customer}/regular_contact", "outcome", customer, TODAY, facts, **more)


def test_events_are_only_ever_added(tmp_path: Path) -> None:
    source = SourceSettings(path=Path("o.parquet"))
    zone = DataSettings(transactions=source, timezone="Asia/Shanghai")
    log = EventFile(Settings(data=zone, workdir=tmp_path / "work"))
    assert log.read() == []
    log.append([])
    assert not log.treatments.exists()
    first, alarm = event("reached"), event("false_alarm", "A2")
    left = Event("worklist", "2024-07-01/B/regular_contact", "left_alone", "B", TODAY, {"strategy": "regular_contact"})
    log.append(news(log.read(), [first, alarm, left]))
    log.append(news(log.read(), [first, alarm]))
    log.append([first])  # a key that is there is not added again, whoever asks
    assert log.read() == [first, alarm, left]
    corrected = event("accepted", revision=1)
    log.append(news(log.read(), [event("accepted")]))
    assert log.read() == [first, alarm, left, corrected] and latest(log.read()) == [corrected, alarm, left]
    kept = pd.read_parquet(log.treatments)
    assert kept[["customer_id", "arm", "outcome"]].astype(object).where(kept.notna(), None).to_numpy().tolist() == [
        ["A1", "treated", "accepted"],
        ["B", "held_out", None],
    ]
    assert set(kept["treated_at"]) == {pd.Timestamp("2024-07-04T16:00")}  # the day begins in Shanghai
    assert {oct(path.stat().st_mode & 0o777) for path in log.path.parent.iterdir()} == {"0o600"}
    log.path.write_text(log.path.read_text().replace("accepted", "refused"))
    with pytest.raises(DataError, match="is not what was written; restore it from a copy"):
        log.read()


def test_nothing_recorded_is_an_empty_table() -> None:
    assert recorded_treatments([], "UTC").empty
