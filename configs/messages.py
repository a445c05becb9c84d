"""Errors and steps of the work in the language of the reader.

Errors are raised with English sentences, next to the check that failed. `configs/texts/messages.zh.yaml` holds the
Chinese for each of them, like a gettext catalogue, but over the finished sentence: an entry's words in braces match
whatever was filled in and put it into the Chinese. The longest entry that fits wins; what no entry fits stays English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from configs.errors import HoldfastError
from configs.yaml_files import read_yaml_resource

LOOKED_UP = {"message", "what", "reason", "problem", "hint"}
"""Placeholders whose content is itself looked up."""
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def error_sentence(error: HoldfastError, language: str, more: Mapping[str, str] | None = None) -> str:
    """Message and remedy in `en` or `zh`.

    Parameters
    ----------
    error : HoldfastError
    language : str
    more : mapping, optional
        Further texts by their English ones.

    Examples
    --------
    >>> from configs.errors import SettingsError
    >>> error_sentence(SettingsError("the settings file a.yaml does not exist", "name another one with --config"), "zh")
    '设置文件 a.yaml 不存在；请用 --config 指定另一个文件。'
    """
    if language != "zh":
        return str(error)
    return f"{in_chinese(error.message, more)}；{in_chinese(error.remedy, more)}。"


def in_chinese(text: str, more: Mapping[str, str] | None = None) -> str:
    """The Chinese of an English sentence, or the sentence itself where there is none."""
    if more and text in more:
        return more[text]
    second = text
    for pattern, names, chinese in _entries():
        if not (found := pattern.fullmatch(text)):
            continue
        values = dict(zip(names, found.groups(), strict=True))
        parts = {name: in_chinese(values[name], more) for name in values.keys() & LOOKED_UP}
        said = _filled(chinese, values | parts)
        if all(parts[name] != values[name] for name in parts):
            return said
        # a general entry like "{place}: {message}" whose message is unknown gives way to a shorter one that knows it
        second = said if second == text else second
    return second


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


@cache
def _entries() -> list[tuple[re.Pattern[str], tuple[str, ...], str]]:
    """Every entry as pattern, names in order and Chinese; the ones with the most fixed text first."""
    entries: dict[str, str] = read_yaml_resource("texts/messages.zh.yaml")
    by_length = sorted(entries.items(), key=lambda entry: (-len(_PLACEHOLDER.sub("", entry[0])), entry[0]))
    made = []
    for english, chinese in by_length:
        parts = _PLACEHOLDER.split(english)
        # split gives fixed text and names by turns
        pattern = "".join(re.escape(part) if i % 2 == 0 else "(.*?)" for i, part in enumerate(parts))
        made.append((re.compile(pattern, re.DOTALL), tuple(parts[1::2]), chinese))
    return made
