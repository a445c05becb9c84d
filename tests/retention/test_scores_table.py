"""The scores table as a file: types, reading back, spreadsheets, and writing whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from configs.errors import DataError, InputError
from retention.profile.reference_values import fit_baseline
from retention.scoring.scores_table import read_scores, to_arrow, to_csv, write_scores
from tests.retention.conftest import score_world


@pytest.fixture(scope="module")
def scores(world):  # type: ignore[no-untyped-def]
    fitted = fit_baseline(world.frame, world.predictions, world.feature_set, world.settings)
    return score_world(world, fitted)


def test_parquet_gives_back_what_was_written(scores, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "scores.parquet"
    write_scores(scores, path)
    again = read_scores(path)
    assert list(again.columns) == list(scores.columns)
    for name in ("churn_probability", "headroom", "lifetime_value_low", "purchasing_power", "churn_base"):
        pd.testing.assert_series_equal(again[name], scores[name], check_dtype=False)
    for name in ("customer_id", "stage", "churn_risk_tier", "customer_type"):
        assert again[name].tolist() == [None if pd.isna(value) else value for value in scores[name]]
    assert again["drivers"].tolist() == scores["drivers"].tolist()
    assert again["reasons"].tolist() == scores["reasons"].tolist()
    assert again["stage_since"].isna().tolist() == scores["stage_since"].isna().tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["scores.parquet"]


def test_types_do_not_depend_on_the_rows(scores, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    full, few = to_arrow(scores).schema, to_arrow(scores.iloc[:0]).schema
    assert few == full
    nobody = scores.assign(strategies=[[] for _ in range(len(scores))])
    assert to_arrow(nobody).schema == full
    assert full.field("as_of").type == pa.timestamp("us")
    assert full.field("horizon_days").type == pa.int64()
    assert full.field("satisfaction").type == pa.float64()
    assert full.field("customer_type").type == pa.string()
    assert full.field("drivers").type.value_type.field("points").type == pa.float64()


def test_the_same_scores_give_the_same_bytes(scores, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for suffix in ("parquet", "csv"):
        write_scores(scores, tmp_path / f"a.{suffix}")
        write_scores(scores.copy(), tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_csv_is_for_spreadsheets(scores, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    odd = scores.head(3).copy()
    odd["customer_id"] = ["=1+1", "007", "王芳"]
    path = tmp_path / "scores.csv"
    write_scores(odd, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert table["customer_id"].tolist() == ["'=1+1", "007", "王芳"]
    first = odd.iloc[0]
    for lang in ("en", "zh"):
        assert table[f"reasons_{lang}"].iloc[0].split("\n") == [one[f"text_{lang}"] for one in first["reasons"]]
        assert table[f"strategies_{lang}"].iloc[0].split("\n") == [one[f"name_{lang}"] for one in first["strategies"]]
    points = dict(part.split("=") for part in table["drivers"].iloc[0].split("; "))
    total = first["churn_base"] + sum(map(float, points.values()))
    assert total == pytest.approx(first["churn_probability"], abs=1e-5)
    assert "spend_drivers" not in table.columns
    assert table["as_of"].iloc[0] == "2024-01-01T00:00:00"
    assert float(table["churn_probability"].iloc[1]) == pytest.approx(odd["churn_probability"].iloc[1], rel=1e-9)
    assert b"NaT" not in to_csv(scores) and b"nan" not in to_csv(scores).replace(b"finance", b"")


def test_another_suffix_is_refused(scores, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r"scores.xlsx: the suffix '.xlsx' is not known; give a name that ends in"):
        write_scores(scores, tmp_path / "scores.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(scores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "scores.parquet"
    write_scores(scores.head(5), path)
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        write_scores(scores, path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_reading_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; run holdfast score first"):
        read_scores(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("not parquet")
    with pytest.raises(DataError, match="cannot be read"):
        read_scores(tmp_path / "text.parquet")
    pq.write_table(pa.table({"customer_id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="is not a scores table: it has no column 'as_of'"):
        read_scores(tmp_path / "other.parquet")


def test_one_rule_says_what_a_spreadsheet_would_run() -> None:
    from configs.spreadsheets import FORMULA_STARTS, escape_formula

    assert all(escape_formula(f"{start}1+1") == f"'{start}1+1" for start in FORMULA_STARTS)
    assert escape_formula("＝1+1") == "'＝1+1"
    assert [escape_formula(value) for value in ("Ann", "", None, -1.5)] == ["Ann", "", None, -1.5]
