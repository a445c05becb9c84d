"""One sentence for what breaks a schema, and what a person may have meant by a key that it does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from configs.catalogue import Phrase, pairs, phrase, text
from configs.errors import SettingsError
from configs.files import read_regular
from configs.yaml_files import MAX_BYTES


def meant(schema: type[BaseModel], place: Sequence[str | int]) -> str | None:
    """The nearest key that is known there, or the place elsewhere at which the same key is known.

    Parameters
    ----------
    schema : type of BaseModel
        Schema of the whole file.
    place : sequence of str or int
        Where the unknown key stands, itself last, as in pydantic's `loc`.

    Examples
    --------
    >>> from configs.settings import Settings
    >>> meant(Settings, ("data", "customers", "colums")), meant(Settings, ("data", "closed", 2, "Lasts"))
    ('columns', 'last')
    >>> meant(Settings, ("lifetime_days",))
    'targets.lifetime_days'
    >>> meant(Settings, ("data", "zzz"))
    """
    name = str(place[-1])
    here = sorted(
        {key for model in _at(schema, place[:-1]) for key, field in model.model_fields.items() if not field.exclude}
    )
    folded = {key.casefold().replace("-", "_"): key for key in here}
    near = difflib.get_close_matches(name.strip().casefold().replace("-", "_").replace(" ", "_"), folded, n=1)
    if near:
        return folded[near[0]]
    return next((way for way, key in _everywhere(schema, "", ()) if key == name), None)


def first_breach(error: ValidationError) -> Any:
    """The breach to tell: an unknown key before all others, because what it was meant for is then missing."""
    breaches = error.errors(include_url=False, include_input=True)
    return next((one for one in breaches if one["type"] == "extra_forbidden"), breaches[0])


def settings_breach(error: ValidationError, schema: type[BaseModel], path: Path) -> SettingsError:
    """One sentence for the first breach of a settings file: place, what is wrong, the value, what may be meant."""
    first = first_breach(error)
    place = ".".join(str(part) for part in first["loc"] if part != "[key]")
    value = first.get("input")
    secret = "url" in place or (isinstance(value, str) and _filled_in(path))
    fields = {
        "file": str(path),
        "field": place,
        "place": place or phrase("phrases.the_file"),
        "given": "" if secret or isinstance(value, dict | list) else phrase("phrases.given", value=value),
    }
    if first["type"] == "extra_forbidden":
        near = meant(schema, first["loc"])
        if near:
            return SettingsError("setting_meant", **fields, near=near)
        return SettingsError("setting_unknown", **fields)
    if first["type"] == "string_type" and isinstance(value, int | float | date):
        return SettingsError("setting_to_quote", **fields, problem=problem(first))
    return SettingsError("setting_wrong", **fields, problem=problem(first))


def problem(breach: Any) -> Phrase:
    """What is wrong with a value: pydantic's own words without its capital, in Chinese where its type is known.

    A validator of ours raises `ValueError` with a `Phrase`, which is then what is said.

    Examples
    --------
    >>> problem({"type": "greater_than_equal", "ctx": {"ge": 1}, "msg": "Input should be greater than or equal to 1"})
    'input should be greater than or equal to 1'
    """
    context = breach.get("ctx", {})
    raised = next(iter(getattr(context.get("error"), "args", ())), None)
    if isinstance(raised, Phrase):
        return raised
    said = str(breach["msg"]).removeprefix("Value error, ")
    said = said[:1].lower() + said[1:]
    if (known := f"breaches.{breach['type']}") not in pairs("phrases"):
        return Phrase(said, said)
    bounds = {name: f"{one:.12g}" if isinstance(one, int | float) else one for name, one in context.items()}
    return Phrase(said, text(f"phrases.{known}", "zh", **bounds))


def _filled_in(path: Path) -> bool:
    """Whether the file takes anything from the environment, which an error must not show."""
    try:
        return b"${" in read_regular(path, MAX_BYTES, follow=True)
    except OSError:
        return True


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The schemas that an annotation may hold: itself, or what stands in its brackets."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _at(schema: type[BaseModel], place: Sequence[str | int]) -> list[type[BaseModel]]:
    schemas = [schema]
    for step in place:
        fields = [model.model_fields[step] for model in schemas if isinstance(step, str) and step in model.model_fields]
        if fields:
            schemas = [model for field in fields for model in _models(field.annotation)]
        # a position in a list or the key of a mapping stays with the schemas that its field may hold
    return schemas


def _everywhere(schema: type[BaseModel], before: str, above: tuple[type[BaseModel], ...]) -> Iterator[tuple[str, str]]:
    for key, field in schema.model_fields.items():
        yield f"{before}{key}", key
        for model in _models(field.annotation):
            if model not in above:
                yield from _everywhere(model, f"{before}{key}.", (*above, schema))
