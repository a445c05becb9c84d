"""Verbs for the people who act: who to contact, which audience to export, what is bought, where satisfaction falls."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from configs import formats
from configs.catalogue import Phrase, pairs, phrase, text
from configs.errors import SettingsError
from configs.settings import Settings, load_settings
from pipelines.console import ConsoleProgress, note, out
from pipelines.options import DEFAULT_CONFIG, AsOf, Config, Lang, example, list_file, table_file

if TYPE_CHECKING:
    import pandas as pd

    from retention.contacts.work_list import WorkList

View = Literal["demand", "satisfaction", "figures", "effects", "moves"]
SHOWN = 20
COLUMN, WIDE = 10, 1_000
"""Characters that a column needs on a terminal to be read; width of a table in a pipe."""
Out = Annotated[
    Path | None, typer.Option("--out", callback=table_file, help="Also write everything to this CSV or Parquet file.")
]
Scores = Annotated[Path | None, typer.Option("--scores", help="Scores to work from; default those of the last run.")]


def worklist(
    config: Config = DEFAULT_CONFIG,
    scores: Scores = None,
    budget: Annotated[float | None, typer.Option("--budget", min=0, help="Money for contacts and offers.")] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", min=0, max=24, help="Hours a day of each owner; default in the settings.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=60, help="Working days; default in the settings.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="First day; default the day of the scores.")] = None,
    to: Annotated[
        Path | None, typer.Option("--out", callback=list_file, help="Also write the list: .xlsx or .csv for people.")
    ] = None,
    lang: Lang = None,
) -> None:
    """Who to contact, on which day, with what and why, within hours and budget; a random share is left alone."""
    from pipelines.work import put_list, work_list

    settings = _settings(config, to)
    given: dict[str, Any] = {
        "budget": budget,
        "days": days,
        "hours_per_day": hours,
        "hours_of": None if hours is None else {},
    }
    limits = settings.worklist.model_copy(update={name: one for name, one in given.items() if one is not None})
    settings = settings.model_copy(update={"worklist": limits, "language": lang or settings.language})
    found, people = work_list(settings, scores, None if start is None else _day(start), ConsoleProgress())
    language = settings.language
    names = [
        "due",
        "owner",
        "customer_id",
        f"name_{language}",
        "channel",
        "minutes",
        "cost",
        f"why_{language}",
    ]
    _show(found.rows[names], None, settings)
    if to is not None:
        put_list(settings, found, people, to)
        _say(phrase("notes.rows_written", count=len(found.rows), path=to), language)
    if found.priced:
        _say(
            phrase(
                "notes.plan_by_profit",
                contacts=len(found.rows),
                hours=found.staff_hours,
                cost=found.cost,
                profit=_profit(found),
                more=found.value_of_next_hour,
                held=len(found.held_out),
                left=len(found.left_out),
            ),
            language,
        )
    else:
        _say(
            phrase(
                "notes.plan_by_risk",
                contacts=len(found.rows),
                hours=found.staff_hours,
                cost=found.cost,
                held=len(found.held_out),
                left=len(found.left_out),
            ),
            language,
        )
    if found.duties_left:
        note(phrase("notes.duties_left", count=found.duties_left))


def outcomes(
    file: Annotated[Path, typer.Argument(help="A work list that was filled in: .xlsx or .csv, in either language.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take back a work list that was filled in: contacts, what came of them, why customers leave, false alarms."""
    from pipelines.feedback import record_outcomes

    settings = load_settings(config)
    done = record_outcomes(settings, file, ConsoleProgress())
    language = settings.language
    counts = [
        f"{words[language == 'zh']} {done.outcomes[code]}"
        for code, words in pairs("worklist", "outcomes").items()
        if done.outcomes[code]
    ]
    told = text("words.format.list", language).join(counts) or phrase("notes.nothing_new").of(language)
    _say(
        phrase(
            "notes.outcomes_recorded",
            count=done.outcomes.total(),
            told=told,
            known=done.known,
            corrected=done.corrected,
        ),
        language,
    )


