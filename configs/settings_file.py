"""What a settings file says before it is checked: the only reader of `holdfast.yaml` and of the environment.

Secrets (a database password, a signing key) come from the environment only: a URL in the file may hold ``${NAME}``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from configs.errors import SettingsError
from configs.resources import read_yaml_resource
from configs.yaml_files import read_yaml_file

MAPPINGS = Path(__file__).parent / "mappings"


def read_settings_file(path: Path) -> dict[str, Any]:
    """Values of a settings file with the environment's put in and a ready-made mapping laid under them.

    Raises
    ------
    SettingsError
        File missing or not YAML, an unknown mapping, an environment variable that is not set.
    """
    if not path.exists():
        raise SettingsError("settings_file_missing", code="settings_missing", file=str(path))
    raw = read_yaml_file(path, "settings_file")
    return _with_mapping(_from_environment(raw, path), path)


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Nested mappings laid over each other; `over` wins."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _with_mapping(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """Lay a ready-made mapping (`data.mapping: online_retail_II`) under what the file says itself."""
    data = raw.get("data")
    name = data.get("mapping") if isinstance(data, dict) else None
    if name is None:
        return raw
    known = sorted(file.stem for file in MAPPINGS.glob("*.yaml"))
    if name not in known:
        raise SettingsError("mapping_unknown", field="data.mapping", name=name, names=", ".join(known), file=path)
    mapping = read_yaml_resource(f"mappings/{name}.yaml")
    merged = merge(mapping, raw)
    # A table that only the mapping speaks of, and that the file gives no place for, is a table the company lacks.
    for table, source in mapping["data"].items():
        if table in ("transactions", "returns") or not isinstance(source, dict):
            continue
        given = merged["data"][table]
        if isinstance(given, dict) and not {"path", "url"} & given.keys():
            del merged["data"][table]
    return merged


def _from_environment(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _from_environment(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_environment(item, path) for item in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise SettingsError("environment_variable_missing", code="environment_missing", field=name, file=path)
        return os.environ[name]

    return re.sub(r"\$\{([A-Z_][A-Z0-9_]*)\}", replace, value)
