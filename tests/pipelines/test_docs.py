"""The documentation of the command line is what the command line says."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_cli_docs_are_current() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "cli_docs.py"))["cli_docs"]()
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == made, "run python scripts/cli_docs.py"


def test_every_page_that_the_readmes_name_exists() -> None:
    import re

    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / link).exists(), f"{name} names {link}"
