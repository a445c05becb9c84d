"""What `init` shows and asks on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from configs import formats
from configs.errors import HoldfastError
from configs.messages import in_chinese
from configs.settings import Settings
from configs.timestamps import local_time
from pipelines.console import err, out

if TYPE_CHECKING:
    from features.discovery import Proposal, Question, Understood
    from features.discovery.profile import FileFacts

WIDE, COLUMN, CELL = 1_000, 12, 28
"""Width of a table in a pipe; characters that a column needs on a terminal; characters of a cell that are shown."""
ASKABLE = (
    "customer_id",
    "order_id",
    "occurred_at",
    "amount",
    "quantity",
    "unit_price",
    "discount",
    "product_id",
    "category",
)
"""Columns that a person may set right."""


def show_understood(proposal: Proposal, understood: Understood, settings: Settings, lang: str) -> None:
    """The mapping with its reasons, twenty rows as they are understood, and what would be refused."""
    from features.discovery.found import words

    _show_mapping(proposal, lang)
    if understood.stopped is not None:
        _show_refused(understood, lang)
        return
    source = settings.data.transactions
    place = source.path.name if source.path is not None else ""
    out.print(
        words("rows_understood", lang).format(
            shown=f"{len(understood.rows)}", rows=formats.number(understood.rows_in, lang), file=place
        ),
        markup=False,
    )
    room = max(3, out.width // COLUMN) if out.is_terminal else len(understood.columns)
    table = Table()
    for name in understood.columns[:room]:
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    for row in understood.rows:
        table.add_row(*(_cell(value, settings.data.timezone, lang) for value in row[:room]))
    _print(table)
    out.print(
        words("tried", lang).format(
            rows=formats.number(understood.rows_in, lang),
            kept=formats.number(understood.kept, lang),
            left=formats.number(understood.left_out, lang),
            refused=formats.number(understood.refused_count, lang),
        ),
        markup=False,
    )
    _show_refused(understood, lang)
    for finding in understood.findings:
        err.print(f"! {finding.of(lang)}", markup=False)


def show_stopped(error: HoldfastError, lang: str) -> None:
    """Why the ingest will stop."""
    from features.discovery.found import words

    reason = in_chinese(error.message) if lang == "zh" else error.message
    err.print(f"! {words('would_not_ingest', lang).format(reason=reason)}", markup=False)


def _show_refused(understood: Understood, lang: str) -> None:
    from features.discovery.found import words
    from features.discovery.trial import why_refused

    for item in understood.refused[:5]:
        said = words("would_refuse", lang).format(
            count=formats.number(item.count, lang),
            field=item.field,
            value=item.example_value or "",
            reason=why_refused(item.reason, lang),
        )
        out.print(f"  {said}", markup=False)


def show_end(proposal: Proposal, to: Path, lang: str) -> None:
    """What must not be overlooked, and what comes next."""
    from features.discovery.found import words

    out.print(words("tables", lang).format(tables=", ".join(_tables(proposal))), markup=False)
    for comment in proposal.said:
        if not comment.loud:
            out.print(f"  {comment.text(lang)}", markup=False)
    if loud := proposal.loud():
        err.print(words("check_these", lang), markup=False)
        for place, comment in loud:
            err.print(f"! {place + ': ' if place else ''}{comment.text(lang)}", markup=False)
    out.print(words("written", lang).format(file=to), markup=False)
    out.print(words("go_on", lang).format(file=to), markup=False)


def show_question(question: Question, lang: str) -> None:
    """A question with its numbered answers, on standard error like everything that is no result."""
    err.print(question.asks.text(lang), markup=False)
    for number, option in enumerate(question.options, start=1):
        err.print(f"  {number}. {option.label.text(lang)}", markup=False)


def prompt_of(question: Question, lang: str) -> str:
    """What stands before the answer."""
    from features.discovery.found import words

    return words("your_choice" if question.free else "your_number", lang)


def not_offered(answer: str, lang: str) -> None:
    """An answer that is none."""
    from features.discovery.found import words

    err.print(words("not_offered", lang).format(value=answer), markup=False)


def agreed(lang: str) -> bool:
    """Whether the rows are understood rightly."""
    from features.discovery.found import words

    return typer.confirm(words("all_right", lang), default=True)


def ask_column(columns: Sequence[str], seen: Sequence[FileFacts], lang: str) -> tuple[str | None, str]:
    """Which of our columns is wrong, and what it should be; None for none."""
    from features.discovery.found import words

    while True:
        listed = ", ".join(name for name in ASKABLE if name in columns or name == "amount")
        role = str(
            typer.prompt(words("which_column", lang).format(columns=listed), default="", show_default=False)
        ).strip()
        if not role:
            return None, ""
        if role not in ASKABLE:
            not_offered(role, lang)
            continue
        theirs = list(dict.fromkeys(name for facts in seen for name in facts.names))
        err.print(words("which_theirs", lang).format(role=role), markup=False)
        for number, name in enumerate([words("none_of_them", lang), *theirs]):
            err.print(f"  {number}. {name}", markup=False)
        answer = str(typer.prompt(words("your_number", lang))).strip()
        if answer.isdigit() and int(answer) <= len(theirs):
            return role, theirs[int(answer) - 1] if int(answer) else ""
        if answer in theirs:
            return role, answer
        not_offered(answer, lang)


def _show_mapping(proposal: Proposal, lang: str) -> None:
    from features.discovery.found import words

    columns = proposal.raw["data"]["transactions"].get("columns", {})
    table = Table()
    for key in ("head_ours", "head_theirs", "head_sure"):
        table.add_column(words(key, lang), overflow="fold")
    for role, name in columns.items():
        if name:
            said = proposal.comments.get(f"data.transactions.columns.{role}", [])
            table.add_row(role, name, "; ".join(comment.text(lang) for comment in said))
    if table.row_count:
        _print(table)


def _tables(proposal: Proposal) -> list[str]:
    return [
        f"{name} ({value['path']})"
        for name, value in proposal.raw["data"].items()
        if isinstance(value, dict) and "path" in value
    ]


def _print(table: Table) -> None:
    (out if out.is_terminal else Console(file=out.file, width=WIDE)).print(table)


def _cell(value: Any, zone: str, lang: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        local = local_time(value, zone)
        return local.date().isoformat() if local.time() == time() else local.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, Decimal):
        return formats.number(value, lang, 2)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    # what is in a file may carry signs of a terminal's own language
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"
