"""What only tests call is no part of the product: every public name is used by the product itself."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = (
    "holdfast", "configs", "features", "models", "retention", "evaluation", "reporting", "training", "serving",
    "pipelines", "benchmarks",
)  # fmt: skip
CALLED_FROM_OUTSIDE = {
    "construct_mapping": "PyYAML calls it",
    "model_config": "pydantic reads it",
    "reason_quality": "the rules for the words of reasons, held over whole logs by their tests",
    "from_http_request": "BentoML calls it",
}
"""Names that neither the product nor a decorator reaches, with who does."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def definitions(body: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """Functions, classes, methods and constants; a decorated one is reached by its decorator."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not any(not isinstance(mark, ast.Name) for mark in node.decorator_list):
                yield node.lineno, node.name
            if isinstance(node, ast.ClassDef):
                yield from ((line, name) for line, name in definitions(node.body) if not name.isupper())
        elif isinstance(node, ast.Assign):
            yield from ((node.lineno, target.id) for target in node.targets if isinstance(target, ast.Name))


def uses(tree: ast.AST) -> Iterator[str]:
    """Names that are read, attributes, and words of strings: templates, front door and settings name things so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.:]+", node.value):
            yield from re.split(r"[.:]", node.value)


def test_nothing_is_there_for_tests_alone() -> None:
    trees = list(sources())
    used = Counter(name for _, tree in trees for name in uses(tree))
    others = [*ROOT.glob("*.yaml"), ROOT / "pyproject.toml", *(ROOT / "configs").rglob("*.yaml")]
    others += [*ROOT.rglob("reporting/templates/*.html"), *ROOT.rglob("features/ingestion/*.j2")]
    named = set(re.findall(r"\w+", " ".join(path.read_text(encoding="utf-8") for path in others)))
    unused = [
        f"{path}:{line} {name}"
        for path, tree in trees
        for line, name in definitions(tree.body)
        if not used[name] and name not in named and name not in CALLED_FROM_OUTSIDE and not name.startswith("__")
    ]
    assert unused == []
