"""Reading YAML: the settings, the catalogues of a company and the files that come along.

YAML lets a person write more than they mean: a key given twice silently replaces the first, aliases multiply, a date
that is none ends in a traceback. What people write is therefore read through `read_yaml_file`, which refuses these with
the place; keys are always texts, as written (``1``, ``no`` and ``2024-05-31`` are names there, not values).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from configs.errors import SettingsError
from configs.files import UnfitFileError, read_regular

ROOM = Path(__file__).parent
MAX_BYTES = 4 << 20
MAX_DEPTH = 32
MAX_NODES = 200_000
"""Values of a file, those that aliases repeat counted each time: far more than any catalogue has."""

# the C loader is ten times as fast and as safe; PyYAML may have been built without it
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"


def read_yaml_file(path: Path, what: str) -> dict[str, Any]:
    """A YAML mapping from a file that a person wrote.

    Parameters
    ----------
    path : Path
    what : str
        What the file is, for messages: ``the {what} orders.yaml does not exist``.

    Raises
    ------
    SettingsError
        Missing, not an ordinary file, not readable, not YAML (with the line), a key twice (with both lines), too many
        aliases, or not a mapping.
    """
    try:
        text = read_regular(path, MAX_BYTES, follow=True).decode("utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"the {what} {path} does not exist",
            "correct its path in the settings",
            code="catalogue_missing",
            what=what,
            file=str(path),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        unfit = isinstance(error, UnfitFileError)
        reason = error.reason if isinstance(error, UnfitFileError | UnicodeDecodeError) else error.strerror
        raise SettingsError(
            f"the {what} {path} cannot be read ({reason})",
            "give an ordinary file" if unfit else "write it as UTF-8 text that you may read",
            code="settings_unreadable",
            what=what,
            file=str(path),
            reason=str(reason),
        ) from None
    raw = _checked(text, path)
    if not isinstance(raw, dict):
        raise SettingsError(
            f"the {what} {path} is empty or not a mapping",
            "start from the example in the README",
            code="settings_empty",
            what=what,
            file=str(path),
        )
    return raw


def read_yaml_resource(name: str) -> Any:
    """A YAML file that belongs to this room, by its path below `configs/`."""
    return yaml.load((ROOM / name).read_text(encoding="utf-8"), Loader=_Loader)


class _Builder(_Loader):  # type: ignore[misc]
    """Makes values of nodes; keys stay the texts that were written."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping, with what it merges (``<<: *base``) laid under its own keys."""
        self.flatten_mapping(node)
        found: dict[Any, Any] = {}
        for key, value in node.value:
            found[key.value] = self.construct_object(value, deep=deep)
        return found


def _checked(text: str, path: Path) -> Any:
    """The document as Python's own values, after everything that a person may get wrong has been looked for."""
    loader = None
    try:
        _check_depth(text, path)
        loader = _Builder(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_nodes(loader, node, path)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _not_yaml(error, text, path) from None
    finally:
        if loader is not None:
            loader.dispose()


def _check_depth(text: str, path: Path) -> None:
    # before nodes are made, which is done by recursion
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _wrong(
                    f"{path}, line {_number(event)} is nested deeper than {MAX_DEPTH} levels",
                    "write it flatter; no setting lies as deep",
                    path,
                    _number(event),
                )
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1


def _check_nodes(loader: Any, root: Any, path: Path) -> None:
    """Keys twice, values that are none, aliases that lead back to themselves or to too much."""
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size(node: Any) -> int:
        if isinstance(node, yaml.ScalarNode):
            _check_scalar(loader, node, path)
            return 1
        if id(node) in open_:
            raise _wrong(
                f"{path}, line {_number(node)} holds itself by an alias",
                "write the values instead of the alias",
                path,
                _number(node),
            )
        if id(node) not in sizes:
            open_.add(id(node))
            if isinstance(node, yaml.MappingNode):
                _check_keys(node, path)
                parts = [value for _, value in node.value]
            else:
                parts = node.value
            sizes[id(node)] = 1 + sum(size(part) for part in parts)
            open_.discard(id(node))
            if sizes[id(node)] > MAX_NODES:
                raise _wrong(
                    f"{path}, line {_number(node)} stands for more than {MAX_NODES} values by its aliases",
                    "write the values instead of aliases of aliases",
                    path,
                    _number(node),
                )
        return sizes[id(node)]

    size(root)


def _check_keys(node: Any, path: Path) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = _number(key)
        if not isinstance(key, yaml.ScalarNode):
            raise _wrong(
                f"{path}, line {_number(key)} has a list or a mapping as a key",
                "write a name before the colon",
                path,
                _number(key),
            )
        if key.tag == _MERGE:
            continue
        if key.value in lines:
            raise _wrong(
                f"{path}, line {line}: {key.value} is given twice, first in line {lines[key.value]}",
                "keep one of them",
                path,
                line,
                field=key.value,
                first=lines[key.value],
            )
        lines[key.value] = line


def _check_scalar(loader: Any, node: Any, path: Path) -> None:
    if node.tag == "tag:yaml.org,2002:str":
        return
    try:
        loader.construct_object(node)
    except (ValueError, OverflowError):
        raise _wrong(
            f"{path}, line {_number(node)}: {node.value} is no date or number of its kind",
            "correct it, or write it in quotes if it is a text",
            path,
            _number(node),
        ) from None


def _not_yaml(error: yaml.YAMLError, text: str, path: Path) -> SettingsError:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", "") or "")
    number = None if mark is None else mark.line + 1
    where = str(path) if number is None else f"{path}, line {number}"
    line = text.splitlines()[number - 1] if number is not None and number <= len(text.splitlines()) else ""
    if isinstance(error, yaml.reader.ReaderError):
        return _wrong(f"{where} holds a control character", "remove it; save the file as plain text", path, number)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return _wrong(f"{where} is indented with a tab", "indent with blanks", path, number)
    if "another document" in problem:
        return _wrong(f"{where} begins a second document", "keep one, and remove the line with ---", path, number)
    if "undefined alias" in problem:
        return _wrong(f"{where} has an alias of what is not there", "quote texts that begin with *", path, number)
    if "determine a constructor" in problem:
        return _wrong(f"{where} has a tag that is not taken", "quote texts that begin with !", path, number)
    if "second occurrence" in problem:
        return _wrong(f"{where} sets an anchor a second time", "give it another name", path, number)
    return _wrong(f"{where} is not valid YAML", "check indentation and quotes there", path, number)


def _number(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _wrong(message: str, remedy: str, path: Path, line: int | None, **place: Any) -> SettingsError:
    return SettingsError(message, remedy, code="settings_not_yaml", file=str(path), line=line, **place)
