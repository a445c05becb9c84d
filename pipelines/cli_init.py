"""The verb `init`: looks at files, shows how they are understood, asks what is open, writes `holdfast.yaml`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.catalogue import phrase
from configs.errors import DataError, SettingsError
from configs.files import write_bytes_atomic
from configs.settings import Settings, load_settings
from pipelines import init_view
from pipelines.console import ConsoleProgress, language, speak
from pipelines.options import DEFAULT_CONFIG, Lang, example

if TYPE_CHECKING:
    from features.discovery import Comment, Proposal, Question, Understood
    from features.discovery.profile import FileFacts

RESTARTED = ("order_numbers_restart", "order_numbers_shared")
"""Codes with which the ingest asks whether order numbers start again."""
SHORTEST, USUAL = 14, 90
"""Days of the horizon where the log tells no rhythm: at least, and at most."""


def init(
    files: Annotated[list[Path], typer.Argument(help="Files or folders: orders, and whatever else there is.")],
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take the likeliest, and say what is open.")
    ] = False,
    to: Annotated[Path, typer.Option("--out", help="The settings file to write.")] = DEFAULT_CONFIG,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a settings file that is there.")] = False,
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", min=1, max=3650, help="Days to look ahead; default by the rhythm of buying."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Look at your files, show how they are understood, ask what is open, and write the settings for them."""
    from features.discovery import look_at, looking
    from features.discovery.propose import find_files

    if lang is not None:
        speak(lang)
    if to.exists() and not force:
        raise SettingsError("init_file_exists", file=str(to))
    if not yes and not can_ask():
        raise SettingsError("init_needs_answers")
    # a till's clock may be ahead of this one by a zone
    today = datetime.now(tz=UTC).replace(tzinfo=None) + timedelta(days=1)
    with looking(2) as look:
        with ConsoleProgress().step(phrase("steps.look_at_files")):
            seen, told = look_at(find_files(files), look, today)
        proposal, understood = _settle(seen, told, to, yes=yes)
    _targets(proposal, understood, horizon)
    names = ", ".join(path.name for path in files)
    text = _text(proposal, names)
    _tried(text, to)
    write_bytes_atomic(to, text.encode())
    init_view.show_end(proposal, to, language())
    if understood.stopped is not None:
        init_view.show_stopped(understood.stopped, language())
        raise typer.Exit(1)


def add_init(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(epilog=example("holdfast init orders.csv customers.csv"))(init)


def can_ask() -> bool:
    """Whether a person is there to answer."""
    return sys.stdin.isatty()


def _settle(seen: Sequence[FileFacts], told: Sequence[Comment], to: Path, *, yes: bool) -> tuple[Proposal, Understood]:
    """Propose, ask, show, until everything is answered and the rows are understood rightly."""
    from features.discovery import propose, understand
    from features.discovery.propose import tell

    chosen: dict[str, str] = {}
    while True:
        proposal = tell(list(told), propose(list(seen), to.resolve().parent, chosen))
        question = next((question for question in proposal.questions if question.key not in chosen), None)
        if question is not None and question.needed and yes:
            raise DataError(
                "column_not_found",
                code="column_not_found",
                field=question.key,
                file=question.asks.values["file"],
                column=question.key.removeprefix("columns."),
            )
        if question is not None and not yes:
            chosen[question.key] = _ask(question)
            continue
        if language() == "zh":
            proposal.raw["language"] = "zh"
        settings = _tried(_text(proposal, ""), to)
        with ConsoleProgress().step(phrase("steps.try_settings_on_log")):
            understood = understand(settings)
        if understood.stopped is not None and understood.stopped.code in RESTARTED and "order_numbers" not in chosen:
            chosen["order_numbers"] = "restart" if yes else _ask(_numbers_question())
            continue
        init_view.show_understood(proposal, understood, settings, language())
        if yes or init_view.agreed(language()):
            return proposal, understood
        role, name = init_view.ask_column(understood.columns, list(seen), language())
        if role is None:
            return proposal, understood
        chosen[f"columns.{role}"] = name


def _numbers_question() -> Question:
    """Whether order numbers are used again: asked only where the ingest finds it so."""
    from features.discovery import Comment, Option, Question

    options = tuple(Option(answer, Comment(f"option_{answer}")) for answer in ("restart", "unique"))
    return Question("order_numbers", Comment("ask_order_numbers"), options)


def _ask(question: Question) -> str:
    """One question, answered by a number or, where that is allowed, in own words."""
    lang = language()
    init_view.show_question(question, lang)
    default = None if question.needed else "1"
    while True:
        answer = str(typer.prompt(init_view.prompt_of(question, lang), default=default)).strip()
        if answer.isdigit() and 1 <= int(answer) <= len(question.options):
            return question.options[int(answer) - 1].value
        if any(answer == option.value for option in question.options):
            return answer
        if question.free and not answer.isdigit() and _possible(question.key, answer):
            return answer
        init_view.not_offered(answer, lang)


def _possible(key: str, answer: str) -> bool:
    """Whether an answer in own words can be one."""
    if key == "timezone":
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        with suppress(ZoneInfoNotFoundError, ValueError):
            ZoneInfo(answer)
            return True
        return False
    return key != "currency" or (len(answer) == 3 and answer.isascii() and answer.isalpha())


def _targets(proposal: Proposal, understood: Understood, horizon: int | None) -> None:
    """The horizon: as given, or what the rhythm of buying asks for."""
    from evaluation.rhythm import LENGTHS, days_needed, find_rhythm
    from features.discovery import Comment

    if horizon is not None:
        proposal.set("targets.horizon_days", horizon)
        return
    days = USUAL
    if understood.last is not None and len(understood.orders):
        rhythm = find_rhythm(understood.orders, understood.last + timedelta(seconds=1), USUAL)
        possible = [length for length in LENGTHS if days_needed(length) <= rhythm.log_days and length <= USUAL]
        days = rhythm.recommended_days or max(possible, default=SHORTEST)
        told = find_rhythm(understood.orders, understood.last + timedelta(seconds=1), days)
        comment = Comment("horizon", {"sentence": told.sentence(language())})
        proposal.set("targets.horizon_days", days, comment)
        return
    proposal.set("targets.horizon_days", days)


def _text(proposal: Proposal, names: str) -> str:
    from features.discovery import settings_text

    return settings_text(proposal, language(), files=names)


def _tried(text: str, to: Path) -> Settings:
    """The text as settings, read the way every verb reads them, from where the file will be."""
    to.parent.mkdir(parents=True, exist_ok=True)
    aside = to.with_name(f".{to.stem}.tmp.{os.getpid()}{to.suffix}")
    try:
        aside.write_text(text, encoding="utf-8")
        return load_settings(aside)
    finally:
        aside.unlink(missing_ok=True)
