"""The work list from the last scores: who is contacted, who is left alone, and the files that people work with."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.catalogue import Lang, text
from configs.progress import SILENT, Progress
from configs.settings import Settings
from configs.timestamps import local_time
from pipelines.actions import last_scores, profile_and_contacts

if TYPE_CHECKING:
    import pandas as pd

    from retention.contacts.work_list import WorkList

_EMPTY = datetime(2000, 1, 1)  # noqa: DTZ001 – what a list of nobody calls its moment


def work_list(
    settings: Settings, scores: Path | None, start: date | None, progress: Progress = SILENT
) -> tuple[WorkList, pd.DataFrame]:
    """The contacts of the coming days in codes and in words; who is left alone is kept for the lists to come.

    Effects are measured over the horizon that the scores speak of, as scoring did.
    """
    from features.customer_facts import last_orders, open_complaints
    from features.engine import open_tables
    from pipelines.arms import earlier_arms, keep_arms
    from pipelines.stage_cache import lock_folder
    from retention.contacts.staff_list import staff_list
    from retention.contacts.work_list import build_worklist
    from retention.experiments.holdout import EXPERIMENT
    from retention.experiments.measurement import measure_campaigns
    from retention.strategies.catalogue import load_catalogue

    table = last_scores(settings, scores, progress)
    moment = table["as_of"].max()
    profile, contacts = profile_and_contacts(settings, moment)
    catalogue = load_catalogue(settings)
    with open_tables(settings.canonical) as tables:
        measured = measure_campaigns(tables, catalogue, moment, horizon_days=int(table["horizon_days"].max()))
    with lock_folder(settings.work):
        found = build_worklist(
            table,
            catalogue,
            settings,
            start=local_time(moment, settings.data.timezone).date() if start is None else start,
            previous_arms=earlier_arms(settings, EXPERIMENT),
            profile=profile,
            recent_contacts=contacts,
            measured=measured.measured_effects,
        )
        keep_arms(settings, EXPERIMENT, found.arms)
    listed = found.rows["customer_id"].tolist()
    with open_tables(settings.canonical) as tables:
        orders, complaints = last_orders(tables, listed, moment), open_complaints(tables, listed, moment)
    return found, staff_list(found.rows, table, profile, orders, complaints, catalogue, settings, settings.language)


def put_list(settings: Settings, found: WorkList, people: pd.DataFrame, path: Path) -> None:
    """Write a work list: for people as a workbook or CSV in the language chosen, for programs as Parquet."""
    from pipelines import outputs
    from pipelines.feedback import record_left_alone
    from retention.contacts.list_workbook import write_workbook

    if path.suffix == ".parquet":
        outputs.put_table(settings, found.rows, path)
    elif path.suffix == ".csv":
        outputs.put_table(settings, people.rename(columns=_heads(settings.language)), path)
    else:
        made: Any = found.rows["due"].min()
        moment = made.to_pydatetime() if len(found.rows) else _EMPTY
        outputs.put(settings, {path: lambda aside: write_workbook(people, aside, settings.language, made=moment)})
    if len(found.rows):
        record_left_alone(settings, found.compared, found.rows["due"].min().date())


def _heads(language: Lang) -> dict[str, str]:
    from retention.contacts.staff_list import COLUMNS

    return {name: text(f"worklist.columns.{name}", language) for name in COLUMNS}
