"""What was found, how sure it is and what is left open: plain values, told in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from configs import formats
from configs.catalogue import text


@dataclass(frozen=True)
class Figure:
    """A number that a sentence holds, written as the sentence's language writes numbers.

    Attributes
    ----------
    digits : int
        Decimals.
    is_share : bool
        Whether it is shown in per cent.
    is_least : bool
        Whether there may be more than was counted.
    """

    value: float
    digits: int = 0
    is_share: bool = False
    is_least: bool = False

    def text(self, language: str) -> str:
        """The number in `en` or `zh`."""
        form = formats.percent if self.is_share else formats.number
        return form(self.value, language, self.digits) + ("+" if self.is_least else "")


def in_percent(value: float, digits: int = 0) -> Figure:
    """A share of one, shown in per cent."""
    return Figure(value, digits, is_share=True)


@dataclass(frozen=True)
class Comment:
    """A sentence by its key in `configs/texts/init.yaml`, with what is filled in.

    Attributes
    ----------
    sure : float
        From 0 (open) to 1.
    loud : bool
        Whether being wrong here would change the results without a trace, so that it is said on the console too.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    sure: float = 1.0
    loud: bool = False

    def text(self, language: str) -> str:
        """The sentence in `en` or `zh`."""
        values = {
            name: value.text(language) if isinstance(value, (Comment, Figure)) else value
            for name, value in self.values.items()
        }
        return words(self.key, language).format(**values)


@dataclass(frozen=True)
class Option:
    """One answer to a question: the value that is kept and how it is shown."""

    value: str
    label: Comment


@dataclass(frozen=True)
class Question:
    """What the data does not decide: the likeliest option first.

    Attributes
    ----------
    free : bool
        Whether another answer than the options may be given.
    needed : bool
        Whether nothing can be done without an answer: no option is taken by itself.
    """

    key: str
    asks: Comment
    options: tuple[Option, ...]
    free: bool = False
    needed: bool = False


@dataclass
class Proposal:
    """A settings file to be.

    Attributes
    ----------
    raw : dict
        What `holdfast.yaml` will say, nested, with the paths as they were given.
    comments : dict
        Place (``data.transactions.columns.amount``) → what is said there.
    said : list of Comment
        What concerns no single place: files left out, what will be refused.
    questions : list of Question
        What is open, in the order in which it should be asked; each is taken as its first option until answered.
    """

    raw: dict[str, Any] = field(default_factory=dict)
    comments: dict[str, list[Comment]] = field(default_factory=dict)
    said: list[Comment] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def set(self, place: str, value: Any, *comments: Comment) -> None:
        """Put a value at a place, with what is to be said about it."""
        *parents, last = place.split(".")
        inside = self.raw
        for name in parents:
            inside = inside.setdefault(name, {})
        inside[last] = value
        self.say(place, *comments)

    def say(self, place: str, *comments: Comment) -> None:
        """Say something at a place."""
        if comments:
            self.comments.setdefault(place, []).extend(comments)

    def loud(self) -> list[tuple[str, Comment]]:
        """What must not be overlooked, with its place."""
        placed = [(place, comment) for place, comments in self.comments.items() for comment in comments]
        return [*(item for item in placed if item[1].loud), *(("", comment) for comment in self.said if comment.loud)]


Choices = dict[str, str]
"""Answers by the key of their question."""


def words(key: str, language: str) -> str:
    """A text of `configs/texts/init.yaml`."""
    return text(f"init.{key}", language)
