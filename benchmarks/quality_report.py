"""The quality benchmark in words: tables on the terminal, and docs/benchmarks.md with its plot.

Both are pure functions of a result, so the page can be written again from the record alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality_peers import ORACLE, PEERS, TITLES
from benchmarks.quality_tasks import LOG_TITLES
from benchmarks.quality_verdict import MEASURES, MIN_SEEDS, OURS
from configs.errors import SettingsError
from configs.files import Content, write_set

PAGE, PLOT = "benchmarks.md", "benchmarks.svg"
METHOD = Path(__file__).with_name("quality_method.md")
TRIED = Path(__file__).with_name("quality_tried.md")
SIGNED = {"orders_bias", "spend_bias", "lifetime_bias"}
PERCENT = {*SIGNED, "lifetime_coverage"}
COLUMNS = [name for name in MEASURES if name != "lifetime_coverage"]
BARS = """\
The bars: AUC, log loss and spend Gini at least as good as the best peer; AUC within 0.003 of the oracle; ECE at most
0.03; orders within 10 %, spend within 15 % in total; decile error of spend at most 0.20; the 80 % interval of lifetime
value covers 76 to 84 %. *Chance* beside the ECE is what probabilities that are exactly right would show on so many
customers."""
CHANCE = """\
*By chance?* compares with the best peer on the same customers, drawn anew 200 times: *yes* where the 90 % interval of
the difference holds zero, so that this log cannot tell the two apart."""
SECONDS = """\
*Train + score* is the training set, the fit, the features of the moment and the predictions; `holdfast train` adds the
test out of time, which fits a second time. Ingestion is done once per log."""
METHODS = (OURS, *PEERS, ORACLE)


def method_title(name: str) -> str:
    """A method's name in the tables."""
    return "Holdfast" if name == OURS else TITLES[name]


def shown(name: str, value: float | None) -> str:
    """A figure as the tables show it.

    Examples
    --------
    >>> shown("auc", 0.78123), shown("orders_bias", 0.0512), shown("lifetime_coverage", 0.8), shown("ece", None)
    ('0.781', '+5 %', '80 %', '–')
    >>> shown("spend_bias", -0.001)
    '0 %'
    """
    if value is None:
        return "–"
    if name in PERCENT:
        percent = round(100 * value)
        return f"{percent:+d} %" if name in SIGNED and percent else f"{percent} %"
    return f"{value:.4f}" if name == "log_loss" else f"{value:.3f}"


def quality_tables(result: Mapping[str, Any]) -> list[Any]:
    """The result as rich tables: one per task, and the bars that are missed."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    def table(title: str, first: str, *headings: str) -> Any:
        made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        made.add_column(first, no_wrap=True)
        for heading in headings:
            made.add_column(heading)
        return made

    tables = []
    for name, task in result["tasks"].items():
        figures = table(f"{name}: {task['title']}", "", *(MEASURES[column][0] for column in COLUMNS))
        for method in METHODS:
            if method in task["figures"]:
                cells = [shown(column, task["figures"][method].get(column)) for column in COLUMNS]
                figures.add_row(method_title(method), *cells)
        tables.append(figures)
    bars = table("Bars", "task", "bar", "figure", "to be met", "")
    for name, task in result["tasks"].items():
        for bar in task["verdict"]:
            value, wanted = _bar_figures(bar)
            bars.add_row(name, bar["text"], value, wanted, "met" if bar["met"] else _missed(bar))
    tables.append(bars)
    return tables


def write_page(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the page and its plot; returns both files."""
    from benchmarks.quality_plot import quality_plot

    check_page(folder)
    files: dict[Path, Content] = {
        folder / PAGE: page(result).encode(),
        folder / PLOT: quality_plot(result).encode(),
    }
    write_set(files)
    return list(files)


