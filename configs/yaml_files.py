"""Reading YAML: the settings, the catalogues of a company and the files that come along.

YAML lets a person write more than they mean: a key given twice silently replaces the first, aliases multiply, a date
that is none ends in a traceback. What people write is therefore read through `read_yaml_file`, which refuses these with
the place; keys are always texts, as written (``1``, ``no`` and ``2024-05-31`` are names there, not values).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from configs.catalogue import phrase
from configs.errors import SettingsError
from configs.files import UnfitFileError, read_regular
from configs.messages import at_line, system_reason
from configs.resources import Loader

MAX_BYTES = 4 << 20
MAX_DEPTH = 32
MAX_NODES = 200_000
"""Values of a file, those that aliases repeat counted each time: far more than any catalogue has."""

_MERGE = "tag:yaml.org,2002:merge"


def read_yaml_file(path: Path, kind: str) -> dict[str, Any]:
    """A YAML mapping from a file that a person wrote.

    Parameters
    ----------
    path : Path
    kind : str
        What the file is, for messages: an entry of `phrases.yaml` like ``settings_file``.

    Raises
    ------
    SettingsError
        Missing, not an ordinary file, not readable, not YAML (with the line), a key twice (with both lines), too many
        aliases, or not a mapping.
    """
    what = f"phrases.{kind}"
    try:
        text = read_regular(path, MAX_BYTES, follow=True).decode("utf-8")
    except FileNotFoundError:
        raise SettingsError("yaml_file_missing", code="catalogue_missing", what=phrase(what), file=str(path)) from None
    except UnfitFileError as error:
        raise SettingsError(
            "yaml_file_unfit", code="settings_unreadable", what=phrase(what), file=str(path), reason=error.reason
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "yaml_file_unreadable",
            code="settings_unreadable",
            what=phrase(what),
            file=str(path),
            reason=error.reason if isinstance(error, UnicodeDecodeError) else system_reason(error),
        ) from None
    raw = _checked(text, path)
    if not isinstance(raw, dict):
        raise SettingsError("yaml_file_empty", code="settings_empty", what=phrase(what), file=str(path))
    return raw


class _Builder(Loader):  # type: ignore[misc]
    """Makes values of nodes; keys stay the texts that were written."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping, with what it merges (``<<: *base``) laid under its own keys."""
        self.flatten_mapping(node)
        mapping: dict[Any, Any] = {}
        for key, value in node.value:
            mapping[key.value] = self.construct_object(value, deep=deep)
        return mapping


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
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _wrong("yaml_too_deep", path, _number(event), count=MAX_DEPTH)
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
            raise _wrong("yaml_alias_of_itself", path, _number(node))
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
                raise _wrong("yaml_too_many_aliases", path, _number(node), count=MAX_NODES)
        return sizes[id(node)]

    size(root)


def _check_keys(node: Any, path: Path) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = _number(key)
        if not isinstance(key, yaml.ScalarNode):
            raise _wrong("yaml_key_not_a_name", path, _number(key))
        if key.tag == _MERGE:
            continue
        if key.value in lines:
            raise _wrong("yaml_key_twice", path, line, field=key.value, first=lines[key.value])
        lines[key.value] = line


def _check_scalar(loader: Any, node: Any, path: Path) -> None:
    if node.tag == "tag:yaml.org,2002:str":
        return
    try:
        loader.construct_object(node)
    except (ValueError, OverflowError):
        raise _wrong("yaml_value_impossible", path, _number(node), value=node.value) from None


def _not_yaml(error: yaml.YAMLError, text: str, path: Path) -> SettingsError:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", "") or "")
    number = None if mark is None else mark.line + 1
    line = text.splitlines()[number - 1] if number is not None and number <= len(text.splitlines()) else ""
    if isinstance(error, yaml.reader.ReaderError):
        return _wrong("yaml_control_character", path, number)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return _wrong("yaml_tab", path, number)
    if "another document" in problem:
        return _wrong("yaml_second_document", path, number)
    if "undefined alias" in problem:
        return _wrong("yaml_alias_unknown", path, number)
    if "determine a constructor" in problem:
        return _wrong("yaml_tag", path, number)
    if "second occurrence" in problem:
        return _wrong("yaml_anchor_twice", path, number)
    return _wrong("yaml_malformed", path, number)


def _number(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _wrong(identity: str, path: Path, line: int | None, **fields: Any) -> SettingsError:
    where = at_line(path, line)
    return SettingsError(identity, code="settings_not_yaml", file=str(path), line=line, where=where, **fields)
