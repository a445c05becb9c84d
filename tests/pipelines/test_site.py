"""The documentation site: built without a warning, asking nobody for anything, in two languages that agree."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import holdfast

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""Tags by which a page loads something, and the attribute that says what."""


class Loads(HTMLParser):
    """What a page loads when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        value = dict(attrs).get(LOADED.get(tag, ""))
        if value:
            self.found.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: a warning is an error."""
    pytest.importorskip("sphinx", reason="the group docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(folder / "cache")]
    done = subprocess.run([*command, str(DOCS), str(folder / "html")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
def test_no_page_of_the_site_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert [value for value in loads.found if re.match(r"(\w+:)?//", value)] == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(\w+:)?//", sheet.read_text(encoding="utf-8")), sheet


@pytest.mark.slow
def test_the_reference_has_every_public_name(site: Path) -> None:
    reference = (site / "api.html").read_text(encoding="utf-8")
    for name in holdfast.__all__:
        if name != "__version__":
            assert f'id="holdfast.{name}"' in reference, name


def levels(page: Path) -> list[int]:
    """The levels of a page's headings, in order; code is left out."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [len(found) for found in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]


FOR_USERS = {"quick-start", "data-contract", "dimensions", "reasons", "strategies", "service", "staff-guide"}


def test_every_page_for_users_is_there_in_both_languages() -> None:
    assert {path.stem for path in (DOCS / "zh").glob("*.md")} == FOR_USERS
    index = (DOCS / "index.md").read_text(encoding="utf-8").splitlines()
    assert all(page in index and f"zh/{page}" in index for page in FOR_USERS)


@pytest.mark.parametrize("page", sorted(f"{page}.md" for page in FOR_USERS))
def test_a_page_has_the_same_headings_in_both_languages(page: str) -> None:
    assert levels(DOCS / "zh" / page) == levels(DOCS / page)
    title = (DOCS / "zh" / page).read_text(encoding="utf-8").splitlines()[0]
    assert re.search(r"[\u4e00-\u9fff]", title)


def test_the_glossary_has_each_word_once_and_in_both_languages() -> None:
    lines = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][1:]
    assert len(rows) > 25
    assert len({row[0] for row in rows}) == len(rows) == len({row[1] for row in rows})
    for english, chinese, meaning in rows:
        assert english and meaning
        assert re.search(r"[\u4e00-\u9fff]", chinese)
