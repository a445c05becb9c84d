"""Reading YAML: the settings, the catalogues of a company and the files that come along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from configs.errors import SettingsError

ROOM = Path(__file__).parent


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
        Missing, not readable, not YAML (with the line) or not a mapping.
    """
    try:
        raw = _parsed(path)
    except FileNotFoundError:
        raise SettingsError(
            f"the {what} {path} does not exist",
            "correct its path in the settings",
            code="catalogue_missing",
            what=what,
            file=str(path),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the {what} {path} cannot be read ({error})",
            "write it as UTF-8 text that you may read",
            code="settings_unreadable",
            what=what,
            file=str(path),
            reason=str(error),
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        where = f"{path}, line {line}" if line else str(path)
        raise SettingsError(
            f"{where} is not valid YAML",
            "check indentation and quotes there",
            code="settings_not_yaml",
            file=str(path),
            line=line,
            where=where,
        ) from None
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
    return _parsed(ROOM / name)


def _parsed(path: Path) -> Any:
    # the C loader is ten times as fast and as safe; PyYAML may have been built without it
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
