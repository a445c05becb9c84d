"""What all cells of text share: characters that look alike made equal, blanks around them, words for "nothing".

A blank that does not look like one (no-break, ideographic, zero-width) makes two customers of one, and a full-width
digit is a digit to everybody who reads it.
"""

from __future__ import annotations

from features.connection import literal
from features.tables import Column

_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_BLANKS = " \t\r\n\f\v\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_HALF_WIDTH = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))
_FULL_CLASS = r"\x{ff01}-\x{ff5e}"
_ALIKE = {
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63", "-"),
    **dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"),
    "\uffe5": "¥",
    "\uffe1": "£",
    "\uffe6": "₩",
}

NOTHING = (
    *("null", "(null)", "<null>", "[null]", "\\n", "n/a", "#n/a", "<na>", "n.a.", "nan", "nat", "nil"),
    *("#value!", "#ref!", "#name?", "#div/0!", "#num!", "#null!", "-", "--", "/", "."),
)
"""What exporters, spreadsheets and people write where nothing is; compared without regard to case."""
NOBODY = ("none", "na", "undefined", "无", "没有", "空")
"""Words that mean nothing in an id, and in most categories."""
_PLACES = ("country", "region")
_ANSWERS = ("consent", "outcome", "text", "name")
"""Columns where such a word may be the answer itself (no consent), or free text."""


def clean(text: str) -> str:
    """SQL of a cell without blanks and invisible characters around it."""
    edge = f"[^{_class(_BLANKS + _INVISIBLE)}]"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(f'(?s){edge}(.*{edge})?')}) THEN {text} "
        f"ELSE trim({text}, {literal(_BLANKS + _INVISIBLE)}) END"
    )


def half_width(text: str) -> str:
    """SQL of a cell with full-width characters, odd blanks, minus signs and apostrophes as ASCII has them."""
    odd = f"[{_class(''.join(_ALIKE).replace(' ', '') + _INVISIBLE)}{_FULL_CLASS}]"
    source = _FULL_WIDTH + "".join(_ALIKE) + _INVISIBLE
    goal = _HALF_WIDTH + "".join(_ALIKE.values())
    return (
        f"CASE WHEN regexp_matches({text}, {literal(odd)}) "
        f"THEN trim(translate({text}, {literal(source)}, {literal(goal)})) ELSE trim({text}) END"
    )


def bare(text: str) -> str:
    """SQL of a tidied cell without what keeps a spreadsheet from changing it (``="12.50"``, ``'12.50``)."""
    return f"CASE WHEN regexp_matches({text}, '^[=\"'']') THEN {_unwrapped(text)} ELSE {text} END"


def _unwrapped(text: str) -> str:
    return f"""trim(regexp_replace({text}, '^=?"+([^"]*)"+$|^''([^'']+)$', '\\1\\2'))"""


def folded(text: str) -> str:
    """SQL of an id with full-width characters as ASCII has them; other characters stay."""
    translated = f"translate({text}, {literal(_FULL_WIDTH)}, {literal(_HALF_WIDTH)})"
    return f"CASE WHEN regexp_matches({text}, '[{_FULL_CLASS}]') THEN {translated} ELSE {text} END"


def when(condition: str, then: str) -> str:
    """SQL of a condition whose second half is worked out only for the few cells that meet the first."""
    return f"CASE WHEN {condition} THEN {then} ELSE false END"


def _class(characters: str) -> str:
    """The inside of a character class of a regular expression."""
    return "".join(f"\\x{{{ord(character):x}}}" for character in characters)


def words_for_nothing(column: Column) -> tuple[str, ...]:
    """The words, in lower case, that mean "missing" in this column.

    ``NA`` is a country and a part of the world, ``none`` an answer to a question for consent; an amount that is NaN
    is a broken one, not one that was never there.
    """
    name = column.name
    if column.type in ("money", "number", "integer"):
        return tuple(word for word in NOTHING if word != "nan" or name != "amount")
    if column.type in ("time", "date"):
        return (*NOTHING, *NOBODY)
    if name in _ANSWERS:
        return NOTHING if name == "outcome" else ()
    return (*NOTHING, *(word for word in NOBODY if word != "na" or name not in _PLACES))


def is_nothing(text: str, words: tuple[str, ...]) -> str:
    """SQL condition: the cell is empty or one of the words."""
    if not words:
        return f"{text} = ''"
    listed = ", ".join(literal(word) for word in ("", *words))
    return f"lower({text}) IN ({listed})"
