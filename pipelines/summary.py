"""What a run says at its end, on standard output: figures, where the files are, what it means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs import formats
from configs.catalogue import text as message
from configs.settings import Settings
from configs.timestamps import format_moment
from features.ingestion.texts import SAID
from pipelines.console import err, out
from retention.wording import points_text

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.backtest import Evaluation
    from features.ingestion import DataReport
    from features.ingestion.report import TableReport
    from pipelines.results import Registered, Scored, Trained
    from retention.scoring.changes import Changes

SHOWN = 10
REASONS_SHOWN = 2


def _label(key: str, settings: Settings) -> str:
    return message(f"terminal.labels.{key}", settings.language)


def show_path(name: str, path: Path) -> None:
    """One line: what and where."""
    out.print(f"{name}: {path}", markup=False)


def show_ingest(report: DataReport, settings: Settings) -> None:
    """What came in, how it was understood, what was refused and why, what it is enough for."""
    for table in report.tables.values():
        for line in _remarks(table, settings.language):
            out.print(f"! {line}", markup=False)
    for finding in report.findings:
        out.print(f"{'!' if finding.loud else ' '} {finding.of(settings.language)}", markup=False)
    show_path(_label("data", settings), settings.work / "data_report.html")


def _remarks(table: TableReport, language: str) -> list[str]:
    """What was left out, and every reason for which rows of a table were set aside, most frequent first."""
    lines = [f"{table.name}: {text.of(language)}" for text in table.note_texts(SAID)]
    for item in table.refusals:
        value = "" if item.example_value is None else repr(item.example_value)
        said = message("terminal.labels.refused", language).format(
            count=formats.number(item.count, language),
            table=table.name,
            reason=item.text.of(language),
            place=f"{item.example_file}:{item.example_row}",
            value=" ".join(part for part in (item.field, value) if part),
        )
        lines.append(said.replace(" )", ")"))
    return lines


def show_warnings(report: DataReport, settings: Settings) -> None:
    """What looks wrong in the data, on standard error: results go to standard output."""
    for finding in report.loud():
        err.print(f"! {finding.of(settings.language)}", markup=False)


def show_evaluation(result: tuple[Evaluation, Path], settings: Settings) -> None:
    """Grade, the three figures that matter most, and where the report is."""
    from evaluation.texts import text
    from reporting.training_report import figure_line, headline

    evaluation, report = result
    letter = evaluation.letter
    said = message(f"terminal.grades.{letter}", settings.language)
    out.print(f"{_label('grade', settings)}: {letter} ({said})", markup=False)
    if letter != "A":
        reason = text(f"grade.{evaluation.content['grade']['reason']}", settings.language)
        out.print(f"{'!' if evaluation.fails else ' '} {reason}", markup=False)
    for figure in headline(evaluation.content):
        value, said = figure_line(figure, settings.language)
        out.print(f"  {value}  {said}", markup=False)
    show_path(_label("report", settings), report)


def show_gate(registered: Registered, settings: Settings) -> None:
    """What the gate decided, in one sentence, and the model's id."""
    decision = registered.decision
    said = decision.zh if settings.language == "zh" else decision.en
    out.print(f"{'! ' if decision.code.startswith('failed') else ''}{said}", markup=False)
    store = settings.bundle_store
    version = "" if registered.version is None else f", v{registered.version}"
    out.print(f"{_label('model', settings)}: {registered.bundle_id} ({store}{version})", markup=False)
    if decision.code.startswith("failed"):
        command = f"holdfast models promote {registered.bundle_id[:12]} --despite-grade"
        out.print(f"  {_label('despite', settings)}: {command}", markup=False)
        out.print(f"{_label('in_use', settings)}: {registered.in_use} ({store})", markup=False)


def show_training(trained: Trained, settings: Settings) -> None:
    """Evaluation and gate of a whole training run."""
    if trained.evaluation is not None and trained.report is not None:
        show_evaluation((trained.evaluation, trained.report), settings)
    else:
        out.print(f"{_label('grade', settings)}: {_label('untested', settings)}", markup=False)
    rhythm = trained.registered.meta["rhythm"]
    out.print(f"{'! ' if rhythm['warns'] else ''}{rhythm[settings.language]}", markup=False)
    show_gate(trained.registered, settings)


def show_scores(run: Scored, settings: Settings) -> None:
    """How many customers, what changed since the run before, and where the files are."""
    scores = run.scores
    moment = format_moment(scores["as_of"].iloc[0], settings.data.timezone)
    out.print(
        f"{formats.number(len(scores), settings.language)} {_label('customers', settings)} {moment}", markup=False
    )
    if run.changes is not None:
        for line in _changes(run.changes, settings):
            out.print(f"  {line}", markup=False)
    show_path(_label("scores", settings), run.path)
    show_path(_label("report", settings), run.report)


def _changes(changes: Changes, settings: Settings) -> list[str]:
    from retention.wording import texts

    lang = settings.language
    words = texts(lang)["changes"]
    moves = changes.comparison.tier_moves
    risk = moves[(moves["dimension"] == "churn_risk") & (moves["before"] != moves["after"])]
    into, out_of = (int(risk.loc[risk[side] == "high", "customers"].sum()) for side in ("after", "before"))
    lines = [words["since"].format(date=formats.day(changes.before["as_of"].iloc[0], lang))]
    lines.append(
        message("terminal.labels.moves", lang).format(
            into=formats.number(into, lang), out_of=formats.number(out_of, lang)
        )
    )
    return [*lines, *(words["note"].format(text=words["codes"][code]) for code in changes.codes)]


def show_customers(scores: pd.DataFrame, settings: Settings) -> None:
    """The customers with the most expected loss, each with figures, reasons and the first strategy."""
    value = scores["lifetime_value"].fillna(scores["expected_spend"]).fillna(scores["expected_orders"])
    ranked = scores.assign(at_stake=value * scores["churn_probability"])
    top = ranked.sort_values(["at_stake", "customer_id"], ascending=[False, True]).head(SHOWN)
    lang = settings.language
    out.print(f"\n{message('terminal.labels.most', lang, days=settings.targets.horizon_days)}", markup=False)
    for place, row in enumerate(top.to_dict("records"), start=1):
        for line in _lines(place, row, settings):
            out.print(line, markup=False)
    out.print()


def _lines(place: int, row: Mapping[Any, Any], settings: Settings) -> list[str]:
    lang = settings.language

    def money(name: str) -> str:
        return formats.money(float(row[name]), lang, settings.data.currency)

    figures = [
        f"{_label('customer', settings)} {row['customer_id']}",
        f"{_label('churn', settings)} {formats.percent(row['churn_probability'], lang)}",
        f"{_label('spend', settings)} {money('expected_spend')}",
        f"{_label('lifetime', settings)} {money('lifetime_value')} "
        f"({money('lifetime_value_low')}–{money('lifetime_value_high')})",
    ]
    reasons = [reason for reason in row["reasons"] if reason["points"] is not None][:REASONS_SHOWN]
    strategies = row["strategies"]
    lines = [f"{place:2}. {' · '.join(figures)}"]
    colon = "：" if lang == "zh" else ": "
    lines += [
        f"    {_label('why', settings)} {points_text(one['points'], lang, signed=True)}{colon}{one[f'text_{lang}']}"
        for one in reasons
    ]
    if strategies:
        first, what = strategies[0], str(strategies[0][f"why_{lang}"])
        for one in reasons:  # told in the lines above already
            what = what.removeprefix(one[f"text_{lang}"]).lstrip()
        lines.append(f"    {_label('what', settings)}{colon}{first[f'name_{lang}']} – {what}")
    return lines
