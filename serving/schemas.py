"""What a request may hold and what an answer holds: strict, bounded and exact.

Every list and text has a greatest length, every number a range; unknown keys, numbers written as text, NaN and
infinities are refused. Money stays a decimal from the JSON text to the table, so a sum is the same as in batch.
A time without a zone, or a bare date, is in the business zone of the settings (`data.timezone`), as for files.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from configs.catalogue import Lang as Language
from features.order_rules import round_money
from features.tables import MONEY_LIMIT, NUMBER_LIMIT
from serving.strict_json import parse_json

MAX_CUSTOMERS = 10_000
MAX_LINES = 20_000
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_MONEY_LIMIT, _NUMBER_LIMIT = Decimal(MONEY_LIMIT), float(NUMBER_LIMIT)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _moment(value: Any) -> datetime:
    """A date or a date with a time, in ISO 8601; naive where no zone is written."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise PydanticCustomError("time_form", "is not a time like 2024-05-31T18:00:00+08:00 or a date like 2024-05-31")
    try:
        moment = datetime.fromisoformat(value)
        offset = moment.utcoffset()
    except ValueError:
        raise PydanticCustomError("time_form", "is not a day or a time of the calendar") from None
    if not 1900 <= moment.year <= 2199 or (offset is not None and abs(offset.total_seconds()) > 50_400):
        raise PydanticCustomError("time_range", "is outside the years 1900 to 2199 or has an impossible zone")
    return moment


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        raise PydanticCustomError("time_form", "is not a date like 2024-05-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("time_form", "is not a day of the calendar") from None


def _number(value: Any) -> float:
    """A JSON number as float64; text and truth values are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number_type", "is not a number")
    number = float(value) if isinstance(value, float | Decimal) or abs(value) <= 10**18 else float("inf")
    if not abs(number) <= _NUMBER_LIMIT:
        raise PydanticCustomError("number_range", "is not between -1e12 and 1e12")
    return number


def _money(value: Any) -> Decimal:
    """A JSON number as the decimal that is written there."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number_type", "is not a number")
    try:
        amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        # rounding may bring it to the limit, so what counts is the amount as it will be kept
        in_range = amount.is_finite() and abs(amount) <= _MONEY_LIMIT and abs(round_money(amount)) < _MONEY_LIMIT
    except (InvalidOperation, ValueError):
        in_range = False
    if not in_range:
        raise PydanticCustomError("number_range", "is not between -1e14 and 1e14")
    return amount


def _text(value: Any) -> Any:
    if isinstance(value, str) and _CONTROL.search(value) is not None:
        raise PydanticCustomError("text_characters", "holds control characters or half of a character")
    return value


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40})
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Money = Annotated[
    Decimal, BeforeValidator(_money), PlainSerializer(float), WithJsonSchema({"type": "number", "format": "decimal"})
]
Number = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Id = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
Word = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
Prose = Annotated[str, Field(max_length=4000)]


class _FirstOnly(FailFast):
    """`FailFast` that may stand in a union: a long list of bad entries is given up at the first one."""

    def __hash__(self) -> int:
        return hash(_FirstOnly)


