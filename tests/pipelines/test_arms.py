"""The record of who is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs.errors import DataError
from configs.settings import DataSettings, Settings, SourceSettings
from pipelines.arms import arms_file, earlier_arms, keep_arms


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    source = SourceSettings(path=Path("orders.parquet"))
    return Settings(data=DataSettings(transactions=source), workdir=tmp_path / "work")


def test_arms_are_kept_per_experiment_and_customers_who_left_the_list_stay_in(settings: Settings) -> None:
    assert earlier_arms(settings, "worklist") == {}
    keep_arms(settings, "worklist", {"a": "treated", "b": "held_out"})
    keep_arms(settings, "other", {"a": "held_out"})
    keep_arms(settings, "worklist", {"c": "held_out"})
    assert earlier_arms(settings, "worklist") == {"a": "treated", "b": "held_out", "c": "held_out"}
    assert earlier_arms(settings, "other") == {"a": "held_out"}
    assert arms_file(settings).stat().st_mode & 0o777 == 0o600


def test_a_changed_record_is_refused(settings: Settings) -> None:
    keep_arms(settings, "worklist", {"a": "treated"})
    file = arms_file(settings)
    file.write_text(file.read_text(encoding="utf-8").replace("treated", "held_out", 1), encoding="utf-8")
    with pytest.raises(DataError, match=r"who is left alone, .*arms\.json, is not what was written; restore it"):
        earlier_arms(settings, "worklist")
