"""What the service answers: the scores table's fields as JSON, in one language."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from configs.catalogue import Lang as Language
from retention.entries import Change, EarlyWarning, Offer, Points, Reason, field_types
from retention.schema import COLUMNS, EVIDENCE, VARYING, Column, column_of
from serving.texts import DATA_WARNINGS

if TYPE_CHECKING:
    import pandas as pd

Evidence = Literal["strong", "weak", "none"]


class Answer(BaseModel):
    """Base of all answers; a number that is not known is null."""

    model_config = ConfigDict(protected_namespaces=(), ser_json_inf_nan="null", extra="forbid")


def _spoken_model(entry: Any, name: str) -> Any:
    """An entry of a list column in one language: ``text_en`` and ``text_zh`` become ``text``."""
    known = field_types(entry)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(entry):
        if field.name.endswith("_zh"):
            continue
        kind = known[field.name]
        if typing.get_origin(kind) is list:
            kind = GenericAlias(list, (_spoken_model(typing.get_args(kind)[0], typing.get_args(kind)[0].__name__),))
        fields[field.name.removesuffix("_en")] = (kind, ... if field.default is dataclasses.MISSING else field.default)
    return create_model(name, __base__=Answer, __doc__=str(entry.__doc__).split("\n    Attributes")[0], **fields)


_ENTRIES: dict[Any, Any] = {
    EarlyWarning: _spoken_model(EarlyWarning, "Warning"),
    **{entry: _spoken_model(entry, entry.__name__) for entry in (Points, Reason, Offer, Change)},
}
"""Entries of the scores table as the service answers them."""

if TYPE_CHECKING:
    Warning_ = Answer
else:
    Warning_ = _ENTRIES[EarlyWarning]


class _Fields(Answer):
    """One customer's answer: the scores table's row. All but the id and the warnings is null without a prediction."""

    customer_id: str
    found: bool = Field(description="Whether there is anything to answer from; if not, all numbers are null.")


def _field(column: Column) -> Any:
    described = f"{column.en[:1].upper()}{column.en[1:]}." + (f" Unit: {column.unit}." if column.unit else "")
    if column.entry is not None:
        return GenericAlias(list, (_ENTRIES[column.entry],)), Field([], description=described)
    if column.always:
        return column.type, Field(description=described)
    kind = Evidence if column.choices == EVIDENCE else column.type
    return kind | None, Field(None, description=described)


CustomerScore = create_model(
    "CustomerScore",
    __base__=_Fields,
    __doc__=_Fields.__doc__,
    **{one.name: _field(one) for one in COLUMNS if one.service and one not in VARYING and one.name != "customer_id"},
    summary=(str | None, Field(None, description="What, since when, what to do: one sentence.")),
    horizons=(
        dict[int, dict[str, float | None]],
        Field({}, description="Per horizon in days: churn_probability, expected_orders, expected_spend."),
    ),
)

DAYS = tuple(column.name for column in COLUMNS if column.type is date)
"""Fields that are days; the scores table holds them as midnights in UTC."""


class ScoreResponse(Answer):
    """Answer of `POST /v1/score`; `results` are in the order of the request."""

    model_version: str
    feature_fingerprint: str
    as_of: datetime
    horizon_days: int
    lifetime_days: int
    currency: str | None = None
    lang: Language
    note: str
    warnings: list[Warning_] = []
    results: list[CustomerScore]


class ModelResponse(Answer):
    """Answer of `POST /v1/model`: what is loaded, from which data, and how good it was in its out-of-time test."""

    model_version: str
    feature_fingerprint: str
    feature_count: int
    trained_from: date | None
    trained_until: datetime
    customers: int | None
    horizon_days: int
    lifetime_days: int
    horizons: list[int]
    has_amounts: bool
    currency: str | None
    grade: str | None
    metrics: dict[str, float] = {}
    data_until: datetime | None = Field(description="End of the tables that are asked by id; null without tables.")
    by_id: bool = Field(description="Whether customers may be asked by id.")
    tables: dict[str, list[str]] = Field(description="Tables and columns that the model knows.")
    data_hash: str | None = None
    data_manifest: str | None = Field(
        None, description="SHA-256 of the manifest of the tables that are asked by id; another one: other tables."
    )


def data_warning(code: str, lang: Language, **fields: Any) -> Warning_:
    """A warning of `serving.texts.DATA_WARNINGS`."""
    warning: Warning_ = _ENTRIES[EarlyWarning](code=code, text=DATA_WARNINGS[code][lang == "zh"].format(**fields))
    return warning


def customer_score(row: Mapping[str, Any], lang: Language) -> Any:
    """One row of the scores table as an answer.

    Parameters
    ----------
    row : mapping
        Column → value; list columns as Python lists of dicts.
    lang : {"en", "zh"}
        Language of the texts; the other one is left out.
    """
    values: dict[str, Any] = {"found": True}
    horizons: dict[int, dict[str, Any]] = {}
    for name, raw in row.items():
        value = plain(raw)
        if name in DAYS:
            values[name] = None if value is None else value.date()
        elif name in CustomerScore.model_fields:
            values[name] = in_language(value, lang) if isinstance(value, list) else value
        elif name == f"summary_{lang}":
            values["summary"] = value
        elif (further := _further(name)) is not None:
            horizons.setdefault(further[1], {})[further[0]] = value
    values["horizons"] = dict(sorted(horizons.items()))
    return CustomerScore.model_validate(values)


def _further(name: str) -> tuple[str, int] | None:
    """``churn_probability_30d`` as ("churn_probability", 30); None for other columns."""
    column = column_of(name)
    if column is None or not column.name.endswith("_<days>d"):
        return None
    head = column.name.removesuffix("_<days>d")
    return head, int(name.removeprefix(f"{head}_").removesuffix("d"))


def in_language(items: list[Any], lang: Language) -> list[Any]:
    """Dicts with `text_en` and `text_zh` as dicts with `text`; the same for every other pair of keys."""
    return [_spoken(item, lang) if isinstance(item, dict) else item for item in items]


def _spoken(item: dict[str, Any], lang: Language) -> dict[str, Any]:
    spoken: dict[str, Any] = {}
    for key, value in item.items():
        if key.endswith(("_en", "_zh")):
            if key.endswith(lang):
                spoken[key[:-3]] = plain(value)
        else:
            spoken[key] = in_language(value, lang) if isinstance(value, list) else plain(value)
    return spoken


def plain(value: Any) -> Any:
    """A value of a frame as Python's own: NaN and NaT are None, moments are datetimes in UTC."""
    if value is None or isinstance(value, str | int | list | dict):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if hasattr(value, "to_pydatetime"):
        return None if value != value else value.to_pydatetime().replace(tzinfo=UTC)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if hasattr(value, "item"):
        return plain(value.item())
    return value


def rows_of(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a scores table as dicts."""
    columns = {name: scores[name].tolist() for name in scores.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
