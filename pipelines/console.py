"""What a person sees in the terminal: progress, tables, errors. Quiet and plain in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from configs.catalogue import Lang, Phrase
from configs.errors import HoldfastError
from configs.messages import error_sentence

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


_chosen: list[Lang] = ["en"]


def speak(language: Lang) -> None:
    """Choose the language of steps and errors for this process."""
    _chosen[:] = [language]


def language() -> Lang:
    """The language chosen."""
    return _chosen[0]


def in_language(text: str) -> str:
    """Words in the language chosen, where they have it."""
    return text.of(_chosen[0]) if isinstance(text, Phrase) else text


def note(text: str) -> None:
    """Say something that the reader should know beside the result, on standard error."""
    word = "注意：" if _chosen == ["zh"] else "Note: "
    err.print(f"{word}{in_language(text)}{'。' if _chosen == ['zh'] else '.'}", markup=False)


class ConsoleProgress:
    """Bars on a terminal, one plain line per step in a pipe; both on standard error."""

    def __init__(self) -> None:
        self._depth = 0

    @contextmanager
    def step(self, text: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show a step while it runs; steps inside steps are shown on terminals only by their own bar."""
        if not err.is_terminal or self._depth:
            if not self._depth:
                err.print(in_language(text), markup=False)
            self._depth += 1
            try:
                yield lambda done: None
            finally:
                self._depth -= 1
            return
        columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
        if total is not None:
            columns.append(MofNCompleteColumn())
        self._depth += 1
        try:
            with RichProgress(*columns, TimeElapsedColumn(), console=err, transient=False) as bars:
                task = bars.add_task(in_language(text), total=total)
                yield lambda done: bars.update(task, advance=done)
                if total is None:
                    bars.update(task, total=1, completed=1)
        finally:
            self._depth -= 1


def show_error(error: HoldfastError) -> None:
    """A sentence with the remedy and the code to look it up for each thing that is wrong, worst first."""
    language = _chosen[0]
    word = "错误" if language == "zh" else "Error"
    for one in error.all():
        err.print(f"[bold red]{word}[/] \\[{one.code}] ", end="")
        err.print(error_sentence(one, language), markup=False)
