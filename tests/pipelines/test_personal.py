"""What names or reaches a person stays in the tables: no feature, model, run log, report or score holds it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks.simulator import SimulationSettings, write_simulation
from features.catalog import CATALOGUE
from features.tables import PERSONAL, TABLES
from tests.pipelines.conftest import holdfast

BIRTHDAY = "1931-03-07"
"""A day that no simulated customer was born on."""
LEANER = """
targets: {horizon_days: 30, lifetime_days: 60, horizons: [30]}
training: {max_cutoffs: 2, stability_refits: 0}
"""


def mark(table: str, column: str) -> str:
    """A text that stands nowhere else."""
    return BIRTHDAY if TABLES[table].by_name[column].type == "date" else f"Qxz{table}{column}".replace("_", "")


def test_every_kind_is_known() -> None:
    assert {("customers", name) for name in ("name", "birthday", "phone", "email")} | {("feedback", "text")} == PERSONAL


def test_no_feature_reads_a_personal_column() -> None:
    needed = {name for declared in CATALOGUE.values() for name in declared.needs}
    assert not {f"{table}.{column}" for table, column in PERSONAL} & needed
    assert not {column for _, column in PERSONAL} & set(CATALOGUE)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose every personal cell holds its mark, trained and scored through the command line."""
    folder = tmp_path_factory.mktemp("marked")
    write_simulation(SimulationSettings(customers=300, weeks=40, seed=3, future_weeks=0, campaigns=()), folder)
    for table in {name for name, _ in PERSONAL}:
        path = folder / f"{table}.parquet"
        frame = pd.read_parquet(path)
        for column in (column for name, column in PERSONAL if name == table):
            values: Any = mark(table, column)
            frame[column] = pd.Timestamp(values).date() if TABLES[table].by_name[column].type == "date" else values
        if table == "customers":  # one that is refused, so that what is told of it is seen
            frame["birthday"] = frame["birthday"].astype(str)
            frame.loc[0, "birthday"] = "Qxzrefused"
        frame.to_parquet(path, index=False)
    config = folder / "holdfast.yaml"
    lines = config.read_text(encoding="utf-8").split("\n")
    start = lines.index("targets:")
    end = next(place for place in range(start + 1, len(lines)) if not lines[place].startswith(" "))
    config.write_text("\n".join([*lines[:start], *lines[end:]]) + LEANER, encoding="utf-8")
    said = ""
    for verb in ("train", "score"):
        done = holdfast(verb, "--config", config)
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    (folder / "work" / "said.txt").write_text(said, encoding="utf-8")
    return folder


def content(path: Path) -> str:
    """All that a file holds, also what is packed in it."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pylist())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            return "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.slow
def test_nothing_but_the_tables_holds_a_personal_value(company: Path) -> None:
    marks = {mark(table, column) for table, column in PERSONAL} | {"Qxzrefused"}
    # the rows themselves: what was read, and what was set aside for people to mend
    rows = (company / "work" / "canonical", company / "work" / "quarantine")
    files = [path for folder in ("work", "artifacts") for path in (company / folder).rglob("*") if path.is_file()]
    files = [path for path in files if not any(path.is_relative_to(folder) for folder in rows)]
    assert len(files) > 30 and any("mlflow" in path.name for path in files)
    held = {str(path.relative_to(company)): sorted(one for one in marks if one in content(path)) for path in files}
    assert {name: found for name, found in held.items() if found} == {}
    assert any(mark("customers", "phone") in content(path) for path in rows[0].iterdir())