def check_page(folder: Path) -> None:
    """Refuse a folder whose page was not written by `write_page`.

    Raises
    ------
    SettingsError
        There is another file of that name.
    """
    path, title = folder / PAGE, METHOD.read_text(encoding="utf-8").strip().splitlines()[0]
    if path.exists() and not path.read_bytes().startswith(title.encode()):
        raise SettingsError("benchmark_report_not_ours", code="out_not_ours", value=str(path))


def page(result: Mapping[str, Any]) -> str:
    """docs/benchmarks.md."""
    parts = [_head(result), _summary(result), _misses(result), _tasks(result), _speed(result), _left_out(result)]
    return "\n\n".join(part for part in [*parts, TRIED.read_text(encoding="utf-8").strip()] if part) + "\n"


def _head(result: Mapping[str, Any]) -> str:
    seeds = min((task["seeds"] for task in result["tasks"].values()), default=0)
    if seeds >= MIN_SEEDS:
        repeated = f"Every task was fitted with at least {seeds} seeds; the tables show the default seed."
    else:
        repeated = "Some tasks were fitted with fewer than three seeds: the figures are a look, not a record."
    return METHOD.read_text(encoding="utf-8").strip().replace("{repeated}", repeated)


def _summary(result: Mapping[str, Any]) -> str:
    met = sum(bar["met"] for task in result["tasks"].values() for bar in task["verdict"])
    total = sum(len(task["verdict"]) for task in result["tasks"].values())
    lines = [
        "## In short",
        f"{met} of {total} bars are met. A cell shows Holdfast's figure; **bold** misses its bar.",
        "",
        "| task | AUC (best peer, oracle) | log loss (best peer) | ECE (chance) | orders bias | spend Gini (best peer) "
        "| spend bias | spend decile error | lifetime interval |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, task in result["tasks"].items():
        lines.append(f"| {name} | " + " | ".join(_summary_cells(task)) + " |")
    lines += [
        "",
        BARS,
        "",
        f"![Holdfast and its peers per task and measure]({PLOT})",
    ]
    return "\n".join(lines)


def _summary_cells(task: Mapping[str, Any]) -> list[str]:
    ours, bars = task["figures"][OURS], {bar["code"]: bar for bar in task["verdict"]}

    def cell(name: str, *codes: str, aside: str = "") -> str:
        text = shown(name, ours.get(name))
        missed = any(not bars[code]["met"] for code in codes if code in bars)
        return (f"**{text}**" if missed else text) + (f" ({aside})" if aside else "")

    def best(code: str, name: str) -> str:
        return shown(name, bars[code]["bar"]) if code in bars else ""

    oracle = task["figures"].get(ORACLE, {}).get("auc")
    ceilings = [text for text in (best("auc_peer", "auc"), shown("auc", oracle) if oracle is not None else "") if text]
    return [
        cell("auc", "auc_peer", "auc_oracle", aside=", ".join(ceilings)),
        cell("log_loss", "log_loss_peer", aside=best("log_loss_peer", "log_loss")),
        cell("ece", "ece", aside=shown("ece", task.get("ece_by_chance"))),
        cell("orders_bias", "orders_bias"),
        cell("spend_gini", "spend_gini_peer", aside=best("spend_gini_peer", "spend_gini")),
        cell("spend_bias", "spend_bias"),
        cell("spend_decile_error", "spend_decile_error"),
        cell("lifetime_coverage", "lifetime_coverage"),
    ]


def _misses(result: Mapping[str, Any]) -> str:
    lines = []
    for name, task in result["tasks"].items():
        for bar in task["verdict"]:
            if not bar["met"]:
                value, wanted = _bar_figures(bar)
                lines.append(f"| {name} | {bar['text']} | {value} | {wanted} | {_chance(bar)} |")
    if not lines:
        return ""
    head = [
        "## Bars that are missed",
        CHANCE,
        "",
        "| task | bar | Holdfast | to be met | by chance? |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *lines])


def _bar_figures(bar: Mapping[str, Any]) -> tuple[str, str]:
    name = bar["code"].removesuffix("_peer").removesuffix("_oracle")
    if name == "seconds":
        return f"{bar['value']:.0f} s", f"{bar['bar']:.0f} s"
    if bar["of"] is None:
        return shown(name, bar["value"]), shown(name, bar["bar"]).lstrip("+")
    # Next to another's figure the last digit counts.
    return f"{bar['value']:.4f}", f"{bar['bar']:.4f} ({method_title(bar['of'])})"


def _missed(bar: Mapping[str, Any]) -> str:
    return "missed, within chance" if _chance(bar) == "yes" else "missed"


def _chance(bar: Mapping[str, Any]) -> str:
    if bar.get("by_chance") is None:
        return ""
    return "yes" if bar["by_chance"] else "no"


def _tasks(result: Mapping[str, Any]) -> str:
    parts = ["## Every task"]
    for name, task in result["tasks"].items():
        parts.append(_task(name, task))
    return "\n\n".join(parts)


def _task(name: str, task: Mapping[str, Any]) -> str:
    active = task["customers"] - (task["totals"]["churned"] or 0)
    lines = [
        f"### {name}",
        f"{LOG_TITLES.get(task['log'], task['log'])}; as of {task['as_of']}, {task['horizon_days']} days; "
        f"{task['customers']:,} customers, {active / task['customers']:.0%} active.".replace("%", " %"),
        "",
        "| | " + " | ".join(MEASURES[column][0] for column in COLUMNS) + " |",
        "|---|" + "---|" * len(COLUMNS),
    ]
    for method in METHODS:
        if method in task["figures"]:
            cells = [shown(column, task["figures"][method].get(column)) for column in COLUMNS]
            title = _emphasised(method)
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    if any(value for value in task["spread"].values()):
        cells = [_spread(column, task["spread"].get(column)) for column in COLUMNS]
        lines.append(f"| deviation over {task['seeds']} seeds | " + " | ".join(cells) + " |")
    lines += ["", *_remarks(task)]
    return "\n".join(lines).rstrip()


def _emphasised(method: str) -> str:
    title = method_title(method)
    return f"**{title}**" if method == OURS else f"*{title}*" if method == ORACLE else title


def _remarks(task: Mapping[str, Any]) -> list[str]:
    ours = task["figures"][OURS]
    remarks = []
    if ours.get("lifetime_coverage") is not None:
        remarks.append(
            f"Lifetime value over {task['lifetime_days']} days: the {task['interval']:.0%} interval covers "
            f"{ours['lifetime_coverage']:.1%}, total {shown('lifetime_bias', ours.get('lifetime_bias'))}.".replace(
                "%", " %"
            ).replace("  %", " %")
        )
    grades = ", ".join(f"{grade} {count:,}" for grade, count in sorted(task["evidence"].items()))
    if grades:
        remarks.append(f"Evidence grades given: {grades}.")
    for method, reason in task["unanswered"].items():
        remarks.append(f"No answer by {method_title(method)}: {reason}.")
    return [" ".join(remarks)] if remarks else []


def _spread(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if name in PERCENT else f"{value:.4f}"


def _speed(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    methods = [name for name in METHODS[1:] if any(name in task["seconds"] for task in result["tasks"].values())]
    lines = [
        "## Seconds",
        f"On {machine['cores']} cores with {machine['memory_gb']:g} GB.",
        SECONDS,
        "",
        "| task | ingestion | train + score | " + " | ".join(method_title(name) for name in methods) + " |",
        "|---|---|---|" + "---|" * len(methods),
    ]
    for name, task in result["tasks"].items():
        seconds = task["seconds"]
        cells = [f"{seconds[key]:.1f}" if key in seconds else "–" for key in ("ingestion", "train_and_score", *methods)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _left_out(result: Mapping[str, Any]) -> str:
    if not result["skipped"]:
        return ""
    rows = [f"* {name}: {reason}." for name, reason in result["skipped"].items()]
    return "\n".join(["## Left out in this run", *rows])