def plan(
    config: Config = DEFAULT_CONFIG,
    scores: Scores = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="Days ahead.")] = 30,
    start: Annotated[str | None, typer.Option("--start", help="First day; default the day of the scores.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Whose holidays are greeted: CN, GB …")] = None,
    to: Out = None,
) -> None:
    """Dated contacts: birthdays, holidays, visits, renewals, expiring points and trainings of the coming days."""
    from pipelines.actions import planned_contacts

    settings = _settings(config, to)
    first = None if start is None else _day(start)
    _show(planned_contacts(settings, scores, first, days, country, ConsoleProgress()), to, settings)


def audience(
    segment: Annotated[str, typer.Argument(help="Code of a segment in segments.yaml.")],
    to: Annotated[Path, typer.Option("--out", callback=table_file, help="CSV or Parquet file to write.")],
    config: Config = DEFAULT_CONFIG,
    scores: Scores = None,
    channel: Annotated[str, typer.Option("--channel", help="Channel the consent must cover.")] = "email",
    hashed: Annotated[
        bool, typer.Option("--hashed", help="Only hashed e-mail and phone, as advertising platforms match them.")
    ] = False,
    calling_code: Annotated[
        str | None, typer.Option("--calling-code", help="Country of phone numbers that name none: 86, 44 …")
    ] = None,
) -> None:
    """Export the customers of a segment who agreed to be approached through a channel."""
    from pipelines import outputs
    from pipelines.actions import last_scores, profile_and_contacts
    from pipelines.arms import arms_of
    from retention.contacts.hashed import Hashes
    from retention.contacts.segments import choose_audience, load_segments

    settings = _settings(config, to)
    table = last_scores(settings, scores, ConsoleProgress())
    profile, _ = profile_and_contacts(settings, table["as_of"].max())
    code = None if calling_code is None else _calling_code(calling_code)
    how: dict[str, Any] = {"columns": Hashes(code)} if hashed else {}
    rows, done = choose_audience(
        table,
        load_segments(settings),
        segment,
        to,
        channel=channel,
        profile=profile,
        assignment=arms_of(settings, table),
        **how,
    )
    outputs.put_table(settings, rows, to)
    words, language = pairs("notes", "left_out"), settings.language
    counts = [f"{words[reason][language == 'zh']} {count}" for reason, count in done.left_out.items() if count]
    left = text("words.format.list", language).join(counts) or phrase("notes.nobody")
    _say(
        phrase(
            "notes.audience_written",
            written=done.written,
            members=done.members,
            segment=segment,
            path=done.path,
            left=left,
        ),
        settings.language,
    )


def view(
    what: Annotated[View, typer.Argument(help="Which view.")],
    config: Config = DEFAULT_CONFIG,
    as_of: AsOf = None,
    scores: Scores = None,
    to: Out = None,
) -> None:
    """What segments buy, where satisfaction falls, carts and conversion, what strategies brought, who moved tier."""
    from pipelines.actions import figure_rules, view_table

    settings = _settings(config, to)
    found = view_table(settings, what, as_of, scores, ConsoleProgress())
    if what == "figures":
        from retention.profile.company_figures import figure_notes, figures_in_words

        _show(figures_in_words(found, settings.language), to, settings, whole=found)
        for note in figure_notes(found, settings.language, figure_rules(settings)):
            out.print(note, markup=False)
        return
    _show(_in_words(what, found, settings), to, settings, whole=found)


