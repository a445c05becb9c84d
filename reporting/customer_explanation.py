"""One customer's page for the terminal, in either language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from configs.catalogue import Lang
from configs.catalogue import text as message
from reporting.customer_page import CustomerPage, ReasonLine, customer_page
from retention.profile.baseline import Baseline
from retention.wording import texts

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from retention.scoring.changes import Changes


def page(
    row: Mapping[str, Any] | pd.Series,
    baseline: Baseline,
    lang: Lang,
    *,
    currency: str | None = None,
    rules: Mapping[str, float] | None = None,
    changes: Changes | None = None,
    timezone: str = "UTC",
    facts: Mapping[str, Any] | None = None,
) -> RenderableType:
    """One customer's page for the terminal; arguments as for `customer_page`."""
    content = customer_page(
        row, baseline, lang, currency=currency, rules=rules, changes=changes, timezone=timezone, facts=facts
    )
    return render(content, lang)


def render(content: CustomerPage, lang: Lang) -> RenderableType:  # noqa: C901 – a page from top to bottom
    """A page as something that `rich.console.Console.print` prints."""
    from rich.console import Group
    from rich.markup import escape
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    words = texts(lang)["explain"]

    def heading(title: str) -> RenderableType:
        return Padding(Rule(Text(title, style="bold"), align="left", style="dim"), (1, 0, 0, 0))

    def section(name: str) -> RenderableType:
        return heading(str(words[name]))

    def grid() -> Table:
        table = Table.grid(padding=(0, 2))
        for place in range(3):
            table.add_column(overflow="fold", no_wrap=place == 0)
        return table

    figures = grid()
    for one in content.figures:
        figures.add_row(escape(one.name), f"[bold]{escape(one.value)}[/]", f"[dim]{escape(one.interval)}[/]")
    figures.add_row(words["stage"], f"[bold]{escape(content.stage)}[/]", f"[dim]{escape(content.stage_rule)}[/]")
    figures.add_row(
        words["member_level"], f"[bold]{escape(content.member)}[/]", f"[dim]{escape(content.member_rule)}[/]"
    )
    figures.add_row(words["segment"], escape(content.segment), "")
    figures.add_row(words["evidence"], escape(content.evidence), "")

    dimensions = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("dimension", "value", "tier", "evidence", "rule"):
        dimensions.add_column(str(words[name]), overflow="fold")
    known = [line for line in content.dimensions if line.known]
    missing = texts(lang)["format"]["list"].join(line.name for line in content.dimensions if not line.known)
    for line in known:
        dimensions.add_row(*(escape(cell) for cell in (line.name, line.value, line.tier, line.evidence, line.rule)))

    def add_reasons(table: Table, lines: tuple[ReasonLine, ...]) -> Table:
        marks = texts(lang)["reason"]
        for line in lines:
            mark = str(marks["actionable" if line.actionable else "fixed"])
            table.add_row(f"[bold]{escape(line.points)}[/]", escape(line.text), f"[dim]{escape(mark)}[/]")
        return table

    reasons = grid()
    if content.total:
        reasons.add_row(escape(content.base), escape(content.base_text), "")
    add_reasons(reasons, content.reasons)
    if content.total:
        reasons.add_row(escape(content.rest), str(words["rest"]), "")
        reasons.add_row(f"[bold]{escape(content.total)}[/]", f"[bold]{words['total']}[/]", "")
    parts: list[RenderableType] = [
        Text(content.title, style="bold"),
        Text(content.subtitle, style="dim"),
        *([Text(content.summary)] if content.summary else []),
        Padding(figures, (1, 0, 0, 0)),
        section("reasons"),
        reasons,
        Text(content.note, style="dim italic"),
    ]
    if content.value_reasons:
        parts += [section("lifetime_reasons"), add_reasons(grid(), content.value_reasons)]
    if content.warnings:
        parts += [section("warnings"), *(Text(f"• {line}") for line in content.warnings)]
    if content.notes:
        parts += [section("notes"), *(Text(f"• {line}") for line in content.notes)]
    if content.changes or content.since:
        lines = content.changes or (str(words["unchanged"]),)
        parts += [section("changes"), *([Text(content.since, style="dim")] if content.since else [])]
        parts += [Text(f"• {line}") for line in lines]
    if content.strategies:
        strategies = grid()
        for place, strategy in enumerate(content.strategies, start=1):
            strategies.add_row(f"{place}.", f"[bold]{escape(strategy.name)}[/]", escape(strategy.why))
        if content.strategies[-1].why_not_next:
            strategies.add_row("", "", f"[dim]{escape(content.strategies[-1].why_not_next)}[/]")
        parts += [section("strategies"), strategies]
    if content.attributes:
        person = grid()
        for fact in content.attributes:
            person.add_row(escape(fact.name), escape(fact.value), "")
        parts += [heading(message("attributes.title", lang)), person]
    parts += [section("dimension"), dimensions]
    if missing:
        parts.append(Text(str(words["missing"]).format(names=missing), style="dim"))
    return Group(*parts)
