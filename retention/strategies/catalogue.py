"""The catalogue of strategies: its schema, its checks and its loading.

`configs/strategies.yaml` is the catalogue that comes with the product; `retention.strategies` in the settings names a
company's own file instead. Every complaint names file, entry, field and remedy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from configs.catalogue import phrase
from configs.errors import SettingsError
from configs.resources import ROOM
from configs.schema_breaches import first_breach, meant, problem
from configs.settings import Settings
from configs.yaml_files import read_yaml_file
from retention.conditions.expressions import parse_condition
from retention.schema import PERSONAL
from retention.strategies.catalogue_entries import (
    BUILT_IN_VETOES,
    PHRASES,
    PLACEHOLDERS,
    CatalogueEntry,
    ChannelEntry,
    Phrase,
    Sequence,
    Strategy,
    Veto,
    placeholders,
)

DEFAULT = ROOM / "strategies.yaml"
Entries = TypeVar("Entries", bound=BaseModel)


class Selection(CatalogueEntry):
    """Constants of the ranking."""

    driver_match: float = Field(0.5, ge=0, le=2)
    min_active_probability: float = Field(0.05, gt=0, le=1)


class Catalogue(CatalogueEntry):
    """All strategies with the channels, the vetoes and the constants of the ranking."""

    version: Literal[1]
    selection: Selection = Selection()
    channels: dict[str, ChannelEntry]
    vetoes: tuple[Veto, ...]
    phrases: dict[str, Phrase]
    strategies: tuple[Strategy, ...] = Field(min_length=1)
    sequences: tuple[Sequence, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for channel in ("email", "sms", "phone", "social", "face_to_face", "ads", "none"):
            if channel not in self.channels:
                raise ValueError(phrase("phrases.catalogue_lacks_channel", name=channel))
        missing = set(BUILT_IN_VETOES) - {veto.code for veto in self.vetoes}
        if missing:
            raise ValueError(phrase("phrases.catalogue_lacks_veto", name=sorted(missing)[0]))
        for name, words in PHRASES.items():
            if name not in self.phrases:
                raise ValueError(phrase("phrases.catalogue_lacks_phrase", name=name))
            if placeholders(self.phrases[name].en) != words:
                raise ValueError(phrase("phrases.phrase_placeholders", name=name, names=", ".join(sorted(words))))
        return self

    @model_validator(mode="after")
    def _steps_known(self) -> Self:
        for sequence in self.sequences:
            for step in sequence.steps:
                if step.strategy not in self.codes:
                    raise ValueError(
                        phrase("phrases.sequence_strategy_unknown", name=sequence.code, strategy=step.strategy)
                    )
        return self

    def __getitem__(self, code: str) -> Strategy:
        for strategy in self.strategies:
            if strategy.code == code:
                return strategy
        raise KeyError(code)

    @property
    def codes(self) -> list[str]:
        """Codes in the order of the file."""
        return [strategy.code for strategy in self.strategies]

    @property
    def fields(self) -> set[str]:
        """Columns that conditions, vetoes, texts and measured effects ask for."""
        conditions = [
            *(item.condition for item in self.strategies),
            *(item.contraindication for item in self.strategies),
            *(veto.condition for veto in self.vetoes),
            *(sequence.condition for sequence in self.sequences),
        ]
        asked = {name for condition in conditions if condition is not None for name in condition.fields}
        asked |= {item.deadline.since for item in self.strategies if item.deadline is not None}
        return asked | set(PLACEHOLDERS.values()) | {"days_since_last_order"}


def load_catalogue(settings: Settings | None = None) -> Catalogue:
    """The catalogue of the product, or the company's own when `retention.strategies` names a file.

    Strategies named in `retention.strategies_off` are left out.

    Raises
    ------
    SettingsError
        File missing, not YAML, an entry that breaks the schema, a condition on an unknown column, a code used twice,
        an unknown code in `retention.strategies_off`.
    """
    own = settings.retention.strategies if settings is not None else None
    path = DEFAULT if own is None or settings is None else settings.path(own)
    catalogue = read_catalogue(path)
    off = set(settings.retention.strategies_off) if settings is not None else set()
    if unknown := sorted(off - set(catalogue.codes)):
        raise SettingsError("strategy_off_unknown", field="retention.strategies_off", value=unknown[0], file=path.name)
    if not off:
        return catalogue
    kept = tuple(strategy for strategy in catalogue.strategies if strategy.code not in off)
    if not kept:
        raise SettingsError("no_strategy_left", code="no_strategies")
    sequences = tuple(
        one.model_copy(update={"steps": steps})
        for one in catalogue.sequences
        if (steps := tuple(step for step in one.steps if step.strategy not in off))
    )
    return catalogue.model_copy(update={"strategies": kept, "sequences": sequences})


def read_catalogue(path: Path) -> Catalogue:
    """Read and check one catalogue file; see `load_catalogue` for the errors."""
    catalogue = read_entries(path, "strategies_file", Catalogue, "strategies")
    for strategy in catalogue.strategies:
        place = f"{path.name}, strategy {strategy.code}"
        strategy._when = parse_condition(strategy.when, place=f"{place}, when")
        strategy._never = (
            parse_condition(strategy.never_when, place=f"{place}, never_when") if strategy.never_when else None
        )
        asked = {name for own in (strategy._when, strategy._never) if own is not None for name in own.fields}
        if strategy.promotion and asked & PERSONAL:
            field = min(asked & PERSONAL)
            raise SettingsError("price_by_person", code="bad_catalogue", file=str(path), where=place, field=field)
    for sequence in catalogue.sequences:
        sequence._when = parse_condition(sequence.when, place=f"{path.name}, sequence {sequence.code}, when")
    for veto in catalogue.vetoes:
        place = f"{path.name}, veto {veto.code}, when"
        if veto.when is None and veto.code not in BUILT_IN_VETOES:
            raise SettingsError("veto_without_condition", file=str(path), where=place)
        veto._when = parse_condition(veto.when, place=place) if veto.when is not None else None
    return catalogue


def read_entries(path: Path, kind: str, schema: type[Entries], list_name: str) -> Entries:
    """Read a YAML file of entries with codes and check it against its schema; `kind` is what `read_yaml_file` takes.

    Raises
    ------
    SettingsError
        File missing, not YAML, an entry that breaks the schema, a code used twice.
    """
    raw = read_yaml_file(path, kind)
    try:
        found = schema.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, raw, path, list_name, schema) from None
    seen: set[str] = set()
    for entry in getattr(found, list_name):
        if entry.code in seen:
            place = f"{path.name}, {_entry_name(list_name)} {entry.code}"
            raise SettingsError("entry_code_twice", code="bad_catalogue", file=str(path), where=place)
        seen.add(entry.code)
    return found


def _entry_name(list_name: str) -> str:
    return "strategy" if list_name == "strategies" else list_name.rstrip("s")


def schema_error(
    error: ValidationError, raw: dict[str, Any], path: Path, list_name: str, schema: type[BaseModel]
) -> SettingsError:
    """One sentence for the first breach of a schema: file, entry (by its code), field, what is wrong, remedy."""
    first = first_breach(error)
    place = list(first["loc"])
    entry = ""
    if len(place) >= 2 and isinstance(place[0], str) and isinstance(place[1], int):
        item = raw.get(place[0], [])[place[1]]
        name = item.get("code") if isinstance(item, dict) else None
        entry = f", {_entry_name(place[0])} {name or place[1] + 1}"
        place = place[2:]
    field = ".".join(str(part) for part in place)
    fields = {
        "file": str(path),
        "entry": entry,
        "field": field,
        "list": list_name,
        "where": f"{path.name}{entry}" + (f", {field}" if field else ""),
    }
    if first["type"] == "extra_forbidden":
        near = meant(schema, first["loc"])
        if near:
            return SettingsError("entry_field_meant", code="bad_catalogue", **fields, near=near)
        return SettingsError("entry_field_unknown", code="bad_catalogue", **fields)
    if first["type"] == "missing":
        return SettingsError("entry_field_missing", code="bad_catalogue", **fields)
    value = first.get("input")
    shown = isinstance(value, str | int | float) and len(str(value)) <= 60
    given = phrase("phrases.given", value=value) if shown else ""
    return SettingsError("entry_field_wrong", code="bad_catalogue", **fields, problem=problem(first), given=given)
