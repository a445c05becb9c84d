"""Events kept in a file of the work folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from configs.errors import DataError
from configs.files import atomic_path, read_checked, write_checked
from configs.settings import Settings
from retention.contacts.events import Event, EventLog, recorded_treatments


def event_log(settings: Settings) -> EventLog:
    """Where events are kept."""
    return EventFile(settings)


class EventFile:
    """An event log in one file, and beside it the treatments that follow from it; use it under the folder's lock.

    Parameters
    ----------
    settings : Settings
        Where the work folder is, and the business zone.
    """

    def __init__(self, settings: Settings) -> None:
        self.treatments = settings.recorded_treatments
        self.path: Path = self.treatments.with_name("events.json")
        self.timezone = settings.data.timezone

    def read(self) -> list[Event]:
        """All events in the order in which they were added.

        Raises
        ------
        DataError
            What is kept is not what was written.
        """
        try:
            kept = read_checked(self.path)["events"]
            return [Event(**{**entry, "day": date.fromisoformat(entry["day"])}) for entry in kept]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError):
            raise DataError("events_changed", code="events_changed", file=str(self.path)) from None

    def append(self, events: Sequence[Event]) -> None:
        """Add events whose key and revision are not there yet, whole or not at all."""
        kept = self.read()
        there = {(event.source, event.event_id, event.revision) for event in kept}
        added = [event for event in events if (event.source, event.event_id, event.revision) not in there]
        together = [*kept, *added]
        if added:
            told = [{**asdict(event), "day": event.day.isoformat()} for event in together]
            write_checked(self.path, {"events": told}, private=True)
        if together:
            self._write_treatments(together)

    def _write_treatments(self, events: list[Event]) -> None:
        """What ingest reads; written again each time, so that a process killed between the two files leaves no gap."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(recorded_treatments(events, self.timezone), preserve_index=False)
        with atomic_path(self.treatments, private=True) as aside:
            pq.write_table(table.replace_schema_metadata(None), aside)
