"""`make setup` with stand-ins for Python and uv: every version has an environment of its own, never another's."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Answers like an interpreter of its version; `-m venv` brings a pip that brings a uv that makes environments.
STAND_IN = """#!/bin/sh
version=%s
case "$*" in
*"import ensurepip, venv"*|*"import sys") exit 0 ;;
*check_system.py*) exit 0 ;;
*"3, 11"*) [ "${version#3.}" -ge 11 ] ;;
*version_info*) echo "$version" ;;
"-m venv "*)
  mkdir -p "$3/bin"
  printf '%%s\\n' '#!/bin/sh' 'echo "$STAND_IN_UV" > .uv/bin/uv && chmod +x .uv/bin/uv' > "$3/bin/pip"
  chmod +x "$3/bin/pip" ;;
*) exit 1 ;;
esac
"""
UV = """#!/bin/sh
for last; do :; done
rm -rf "$UV_PROJECT_ENVIRONMENT" && mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
ln -s "$(command -v "$last")" "$UV_PROJECT_ENVIRONMENT/bin/python"
echo "made $UV_PROJECT_ENVIRONMENT"
echo "with $*"
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


class Checkout:
    """A checkout in which `make` runs with stand-ins only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "结账 out"
        self.path = folder / "path"
        self.path.mkdir()
        (self.folder / "scripts").mkdir(parents=True)
        for name in ("Makefile", "scripts/find_python.sh"):
            shutil.copy(ROOT / name, self.folder / name)
        for name in ("uv.lock", "pyproject.toml"):
            (self.folder / name).touch()
        for version in ("3.10", "3.11", "3.13"):
            self.python(f"python{version}", version)

    def python(self, name: str, version: str) -> None:
        path = self.path / name
        path.write_text(STAND_IN % version)
        path.chmod(0o755)

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        away = ("PYTHON", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
        environ = {name: value for name, value in os.environ.items() if name not in away}
        environ |= {"PATH": f"{self.path}:/usr/bin:/bin", "STAND_IN_UV": UV, "LC_ALL": "C"}
        command = ["make", "-s", *words]
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def made(self, *words: str) -> list[str]:
        """The environments that were made by it."""
        done = self.make(*words)
        assert done.returncode == 0, done.stderr
        return re.findall(r"made (\S+)", done.stdout)

    @property
    def default(self) -> str:
        return str((self.folder / ".venv").readlink())


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_every_version_has_its_own_environment(checkout: Checkout) -> None:
    checkout.python("python3", "3.11")
    assert checkout.made("setup") == [".venv-3.11"]
    assert checkout.made("setup", "PYTHON=python3.13") == [".venv-3.13"]
    assert checkout.default == ".venv-3.11"
    assert checkout.made("setup") == checkout.made("setup", "PYTHON=python3.13") == []
    checkout.python("python3", "3.13")
    assert checkout.made("setup") == []
    assert checkout.default == ".venv-3.13"


def test_the_first_environment_is_the_default_whatever_its_version(checkout: Checkout) -> None:
    assert checkout.made("setup", "PYTHON=python3.13") == [".venv-3.13"]
    assert checkout.default == ".venv-3.13"


def test_an_environment_made_before_versions_had_their_own_is_replaced(checkout: Checkout) -> None:
    checkout.python("python3", "3.13")
    (checkout.folder / ".venv").mkdir()
    (checkout.folder / ".venv" / ".ready").touch()
    assert checkout.made("setup") == [".venv-3.13"]
    assert checkout.default == ".venv-3.13"


def test_an_environment_of_somebody_else_is_left_alone(checkout: Checkout) -> None:
    (checkout.folder / ".venv").mkdir()
    (checkout.folder / ".venv" / "mine").touch()
    done = checkout.make("setup", "PYTHON=python3.13")
    assert "left alone; the commands are in .venv-3.13/bin" in done.stdout
    assert (checkout.folder / ".venv" / "mine").exists()


def test_an_environment_whose_interpreter_is_gone_or_another_is_made_anew(checkout: Checkout) -> None:
    python = checkout.folder / ".venv-3.13" / "bin" / "python"
    assert checkout.made("setup", "PYTHON=python3.13") == [".venv-3.13"]
    python.unlink()
    assert checkout.made("setup", "PYTHON=python3.13") == [".venv-3.13"]
    python.unlink()
    python.symlink_to(checkout.path / "python3.11")
    assert checkout.made("setup", "PYTHON=python3.13") == [".venv-3.13"]
    assert python.resolve() == checkout.path / "python3.13"


def test_the_demonstration_installs_what_it_needs_and_takes_nothing_away(checkout: Checkout) -> None:
    checkout.python("python3", "3.11")
    said = checkout.make("demo-setup").stdout
    for word in ("--extra train --extra demo", "--inexact", "--no-default-groups"):
        assert word in said
    assert "--all-extras" not in said
    assert checkout.default == ".venv-3.11"
    assert "--all-extras" in checkout.make("setup").stdout
    assert checkout.made("demo-setup") == [".venv-3.11"]
    assert checkout.made("demo-setup") == []


def test_a_python_that_is_too_old_or_not_there_is_refused_in_one_sentence(checkout: Checkout) -> None:
    for name, said in (("python3.10", "python3.10 is 3.10"), ("python3.14", "python3.14 is not there")):
        done = checkout.make("test", f"PYTHON={name}")
        assert done.returncode
        assert done.stdout.splitlines() == [
            f"Holdfast needs Python 3.11 or newer, and {said}; name one with: make PYTHON=python3.11 test"
        ]
        assert not list(checkout.folder.glob(".venv*"))


def test_a_stand_in_of_pyenv_gives_way_to_the_newest_version_kept(checkout: Checkout) -> None:
    kept = checkout.path / "pyenv root" / "versions"
    for patch in ("3.12.1", "3.12.9", "3.12.10"):
        (kept / patch / "bin").mkdir(parents=True)
        checkout.python(f"pyenv root/versions/{patch}/bin/python3.12", "3.12")
    for name, text in (("pyenv", f"echo '{kept.parent}'"), ("python3.12", "echo not found >&2; exit 127")):
        (checkout.path / name).write_text(f"#!/bin/sh\n{text}\n")
        (checkout.path / name).chmod(0o755)
    found = subprocess.run(
        ["sh", "scripts/find_python.sh", "python3.12"],
        cwd=checkout.folder,
        env={"PATH": f"{checkout.path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == f"{kept}/3.12.10/bin/python3.12\n"


def test_the_readmes_name_the_versions_that_are_tested() -> None:
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    versions = [one.rpartition(" ")[2] for one in classifiers if one.startswith("Programming Language :: Python :: 3.")]
    assert versions == ["3.11", "3.12", "3.13"]
    for name, sentence in (("README.md", "With Python {}, {} or {} "), ("README.zh.md", "需要 Python {}、{} 或 {}（")):
        assert sentence.format(*versions) in (ROOT / name).read_text(encoding="utf-8")
