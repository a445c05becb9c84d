"""Forms of times, the zone, and the questions that they leave open."""

from __future__ import annotations

from features.discovery.dates import ISO, Dates, shown_as
from features.discovery.found import Choices, Comment, Option, Proposal, Question, in_percent
from features.discovery.profile import FileFacts, with_epoch
from features.discovery.roles import Reading, contract
from features.discovery.words import known
from features.tables import TABLES


def settle_times(reading: Reading, place: str, chosen: Choices, proposal: Proposal) -> None:
    """Set `date_format` where the times of a table need it; ask where day and month can be exchanged."""
    table = "transactions" if reading.table == "lines" else reading.table
    kinds = TABLES[table].by_name if table in TABLES else {}
    dated: dict[str, Dates] = {}
    for role in contract(reading.columns, table):
        column = reading.facts.columns[reading.columns[role]]
        if role in kinds and kinds[role].type in ("time", "date"):
            dates = column.dates or with_epoch(column)
            if dates is not None:
                dated[role] = dates
    if not dated:
        return
    sides = {dates.month_first for dates in dated.values() if not dates.other and dates.month_first is not None}
    forms: list[str] = []
    needed = any(dates.forms != (ISO,) for dates in dated.values())
    for role, dates in dated.items():
        kept = _kept(reading.facts, role, dates, sides, place, chosen, proposal)
        forms += [form for form in (dates.spelled if kept == (ISO,) else kept) if form not in forms]
    if needed:
        proposal.set(f"{place}.date_format", forms[0] if len(forms) == 1 else forms)
    for role, dates in dated.items():
        if dates.share < 1:
            proposal.say(
                f"{place}.columns.{role}",
                Comment("times_unread", {"share": in_percent(1 - dates.share, 1)}, sure=0.6, loud=True),
            )


def _kept(
    facts: FileFacts, role: str, dates: Dates, sides: set[bool], place: str, chosen: Choices, proposal: Proposal
) -> tuple[str, ...]:
    """The reading that is taken, with a word on why."""
    target = f"{place}.date_format"
    if not dates.other:
        if dates.why == "values":
            key = "month_first" if dates.month_first else "day_first"
            proposal.say(target, Comment("dates_decided", {"order": Comment(key)}))
        return dates.forms
    first, second = dates.forms, dates.other
    if len(sides) == 1 and dates.month_first not in sides:
        first, second = second, first
    key = f"dates.{place.split('.')[1]}"
    readings = {form: shown_as(facts.connection, dates.example, form) for form in (*first, *second)}

    def label(forms: tuple[str, ...]) -> Comment:
        form = next(form for form in forms if readings[form] and form in readings)
        differing = next((form for form in forms if form not in (first if forms is second else second)), form)
        order = Comment("month_first" if differing.startswith("%m") else "day_first")
        return Comment("option_dates", {"value": dates.example, "reading": readings[differing], "order": order})

    if len(sides) == 1:
        proposal.say(target, Comment("dates_by_column", {"reading": label(first)}, sure=0.9))
        return first
    if key in chosen:
        return first if chosen[key] == first[-1] else second
    options = (Option(first[-1], label(first)), Option(second[-1], label(second)))
    if not any(question.key == key for question in proposal.questions):
        proposal.questions.append(Question(key, Comment("ask_dates", {"value": dates.example}), options))
    why = Comment({"order": "why_order", "future": "why_future"}.get(dates.why, "why_nothing"))
    proposal.say(
        target,
        Comment(
            "dates_open",
            {"reading": label(first), "other": label(second), "why": why},
            sure=0.7 if dates.why else 0.2,
            loud=True,
        ),
    )
    return first


def settle_zone(reading: Reading, currency: str | None, chosen: Choices, proposal: Proposal) -> None:
    """The zone of times that name none; asked for, because no file tells it."""
    if "timezone" in chosen:
        proposal.set("data.timezone", chosen["timezone"])
        return
    column = reading.facts.columns[reading.columns["occurred_at"]]
    forms = column.dates.forms if column.dates else ()
    aware = "TIME ZONE" in column.type or (
        bool(forms) and all("%z" in form or form.startswith("epoch") for form in forms)
    )
    zone, why = "UTC", Comment("zone_unknown", sure=0.3)
    if reading.layout is not None and reading.layout.timezone:
        zone = reading.layout.timezone
        why = Comment("zone_layout", {"layout": reading.layout.name}, sure=0.8)
    elif currency in known()["currencies"]["zones"]:
        zone = str(known()["currencies"]["zones"][currency])
        why = Comment("zone_currency", {"code": currency}, sure=0.6)
    proposal.set("data.timezone", zone, why)
    if aware:
        proposal.say("data.timezone", Comment("zone_aware"))
        return
    proposal.questions.append(
        Question(
            "timezone",
            Comment("ask_zone"),
            tuple(Option(name, Comment("plain", {"text": name})) for name in dict.fromkeys((zone, "UTC"))),
            free=True,
        )
    )
