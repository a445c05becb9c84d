"""What the service answers: the scores table's fields as JSON, in one language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from configs.catalogue import Lang as Language
from retention.profile.dimensions import DIMENSIONS
from serving.texts import DATA_WARNINGS

if TYPE_CHECKING:
    import pandas as pd

Evidence = Literal["strong", "weak", "none"]


class Answer(BaseModel):
    """Base of all answers; a number that is not known is null."""

    model_config = ConfigDict(protected_namespaces=(), ser_json_inf_nan="null", extra="forbid")


class Warning_(Answer):
    """Something to know: an early sign of churn, or a lack of the data behind the answer.

    `sign` names the feature or field, `size` how far it is from `normal`, `since` when it began; only what applies
    is not null.
    """

    model_config = ConfigDict(title="Warning")

    code: str
    text: str
    sign: str | None = None
    size: float | None = None
    value: float | None = None
    normal: float | None = None
    unit: str | None = None
    since: datetime | None = None


class Points(Answer):
    """One driver family's part of a prediction; base and all parts add up to it."""

    driver: str
    points: float


class Reason(Answer):
    """A driver family that is worth telling, in words; `points` is null where a written rule answers."""

    driver: str
    points: float | None
    direction: Literal["raises", "lowers"] | None
    feature: str | None
    value: float | str | None
    typical: float | str | None
    actionable: bool
    text: str


class _Fields(Answer):
    """One customer's answer: the scores table's row. All but the id and the warnings is null without a prediction."""

    customer_id: str
    found: bool = Field(description="Whether there is anything to answer from; if not, all numbers are null.")
    as_of: datetime
    horizon_days: int
    churn_probability: float | None = None
    next_order_date: date | None = Field(
        None, description="If there is an order within lifetime_days; its interval follows."
    )
    next_order_date_low: date | None = None
    next_order_date_high: date | None = None
    expected_orders: float | None = None
    expected_spend: float | None = None
    headroom: float | None = None
    lifetime_days: int
    lifetime_value: float | None = None
    lifetime_value_low: float | None = None
    lifetime_value_high: float | None = None
    evidence: Evidence | None = None
    evidence_reason: str | None = None
    stage: str | None = None
    stage_since: date | None = None
    stage_because: str | None = None
    member_level: str | None = None
    member_since: date | None = None
    member_because: str | None = None
    segment: str | None = None
    churn_base: float | None = None
    drivers: list[Points] = []
    spend_base: float | None = None
    spend_drivers: list[Points] = []
    lifetime_base: float | None = None
    lifetime_drivers: list[Points] = []
    reasons: list[Reason] = []
    spend_reasons: list[Reason] = []
    lifetime_reasons: list[Reason] = []
    warnings: list[Warning_] = []
    strategies: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    horizons: dict[int, dict[str, float | None]] = Field(
        default={}, description="Per horizon in days: churn_probability, expected_orders, expected_spend."
    )


DAYS = tuple(name for name, spec in _Fields.model_fields.items() if spec.annotation == date | None)
"""Fields that are days; the scores table holds them as midnights in UTC."""


def _dimension_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for code, dimension in DIMENSIONS.items():
        fields[code] = (str | None if dimension.unit == "code" else float | None, None)
        fields[f"{code}_tier"] = (str | None, None)
        fields[f"{code}_evidence"] = (Evidence | None, None)
        if dimension.kind == "level":
            fields[f"{code}_low_below"] = (float | None, None)
            fields[f"{code}_high_from"] = (float | None, None)
    return fields


CustomerScore = create_model("CustomerScore", __base__=_Fields, **_dimension_fields())
CustomerScore.__doc__ = _Fields.__doc__


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
    return Warning_(code=code, text=DATA_WARNINGS[code][lang == "zh"].format(**fields))


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
        elif (further := _further(name)) is not None:
            horizons.setdefault(further[1], {})[further[0]] = value
    values["horizons"] = dict(sorted(horizons.items()))
    return CustomerScore.model_validate(values)


def _further(name: str) -> tuple[str, int] | None:
    """``churn_probability_30d`` as ("churn_probability", 30); None for other columns."""
    head, _, days = name.rpartition("_")
    if (
        head in ("churn_probability", "expected_orders", "expected_spend")
        and days.endswith("d")
        and days[:-1].isdigit()
    ):
        return head, int(days[:-1])
    return None


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
            spoken[key] = plain(value)
    if "value_text" in spoken:  # a reason: number or text, whichever the feature has
        for name in ("value", "typical"):
            text = spoken.pop(f"{name}_text")
            spoken[name] = spoken[name] if text is None else text
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
