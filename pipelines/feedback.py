"""What people give back: the outcomes of a work list, kept for effects, labels and warnings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from configs.progress import Progress
from configs.settings import Settings
from configs.timestamps import local_time
from pipelines.fresh import fresh_tables

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd


@dataclass(frozen=True)
class Recorded:
    """What reading a list added: outcomes by code among the new ones, those that were known, and those corrected."""

    outcomes: Counter[str]
    known: int
    corrected: int


def record_outcomes(settings: Settings, file: Path, progress: Progress) -> Recorded:
    """Read a list that was filled in and keep what is new; the next command that reads the data sees the contacts.

    Raises
    ------
    DataError
        The file is no work list, or something in it is not possible; nothing is kept then.
    """
    from features.customer_facts import known_customers
    from features.engine import open_tables
    from features.ingestion.filled_in import read_filled_in
    from pipelines.event_file import event_log
    from pipelines.stage_cache import lock_folder
    from retention.contacts.events import news
    from retention.contacts.outcomes import read_outcomes
    from retention.strategies.catalogue import load_catalogue

    fresh_tables(settings, progress)
    sheets = read_filled_in(file)
    with open_tables(settings.canonical) as tables:
        given = read_outcomes(
            sheets,
            file=file.name,
            strategies=load_catalogue(settings).codes,
            known=lambda ids: known_customers(tables, ids),
            # the present time is asked for here and nowhere below
            today=local_time(datetime.now(tz=UTC).replace(tzinfo=None), settings.data.timezone).date(),
        )
    with lock_folder(settings.work):
        log = event_log(settings)
        added = news(log.read(), given)
        log.append(added)
    return Recorded(
        Counter(event.facts["outcome"] for event in added),
        len(given) - len(added),
        sum(event.revision > 0 for event in added),
    )


def record_left_alone(settings: Settings, compared: pd.DataFrame, day: date) -> None:
    """Keep who was left alone beside a list that was handed out: those whom its customers are compared with."""
    from pipelines.event_file import event_log
    from pipelines.stage_cache import lock_folder
    from retention.contacts.events import Event, news
    from retention.contacts.outcomes import SOURCE

    given = [
        Event(SOURCE, f"{day.isoformat()}/{customer}/{code}", "left_alone", customer, day, {"strategy": code})
        for customer, code in zip(compared["customer_id"].tolist(), compared["strategy"].tolist(), strict=True)
    ]
    with lock_folder(settings.work):
        log = event_log(settings)
        log.append(news(log.read(), given))
