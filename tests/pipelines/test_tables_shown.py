"""Tables on the terminal: one language, days as days, no more columns than can be read; a pipe gets everything."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from configs.errors import SettingsError
from configs.settings import DataSettings, Settings, SourceSettings
from pipelines import cli_actions
from pipelines.options import table_file

TABLE = pd.DataFrame(
    {
        "customer_id": ["007", "008"],
        "due": pd.to_datetime(["2024-06-01 00:00", "2024-06-02 08:30"]),
        "cost": [1234.5, float("nan")],
        "name_en": ["Service", "Phone call"],
        "name_zh": ["服务", "电话"],
        **{f"more_{number}": ["x" * 30, None] for number in range(9)},
    }
)


def shown(monkeypatch: pytest.MonkeyPatch, language: str, *, terminal: bool, to: Path | None = None) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None, soft_wrap=not terminal)
    monkeypatch.setattr(cli_actions, "out", console)
    data = DataSettings(transactions=SourceSettings(path=Path("orders.csv")))
    own = {"language": language, "root": Path() if to is None else to.parent}
    cli_actions._show(TABLE, to, Settings(data=data, **own))  # type: ignore[arg-type]
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_pipe_gets_every_column_of_its_language(monkeypatch: pytest.MonkeyPatch) -> None:
    said = shown(monkeypatch, "zh", terminal=False)
    assert "电话" in said and "Phone call" not in said and "name_en" not in said
    assert "2024-06-01 " in said and "2024-06-02 08:30:00" in said and "00:00:00" not in said
    assert "1,234.50" in said and "more_8" in said and "x" * 30 in said and "None" not in said and "nan" not in said
    assert "Phone call" in shown(monkeypatch, "en", terminal=False)


def test_a_terminal_gets_what_can_be_read_and_hears_of_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    said = shown(monkeypatch, "en", terminal=True)
    assert max(map(len, said.splitlines())) <= 80 and "…" not in said
    assert "1,234.5" in said and "Service" in said
    rest = said[said.index("further columns:") :].replace("\n", " ")
    assert "more_8" in rest and "customer_id" not in rest and "name_zh" not in rest
    assert "其余列：" in shown(monkeypatch, "zh", terminal=True)


def test_the_file_holds_both_languages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = shown(monkeypatch, "zh", terminal=False, to=tmp_path / "all.csv")
    assert f"2 行：{tmp_path / 'all.csv'}" in said
    assert (tmp_path / "all.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert (tmp_path / "all.csv").stat().st_mode & 0o777 == 0o600
    assert list(pd.read_csv(tmp_path / "all.csv").columns) == list(TABLE.columns)


def test_a_file_of_another_kind_is_refused_before_the_work() -> None:
    assert table_file(None) is None and table_file(Path("a.parquet")) == Path("a.parquet")
    with pytest.raises(SettingsError, match=r"a\.xlsx: the ending '\.xlsx' is not known; use \.csv or \.parquet"):
        table_file(Path("a.xlsx"))
