"""A proposal as the text of a `holdfast.yaml`: settings for the machine, comments for its owner."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

from features.discovery.found import Comment, Proposal, words

_WIDE, _LINE = 10**6, 118


def settings_text(proposal: Proposal, language: str, *, files: str) -> str:
    """The whole text, with a comment where something was decided and a mark where it is open.

    Parameters
    ----------
    proposal : Proposal
    language : {"en", "zh"}
        Of the comments.
    files : str
        What the settings were made from, for the first line.
    """
    lines = _comment(words("written_by", language).format(files=files), "")
    for comment in proposal.said:
        lines += _comment(_mark(comment) + comment.text(language), "")
    lines += _mapping(proposal.raw, "", 0, proposal.comments, language)
    return "\n".join(lines) + "\n"


def _mapping(
    values: dict[str, Any], place: str, depth: int, comments: dict[str, list[Comment]], language: str
) -> list[str]:
    lines: list[str] = []
    indent = "  " * depth
    for name, value in values.items():
        here = f"{place}.{name}" if place else name
        said = comments.get(here, [])
        quiet = [comment.text(language) for comment in said if not comment.loud]
        above = [line for text in quiet for line in _comment(text, indent)]
        lines += [
            line
            for comment in said
            if comment.loud
            for line in _comment(_mark(comment) + comment.text(language), indent)
        ]
        key = _scalar(name)
        if isinstance(value, dict) and value and (depth < 2 or name == "columns"):
            lines += [*above, f"{indent}{key}:", *_mapping(value, here, depth + 1, comments, language)]
        elif isinstance(value, str) and "\n" in value:
            lines += [*above, f"{indent}{key}: |", *(f"{indent}  {line}" for line in value.splitlines())]
        else:
            text = f"{indent}{key}: {_scalar(value)}"
            if len(quiet) == 1 and len(text) + len(quiet[0]) < _LINE - 4:
                lines.append(f"{text}  # {quiet[0]}")
            else:
                lines += [*above, text]
    return lines


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _LINE, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}#   ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _mark(comment: Comment) -> str:
    return "? " if comment.loud else ""


def _scalar(value: Any) -> str:
    """A value in YAML's flow style, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=_WIDE, sort_keys=False)
    return text.removesuffix("...\n").strip()
