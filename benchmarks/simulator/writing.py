"""Writes a simulation to a folder: Parquet tables in the data contract's columns, the truth, and a `holdfast.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from benchmarks.simulator.engine import TABLES, blocks
from benchmarks.simulator.settings import SimulationSettings
from benchmarks.simulator.words import COUNTRIES, REGIONS
from configs.errors import SettingsError
from configs.files import atomic_path, write_bytes_atomic
from configs.progress import SILENT, Progress
from features import tables as contract

if TYPE_CHECKING:
    import pyarrow as pa

TRUTH = ("truth", "true_effects")


def write_simulation(settings: SimulationSettings, folder: Path, *, progress: Progress | None = None) -> dict[str, int]:
    """Simulate and write block by block.

    Parameters
    ----------
    settings : SimulationSettings
        The company.
    folder : Path
        Gets `<table>.parquet` for every table, `truth.parquet`, `true_effects.parquet`, `simulation.json` and
        `holdfast.yaml`. A file is there whole or not at all.
    progress : Progress, optional
        Told how many customers are done.

    Returns
    -------
    dict of str to int
        Rows per file.
    """
    import contextlib

    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        writers: dict[str, Any] = {}
        done = stack.enter_context((progress or SILENT).step("simulate customers", settings.customers))
        for block in blocks(settings):
            for name, frame in block.items():
                table = to_arrow(name, frame)
                if name not in writers:
                    aside = stack.enter_context(atomic_path(folder / f"{name}.parquet"))
                    writers[name] = stack.enter_context(pq.ParquetWriter(aside, table.schema, compression="zstd"))
                writers[name].write_table(table)
                rows[name] = rows.get(name, 0) + table.num_rows
            done(min(settings.chunk, settings.customers))
            pa.default_memory_pool().release_unused()
    write_bytes_atomic(folder / "simulation.json", (settings.model_dump_json(indent=1) + "\n").encode())
    write_bytes_atomic(folder / "holdfast.yaml", holdfast_yaml(settings, rows).encode())
    return rows


def check_folder(folder: Path) -> None:
    """Refuse a folder with files of these names that no simulation wrote.

    Raises
    ------
    SettingsError
        There is one.
    """
    names = [f"{name}.parquet" for name in (*TABLES, *TRUTH)] + ["holdfast.yaml"]
    there = next((folder / name for name in names if (folder / name).exists()), None)
    if there is not None and not (folder / "simulation.json").is_file():
        raise SettingsError("simulation_not_ours", code="out_not_ours", value=str(there))


def to_arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """A table with the types of the data contract; truth tables keep their own."""
    import pyarrow as pa

    if name not in contract.TABLES:
        return pa.Table.from_pandas(frame, preserve_index=False)
    kinds = {
        "text": pa.string(),
        "time": pa.timestamp("us"),
        "date": pa.date32(),
        "money": pa.decimal128(18, 4),
        "number": pa.float64(),
        "integer": pa.int64(),
        "texts": pa.list_(pa.string()),
    }
    columns = contract.TABLES[name].by_name
    arrays = {}
    for column in frame.columns:
        kind = columns[column].type
        if kind == "money":  # amounts have two digits: round, then widen without loss
            cents = pa.array(frame[column].to_numpy(dtype="float64"), from_pandas=True)
            arrays[column] = cents.cast(pa.decimal128(18, 2)).cast(kinds[kind])
        elif kind == "time":
            arrays[column] = pa.array(frame[column].to_numpy(dtype="datetime64[us]"), kinds[kind], from_pandas=True)
        else:
            arrays[column] = pa.array(frame[column].tolist(), kinds[kind], from_pandas=True)
    return pa.table(arrays)


def demo_settings(settings: SimulationSettings, rows: dict[str, int]) -> dict[str, Any]:
    """What a `holdfast.yaml` beside the tables holds."""
    data: dict[str, Any] = {"currency": settings.currency}
    for name in TABLES:
        if rows.get(name):
            data[name] = {"path": f"{name}.parquet"}
    return {
        "data": data,
        "targets": {"horizon_days": 90, "lifetime_days": 365},
        "profile": {"home_country": COUNTRIES[0], "home_region": REGIONS[0]},
        "language": settings.language,
        "workdir": "work",
    }


def holdfast_yaml(settings: SimulationSettings, rows: dict[str, int]) -> str:
    """Settings that read the folder's own files, as YAML."""
    return yaml.safe_dump(demo_settings(settings, rows), sort_keys=False, allow_unicode=True)


DEMO = SimulationSettings(customers=5_000)


def simulate_demo(folder: Path) -> dict[str, Any]:
    """Write the demo company into a folder, unless it is there already, and give the settings that read it.

    Returns
    -------
    dict
        Content of a `holdfast.yaml` that lies in the folder.
    """
    stamp = folder / "simulation.json"
    wanted = DEMO.model_dump_json(indent=1) + "\n"
    present = all((folder / f"{name}.parquet").is_file() for name in (*TABLES, *TRUTH))
    if not (present and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        write_simulation(DEMO, folder)
    return demo_company()


def demo_company() -> dict[str, Any]:
    """Settings that read the demo company, whether it is written or not."""
    return demo_settings(DEMO, dict.fromkeys(TABLES, 1))
