"""A work list that comes back filled in, in either language: what was done with whom, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime

from configs.catalogue import LANGUAGES, pairs
from configs.errors import DataError, HoldfastError, together
from features.ingestion.filled_in import Sheet
from retention.contacts.events import Event

SOURCE = "worklist"
NEEDED = ("day", "customer", "outcome", "code")
"""Columns without which a sheet is no work list."""
MOST_TOLD = 20
"""Rows that are wrong before the rest is not looked at."""
_DAY_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%Y年%m月%d日")


def read_outcomes(
    sheets: Iterable[Sheet],
    *,
    file: str,
    strategies: Collection[str],
    known: Callable[[list[str]], set[str]],
    today: date,
) -> list[Event]:
    """The contacts that a list tells of; rows without an outcome were not done.

    Parameters
    ----------
    sheets : iterable of Sheet
        From `features.ingestion.filled_in.read_filled_in`; sheets that are no work list are passed over.
    file : str
        What the file is called in messages.
    strategies : collection of str
        Codes of the catalogue.
    known : callable
        Gives those of some ids that customers have or had.
    today : date
        No contact is later.

    Raises
    ------
    DataError
        No sheet is a work list, or cells cannot be what they should be; each with its place, value and remedy. Nothing
        is given then.
    """
    found: dict[str, tuple[Event, str]] = {}
    problems: list[HoldfastError] = []
    lists = [(sheet, names) for sheet in sheets if set(NEEDED) <= (names := _columns(sheet)).keys()]
    if not lists:
        raise DataError("outcomes_no_list", code="missing_column", file=file)
    for sheet, names in lists:
        for number, cells in sheet.rows:
            row = {name: cells.get(theirs, "") for name, theirs in names.items()}
            place = {"file": sheet.label, "row": number}
            try:
                event = _event(row, place, strategies, today)
                if event is not None:
                    _once(found, event, place)
            except DataError as error:
                problems.append(error)
            if len(problems) >= MOST_TOLD:
                raise together(problems)
    events = [event for event, _ in found.values()]
    there = known([event.customer_id for event in events])
    for event, where in found.values():
        if event.customer_id not in there:
            problems.append(DataError("outcome_customer_unknown", value=event.customer_id, at=where))
    if problems:
        raise together(problems[:MOST_TOLD])
    return events


def _columns(sheet: Sheet) -> dict[str, str]:
    """Our column → theirs, in whichever language."""
    ours = {head.casefold(): name for name, heads in pairs("worklist", "columns").items() for head in heads}
    return {ours[theirs.casefold()]: theirs for theirs in sheet.columns if theirs.casefold() in ours}


def _event(row: dict[str, str], place: dict[str, object], strategies: Collection[str], today: date) -> Event | None:
    customer, said = row["customer"], row["outcome"]
    where = _where(place)
    if not said:
        if row.get("reason") or row.get("done"):
            raise DataError("outcome_missing", value=customer, at=where)
        return None
    outcome = _code(said, "outcomes")
    if outcome is None:
        raise DataError("outcome_unknown", value=said, at=where, names=_words("outcomes"))
    code = row["code"]
    if code not in strategies:
        raise DataError("outcome_strategy_unknown", value=code, at=where)
    planned = _day(row["day"], where)
    done = _day(row["done"], where) if row.get("done") else planned
    if done > today:
        raise DataError("outcome_in_future", value=done.isoformat(), at=where)
    facts = {"strategy": code, "outcome": outcome}
    if row.get("reason"):
        reason = _code(row["reason"], "reasons")
        if reason is None:
            raise DataError("reason_unknown", value=row["reason"], at=where, names=_words("reasons"))
        facts["reason"] = reason
    if row.get("note"):
        facts["note"] = row["note"]
    return Event(SOURCE, f"{planned.isoformat()}/{customer}/{code}", "outcome", customer, done, facts)


def _once(found: dict[str, tuple[Event, str]], event: Event, place: dict[str, object]) -> None:
    before = found.setdefault(event.event_id, (event, _where(place)))
    if before[0] != event:
        raise DataError("outcome_told_twice", value=event.customer_id, at=_where(place), first=before[1])


def _where(place: dict[str, object]) -> str:
    return f"{place['file']}, {place['row']}"


def _code(word: str, part: str) -> str | None:
    """The code of a word in either language, or of the code itself."""
    said = word.casefold()
    return next(
        (code for code, own in pairs("worklist", part).items() if said in (code, *map(str.casefold, own))), None
    )


def _words(part: str) -> str:
    """The words that there are, in both languages: a file may be in another one than the terminal."""
    own = pairs("worklist", part).values()
    return "; ".join(", ".join(pair[place] for pair in own) for place in range(len(LANGUAGES)))


def _day(text: str, where: str) -> date:
    plain = text.partition(" 00:00:00")[0].partition("T")[0].strip()
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007 – a day has no zone
        except ValueError:
            continue
    raise DataError("outcome_day_unreadable", value=text, at=where)
