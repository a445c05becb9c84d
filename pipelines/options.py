"""Options that several verbs of the command line share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from configs.catalogue import Lang as Language
from configs.errors import SettingsError
from configs.files import read_regular
from configs.yaml_files import MAX_BYTES

Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Moment of the prediction, like 2011-09-10; nothing at or after it is seen."),
]
Force = Annotated[bool, typer.Option("--force", help="Run even if nothing changed.")]
Lang = Annotated[Literal["en", "zh"] | None, typer.Option("--lang", help="Language; default from the settings.")]
Previous = Annotated[
    Path | None,
    typer.Option(
        "--previous", help="Scores to compare with; default those of the run before, kept in the work folder."
    ),
]
DEFAULT_CONFIG = Path("holdfast.yaml")
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Variables that tell the terminal's language, the strongest first."""


def table_file(path: Path | None) -> Path | None:
    """A file that a table can be written to, refused before any work is done.

    Raises
    ------
    SettingsError
        The name does not end in .csv or .parquet.
    """
    if path is not None and path.suffix not in (".csv", ".parquet"):
        raise SettingsError("file_ending_unknown", value=str(path), suffix=path.suffix)
    return path


def list_file(path: Path | None) -> Path | None:
    """A file that a work list can be written to, refused before any work is done.

    Raises
    ------
    SettingsError
        The name does not end in .xlsx, .csv or .parquet.
    """
    if path is not None and path.suffix not in (".xlsx", ".csv", ".parquet"):
        raise SettingsError("list_ending_unknown", value=str(path), suffix=path.suffix)
    return path


def chosen_language(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """Language of errors, known before the settings are: `--lang`, else the settings file, else the terminal."""
    given = _value_of(arguments, "--lang")
    if given in ("en", "zh"):
        return "zh" if given == "zh" else "en"
    config = Path(_value_of(arguments, "--config") or _value_of(arguments, "-c") or DEFAULT_CONFIG)
    try:
        text = read_regular(config, MAX_BYTES, follow=True).decode("utf-8", "replace")
    except OSError:
        text = ""
    if found := re.search(r"^language:\s*['\"]?(en|zh)\b", text, re.MULTILINE):
        return "zh" if found[1] == "zh" else "en"
    terminal = next((value for name in LOCALE if (value := environment.get(name))), "")
    return "zh" if terminal.lower().startswith("zh") else "en"


def _value_of(arguments: Sequence[str], option: str) -> str | None:
    """What an option of the command line is given, as `--option value` or `--option=value`."""
    for place, argument in enumerate(arguments):
        if argument == option and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None


def example(text: str) -> str:
    """The line under a verb's help."""
    return f"Example: [bold]{text}[/]"
