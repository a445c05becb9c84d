"""The YAML files that belong to `configs/`: ours, and therefore read without the checks of `configs.yaml_files`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOM = Path(__file__).parent

# the C loader is ten times as fast and as safe; PyYAML may have been built without it
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml_resource(name: str) -> Any:
    """A YAML file that belongs to this room, by its path below `configs/`."""
    return yaml.load((ROOM / name).read_text(encoding="utf-8"), Loader=Loader)
