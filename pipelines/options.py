"""Options that several verbs of the command line share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Moment of the prediction, like 2011-09-10; nothing at or after it is seen."),
]
Force = Annotated[bool, typer.Option("--force", help="Run even if nothing changed.")]
Lang = Annotated[Literal["en", "zh"] | None, typer.Option("--lang", help="Language; default from the settings.")]
DEFAULT_CONFIG = Path("holdfast.yaml")


def example(text: str) -> str:
    """The line under a verb's help."""
    return f"Example: [bold]{text}[/]"
