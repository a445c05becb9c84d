"""In which encoding a text was probably written: said in a refusal, never acted upon, unless a mark tells it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HIGH = re.compile(rb"[\x80-\xff]+")
_WESTERN = "€‚„…‘’“”–—™ £¥§©«»°±²³·º¼½¾¿¡ªµ"
_LOOKED_AT = 1 << 20
_PLAUSIBLE = 0.85


def marked(start: bytes) -> tuple[str | None, int]:
    """The encoding that a byte order mark tells, and the bytes of the mark."""
    return next(((name, len(mark)) for mark, name in _MARKS if start.startswith(mark)), (None, 0))


def likely(text: bytes) -> str | None:
    """The encoding in which a text that is not what it should be was probably written; None if nothing fits well.

    Examples
    --------
    >>> likely("客户,北京市\\n".encode("gb18030")), likely("Müller,Café\\n".encode("cp1252"))
    ('gb18030', 'cp1252')
    """
    around = _HIGH.search(text)
    if around is None:
        return None
    begin = text.rfind(b"\n", 0, around.start()) + 1
    sample = text[begin : begin + _LOOKED_AT]
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    if _is_broken_utf8(sample):
        return "utf-8"
    scores = {"gb18030": _gb(sample), "big5": _big5(sample), "cp1252": _western(sample)}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= _PLAUSIBLE else None


def _is_broken_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(not character.isascii() for character in text) - wrong
    return (right >= 3 and wrong <= 0.5 * right) or (right >= 1 and wrong == 1 and text.rstrip().endswith("\ufffd"))


def _gb(sample: bytes) -> float:
    """Share of the characters that are the usual ones of simplified Chinese (rows 1, 3 and 16 to 55 of GB 2312)."""
    try:
        text = sample.decode("gb18030")
    except UnicodeDecodeError:
        return 0.0
    pairs = re.findall(rb"[\xb0-\xd7][\xa1-\xfe]", sample)
    if len(pairs) >= 6 and all(pair[0] <= 0xC8 for pair in pairs):
        return 0.0  # Korean has its letters there; of Chinese, two in five characters lie beyond
    return _share(text, "gb2312", lambda pair: pair[0] in (0xA1, 0xA3) or 0xB0 <= pair[0] <= 0xD7)


def _big5(sample: bytes) -> float:
    """Share of the characters that are the usual ones of traditional Chinese (the first level of Big5)."""
    try:
        text = sample.decode("big5")
    except UnicodeDecodeError:
        return 0.0
    pairs = _HIGH.findall(sample)
    if sum(map(len, pairs)) >= 12 and all(len(pair) % 2 == 0 and min(pair) >= 0xA1 for pair in pairs):
        return 0.0  # in Big5 two characters in five have a second byte that is plain
    return _share(text, "big5", lambda pair: 0xA1 <= pair[0] <= 0xC6)


def _share(text: str, codec: str, usual: Callable[[bytes], bool]) -> float:
    others = [character for character in text if not character.isascii()]
    found = 0
    for character in others:
        try:
            pair = character.encode(codec)
        except UnicodeEncodeError:
            continue
        found += len(pair) == 2 and usual(pair)
    return found / len(others) if others else 0.0


def _western(sample: bytes) -> float:
    """Share of the bytes that stand alone among plain letters, as accents do, and are letters or usual signs."""
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return 0.0
    every = alone = 0
    for run in _HIGH.findall(sample):
        every += len(run)
        text = run.decode("cp1252")
        # two in a row occur (naïüé, °C–), longer runs are another script
        if len(run) <= 2 and all(character.isalpha() or character in _WESTERN for character in text):
            alone += len(run) if len(run) == 1 else 1
    return alone / every
