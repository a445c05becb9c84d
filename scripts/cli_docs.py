"""Write docs/cli.md from the command line's own help: `python scripts/cli_docs.py`."""

import html
import re
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "docs" / "cli.md"


def cli_docs() -> str:
    """The help of every verb as Markdown."""
    command = [sys.executable, "-m", "typer", "pipelines.cli", "utils", "docs", "--name", "holdfast"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=TARGET.parents[1])
    text = html.unescape(done.stdout)
    text = re.sub(r"\[bold\](.*?)\[/\]", r"`\1`", text)
    text = re.sub(r"\* `--(install-completion|show-completion)`.*\n", "", text)
    return text.strip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(cli_docs(), encoding="utf-8")
