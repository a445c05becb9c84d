"""What was recorded of contacts: events that are only ever added, and the one interface through which they are kept.

An event is keyed by its source and its id within the source: the same event given twice is kept once. Who corrects an
event adds another one under the next revision; the last revision counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import pandas as pd

from configs.timestamps import start_of_day
from retention.experiments.holdout import HELD_OUT, TREATED

Kind = Literal["outcome", "left_alone"]
FALSE_ALARM = "false_alarm"


@dataclass(frozen=True)
class Event:
    """One thing that happened, or was decided, with a customer.

    Attributes
    ----------
    source, event_id : str
        The key.
    kind : {"outcome", "left_alone"}
        What came of a contact, or that a customer was left alone to compare others with.
    customer_id : str
    day : date
        When, in the business zone.
    facts : dict of str to str
        `strategy`; of an outcome also `outcome` and, where given, `reason` and `note`.
    revision : int
        0, and one more for every correction.
    """

    source: str
    event_id: str
    kind: Kind
    customer_id: str
    day: date
    facts: dict[str, str] = field(default_factory=dict)
    revision: int = 0


class EventLog(Protocol):
    """Where events are kept; whoever keeps them elsewhere than in a file offers the same two."""

    def append(self, events: Sequence[Event]) -> None:
        """Add events whose key and revision are not there yet; what is there is never changed."""

    def read(self) -> list[Event]:
        """All events in the order in which they were added."""


def latest(events: Iterable[Event]) -> list[Event]:
    """The last revision of every event."""
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        found[event.source, event.event_id] = event
    return list(found.values())


def news(known: Iterable[Event], given: Iterable[Event]) -> list[Event]:
    """Of the events given those that are not known as they are: new ones, and corrections under their next revision."""
    last = {(event.source, event.event_id): event for event in latest(known)}
    found = []
    for event in given:
        before = last.get((event.source, event.event_id))
        if before is None:
            found.append(event)
        elif (before.day, before.facts) != (event.day, event.facts):
            found.append(
                Event(
                    event.source, event.event_id, event.kind, event.customer_id, event.day, event.facts,
                    before.revision + 1,
                )
            )  # fmt: skip
    return found


def recorded_treatments(events: Iterable[Event], timezone: str) -> pd.DataFrame:
    """The events as rows of the treatments table: customers contacted, and those left alone beside them.

    A false alarm is no contact. The columns are those of the data contract; times are the beginning of the day, in UTC.
    """
    rows = [
        {
            "treatment_id": f"{event.source}:{event.event_id}",
            "customer_id": event.customer_id,
            "treated_at": start_of_day(event.day, timezone),
            "strategy": event.facts["strategy"],
            "arm": HELD_OUT if event.kind == "left_alone" else TREATED,
            "outcome": event.facts.get("outcome"),
        }
        for event in latest(events)
        if event.facts.get("outcome") != FALSE_ALARM
    ]
    columns = ["treatment_id", "customer_id", "treated_at", "strategy", "arm", "outcome"]
    return pd.DataFrame(rows, columns=columns).sort_values("treatment_id", kind="stable", ignore_index=True)
