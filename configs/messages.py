"""Errors as sentences in the language of the reader, and the words that other programs put into them."""

from __future__ import annotations

import errno
from typing import Final

from configs.catalogue import Phrase, phrase, text
from configs.errors import HoldfastError

SYSTEM: Final = {
    errno.EACCES: "no_permission",
    errno.ENOENT: "no_such_file",
    errno.EISDIR: "is_directory",
    errno.ENOTDIR: "not_directory",
    errno.ENOSPC: "disk_full",
    errno.EROFS: "read_only",
    errno.EEXIST: "exists",
    errno.EADDRINUSE: "address_taken",
}
"""The system's own error number → entry of `phrases.yaml` under `system`."""


def error_sentence(error: HoldfastError, lang: str) -> str:
    """Message and remedy in `en` or `zh`.

    Examples
    --------
    >>> from configs.errors import SettingsError
    >>> error_sentence(SettingsError("settings_file_missing", file="a.yaml"), "zh")
    '设置文件 a.yaml 不存在；请用 --config 指定另一个文件。'
    """
    message, remedy = error.said(lang)
    return f"{message}；{remedy}。" if lang == "zh" else f"{message}; {remedy}."


def system_reason(error: OSError) -> Phrase:
    """Why the system refused a file or an address, in its own English words; in Chinese where it is a common reason.

    Examples
    --------
    >>> system_reason(PermissionError(13, "Permission denied")).of("zh")
    '没有权限'
    """
    said = error.strerror or str(error)
    known = SYSTEM.get(error.errno or 0)
    return Phrase(said, text(f"phrases.system.{known}", "zh") if known else said)


def at_line(file: object, line: int | None) -> Phrase:
    """A file, and the line where it is known, to begin a sentence with.

    Examples
    --------
    >>> at_line("a.yaml", 3), at_line("a.yaml", None).of("zh")
    ('a.yaml, line 3', 'a.yaml ')
    """
    # Chinese needs a blank only between the name of the file and the words that follow it
    return Phrase(str(file), f"{file} ") if line is None else phrase("phrases.at_line", file=file, line=line)
