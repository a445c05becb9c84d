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


def test_every_verb_stands_with_its_kind_and_the_version_is_told() -> None:
    from typer.testing import CliRunner

    from holdfast import __version__
    from pipelines.cli import PANELS, app

    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"})
    assert told.exit_code == 0 and all(panel in told.stdout for panel in PANELS)
    verbs = [verb for group in PANELS.values() for verb in group]
    known = {str(one.name or one.callback.__name__.replace("_", "-")) for one in app.registered_commands}  # type: ignore[union-attr]
    known |= {str(one.name) for one in app.registered_groups}
    assert sorted(verbs) == sorted(known)
    assert CliRunner().invoke(app, ["--version"]).stdout == f"holdfast {__version__}\n"
