"""`holdfast init --yes` and the ingest over the zoo of odd files: no hand edit where the zoo reads a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from configs.errors import HoldfastError
from configs.settings import load_settings
from features.ingestion import ingest
from pipelines.cli import app
from tests.features.test_ingestion_layout import GOOD_ROW, test_read_without_being_asked
from tests.features.test_ingestion_zoo import HEAD, READ, Case

COLUMNS = ("customer_id", "order_id", "occurred_at", "amount")
ASKED = {
    "no header": "a line alone does not show whether it is the header",
    "null by another name": "one row of two is nobody's, more than the settings allow",
    "left out by setting": "which customers are tests is the owner's to say",
    "columns that differ in case only": "which of two amounts is meant is the owner's to say",
    "given format": "one date does not show whether the day or the month comes first",
}
"""What no file tells: the zoo reads these by a setting."""
LAYOUTS = [mark for mark in test_read_without_being_asked.pytestmark if mark.args[0] == ("content", "note")]
CASES = [*READ, *(Case(repr(content)[:60], content) for content, _ in LAYOUTS[0].args[1])]


def through_init(folder: Path, name: str, content: bytes) -> list[tuple[Any, ...]]:
    (folder / name).write_bytes(content)
    config = folder / "holdfast.yaml"
    done = CliRunner().invoke(app, ["init", str(folder / name), "--yes", "--out", str(config)])
    if isinstance(done.exception, HoldfastError):
        raise done.exception
    assert done.exit_code == 0, done.output
    settings = load_settings(config)
    ingest(settings)
    table = pq.read_table(settings.canonical / "transactions.parquet")
    return [tuple(row[name] for name in COLUMNS) for row in table.to_pylist()]


@pytest.mark.parametrize("case", [case for case in CASES if case.name not in ASKED], ids=lambda case: case.name)
def test_every_file_that_tells_enough_needs_no_edit(tmp_path: Path, case: Case) -> None:
    content = case.content.encode() if isinstance(case.content, str) else case.content
    assert Counter(through_init(tmp_path, "a.csv", content)) == Counter(case.rows)


@pytest.mark.parametrize("case", [case for case in READ if case.name in ASKED], ids=lambda case: case.name)
def test_what_no_file_tells_is_refused_with_a_remedy_or_said(tmp_path: Path, case: Case) -> None:
    content = case.content.encode() if isinstance(case.content, str) else case.content
    try:
        rows = through_init(tmp_path, "a.csv", content)
    except HoldfastError as error:
        assert error.remedy
        return
    said = (tmp_path / "holdfast.yaml").read_text(encoding="utf-8")
    assert Counter(rows) == Counter(case.rows) or "? " in said


def rows(times: list[str]) -> bytes:
    return (HEAD + "".join(f"C{n % 7},O{n},{time},5\n" for n, time in enumerate(times))).encode()


def test_two_figures_of_a_year_that_goes_first(tmp_path: Path) -> None:
    found = through_init(tmp_path, "a.csv", rows([f"24/03/{day:02d}" for day in range(1, 31)]))
    assert {when.strftime("%Y-%m") for _, _, when, _ in found} == {"2024-03"}
    assert len({when for _, _, when, _ in found}) == 30


def test_digits_that_end_in_an_hour_are_no_seconds(tmp_path: Path) -> None:
    found = through_init(tmp_path, "a.csv", rows([f"20240305{hour:02d}" for hour in range(24)]))
    assert sorted(when.strftime("%Y-%m-%d %H") for _, _, when, _ in found)[0] == "2024-03-05 00"


def test_a_customer_of_zeros_among_numbers_is_a_customer(tmp_path: Path) -> None:
    lines = "".join(f"{n % 60:05d},A{n},2024-01-{1 + n % 28:02d},5\n" for n in range(240))
    assert {row[0] for row in through_init(tmp_path, "a.csv", (HEAD + lines).encode())} == {
        f"{n:05d}" for n in range(60)
    }


def test_a_table_kept_as_floating_point_numbers(tmp_path: Path) -> None:
    table = pa.table(
        {
            "customer_id": [f"c{n % 9}" for n in range(40)],
            "order_id": [f"o{n}" for n in range(40)],
            "occurred_at": [20240301.0 + n % 30 for n in range(40)],
            "amount": [5.5] * 40,
        }
    )
    pq.write_table(table, tmp_path / "b.parquet")
    found = through_init(tmp_path, "b.parquet", (tmp_path / "b.parquet").read_bytes())
    assert min(when for _, _, when, _ in found).strftime("%Y-%m-%d") == "2024-03-01" and len(found) == 40


def test_the_zoo_reads_the_same_row(tmp_path: Path) -> None:
    assert through_init(tmp_path, "a.csv", (HEAD + "001,A1,2024-01-05 10:00:00,12.50\n").encode()) == [GOOD_ROW]
