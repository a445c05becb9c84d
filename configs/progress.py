"""How long work tells how far it is, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """One method: announce a step; call what it yields with the number of units done since the last call."""

    def step(self, text: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        """Enter a step of `total` units (None: unknown); leaving it means done.

        `text` is a `configs.catalogue.Phrase` where the step has words in both languages.
        """
        ...


class _Silent:
    @contextmanager
    def step(self, text: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        yield lambda done: None


SILENT: Progress = _Silent()
"""Listens to nothing: the default below the command line."""