class Strict(BaseModel):
    """Base of all requests: unknown keys fail, nothing is converted, no value is shown in an error."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True, protected_namespaces=()
    )


class Asked(Strict):
    """Base of a request body: read from JSON so that money stays exact and a doubled key is seen."""

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **kwargs: Any) -> Self:
        """Check a body; decimals are taken from the text, not by way of a float.

        Raises
        ------
        RequestError
            Not UTF-8, not JSON, a key twice, NaN, nested too deeply.
        pydantic.ValidationError
            Right JSON that breaks the schema.
        """
        data = json_data.encode() if isinstance(json_data, str) else bytes(json_data)
        return cls.model_validate(parse_json(data), **kwargs)


class OrderLine(Strict):
    """One line of an order; a negative amount is a return or a cancellation."""

    order_id: Id
    occurred_at: Moment
    amount: Money | None = None
    line_id: Id | None = None
    product_id: Id | None = None
    category: Word | None = None
    quantity: Number | None = None
    unit_price: Money | None = None
    discount: Money | None = None
    channel: Word | None = None
    recorded_at: Moment | None = None
    currency: Word | None = None
    returns_order_id: Id | None = None
    promised_at: Moment | None = None
    delivered_at: Moment | None = None


class Feedback(Strict):
    """One survey answer, review or complaint."""

    occurred_at: Moment
    kind: Literal["survey", "review", "complaint", "nps"]
    feedback_id: Id | None = None
    topic: Literal["quality", "service", "logistics", "other"] | None = None
    score: Number | None = None
    score_min: Number | None = None
    score_max: Number | None = None
    resolved_at: Moment | None = None
    text: Prose | None = None
    recorded_at: Moment | None = None

    @model_validator(mode="after")
    def _score_in_its_scale(self) -> Self:
        low, score, high = self.score_min, self.score, self.score_max
        if score is not None and low is not None and high is not None and not low <= score <= high:
            raise PydanticCustomError("score_outside", "has a score outside score_min and score_max")
        return self


class Interaction(Strict):
    """One contact, visit or reaction to a message."""

    occurred_at: Moment
    kind: Literal["contact", "visit", "browse", "search", "cart", "open", "click", "redeem"]
    interaction_id: Id | None = None
    channel: Word | None = None
    direction: Word | None = None
    product_id: Id | None = None
    category: Word | None = None
    text: Prose | None = None
    recorded_at: Moment | None = None


class Profile(Strict):
    """What is known of a customer besides the history: the columns of the customers table."""

    customer_type: Literal["enterprise", "individual"] | None = None
    name: Word | None = None
    region: Word | None = None
    country: Word | None = None
    industry: Word | None = None
    company_size: Word | None = None
    acquired_at: Moment | None = None
    birthday: Day | None = None
    gender: Literal["female", "male", "other"] | None = None
    interests: Annotated[list[Word], Field(max_length=100)] | None = None
    preferred_channel: Word | None = None
    member_level: Word | None = None
    points_balance: Number | None = None
    points_expire_on: Day | None = None
    referred_by: Id | None = None
    fulfilment: Word | None = None
    consent: Word | None = None
    owner: Word | None = None
    renewal_at: Moment | None = None
    phone: Word | None = None
    email: Word | None = None


class Customer(Strict):
    """One customer: an id that the tables hold, or an id with its own history.

    With `orders` (also an empty list) the answer comes from what is sent here alone; without, from the tables.
    A list that is not sent is unknown, an empty one says that there was nothing.
    """

    customer_id: Id
    orders: Annotated[list[OrderLine], _FirstOnly(), Field(max_length=MAX_LINES)] | None = None
    feedback: Annotated[list[Feedback], _FirstOnly(), Field(max_length=MAX_LINES)] | None = None
    interactions: Annotated[list[Interaction], _FirstOnly(), Field(max_length=MAX_LINES)] | None = None
    profile: Profile | None = None

    @model_validator(mode="after")
    def _history_whole(self) -> Self:
        given = [name for name in ("feedback", "interactions", "profile") if getattr(self, name) is not None]
        if self.orders is None and given:
            raise PydanticCustomError(
                "orders_missing",
                "has {given} but no orders; send orders too, [] if there are none",
                {"given": given[0]},
            )
        return self


class ScoreRequest(Asked):
    """Body of `POST /v1/score`.

    `as_of` is the moment to score at: nothing at or after it is seen. Without it the end of the data.
    """

    customers: Annotated[list[Customer], _FirstOnly(), Field(min_length=1, max_length=MAX_CUSTOMERS)]
    as_of: Moment | None = None
    lang: Language | None = None


class ModelRequest(Asked):
    """Body of `POST /v1/model`."""

    lang: Language | None = None