def _in_words(what: str, found: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """A view as it is read in the terminal."""
    from pipelines.actions import names_of_items
    from pipelines.views import told_demand, told_satisfaction
    from retention.contacts.segments import load_segments

    language, data = settings.language, settings.data
    if what == "demand":
        return told_demand(found, load_segments(settings), names_of_items(settings), language, data.currency)
    if what == "satisfaction":
        return told_satisfaction(found, language, data.currency, data.timezone)
    told = ["customer_id", "dimension", *(f"{name}_{language}" for name in ("before", "after", "why"))]
    return found[told] if what == "moves" else found


def next_product(
    customer_id: Annotated[str | None, typer.Argument(help="One customer; default all.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_of: AsOf = None,
    item: Annotated[Literal["product_id", "category"], typer.Option("--item", help="What to offer.")] = "product_id",
    to: Out = None,
) -> None:
    """The next products or categories to offer, from what was bought together and the customer's own history."""
    from pipelines.actions import next_products

    settings = _settings(config, to)
    found = next_products(settings, customer_id, as_of, item, ConsoleProgress())
    _show(found[["customer_id", "rank", "name", f"text_{settings.language}"]], to, settings, whole=found)


def add_actions(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command(epilog=example("holdfast worklist --budget 500 --hours 4 --out worklist.xlsx"))(worklist)
    app.command(epilog=example("holdfast outcomes worklist.xlsx"))(outcomes)
    app.command(epilog=example("holdfast plan --days 30 --country CN"))(plan)
    app.command(epilog=example("holdfast audience champions --channel ads --hashed --out champions.csv"))(audience)
    app.command(epilog=example("holdfast view satisfaction"))(view)
    app.command("next-product", epilog=example("holdfast next-product 17850 --item category"))(next_product)


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise SettingsError("start_not_a_date", value=given) from None


def _calling_code(given: str) -> str:
    """The digits of a country's code, written with or without a plus sign or zeros."""
    digits = given.removeprefix("+").removeprefix("00")
    if not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 3 and digits[0] != "0"):
        raise SettingsError("calling_code_impossible", value=given)
    return digits


def _settings(config: Path, to: Path | None) -> Settings:
    """The settings, and the file to write refused before any work is done."""
    from pipelines import outputs

    settings = load_settings(config)
    if to is not None:
        outputs.check_out(settings, [to])
    return settings


def _show(table: pd.DataFrame, to: Path | None, settings: Settings, *, whole: pd.DataFrame | None = None) -> None:
    """The first rows, with as many columns as a terminal can show; everything in the file, if one is asked for."""
    from pipelines import outputs

    language = settings.language
    other = "_en" if language == "zh" else "_zh"
    names = [str(name) for name in table.columns if not str(name).endswith(other)]
    room = out.width // COLUMN if out.is_terminal else len(names)
    shown = Table()
    for name in names[:room]:
        shown.add_column(name, overflow="fold")
    for row in table[names[:room]].head(SHOWN).itertuples(index=False):
        shown.add_row(*(_cell(value, language) for value in row))
    (out if out.is_terminal else Console(file=out.file, width=WIDE)).print(shown)
    if names[room:]:
        _say(phrase("notes.further_columns", names=", ".join(names[room:])), language)
    if to is None:
        return
    complete = table if whole is None else whole
    outputs.put_table(settings, complete, to)
    _say(phrase("notes.rows_written", count=len(complete), path=to), language)


def _profit(found: WorkList) -> Phrase:
    """What a list should bring: what was measured and the range of what was not, never added up."""
    measured = float(found.measured_profit or 0.0)
    if found.believed_profit is None:
        return phrase("notes.profit_measured", measured=measured)
    low, high = found.believed_profit
    if not measured:
        return phrase("notes.profit_believed", low=low, high=high)
    return phrase("notes.profit_both", measured=measured, low=low, high=high)


def _say(words: Phrase, language: str) -> None:
    out.print(words.of(language), markup=False)


def _cell(value: Any, language: str) -> str:
    if isinstance(value, float):
        return formats.number(value, language, 2)
    if value is None or value != value:  # NaT is a datetime, and not itself
        return formats.UNKNOWN
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)
