"""The catalogue of strategies: its schema, its checks and its loading.

`configs/strategies.yaml` is the catalogue that comes with the product; `retention.strategies` in the settings names a
company's own file instead. Every complaint names file, entry, field and remedy.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from configs.catalogue import phrase
from configs.errors import SettingsError
from configs.resources import ROOM
from configs.schema_breaches import first_breach, meant, problem
from configs.settings import Settings
from configs.yaml_files import read_yaml_file
from features.specs import TOLD_DRIVERS
from retention.conditions.expressions import Condition, parse_condition
from retention.schema import PERSONAL

DEFAULT = ROOM / "strategies.yaml"
TEXT_LIMIT = 120

Kind = Literal["product", "offer", "service", "programme", "contact", "content", "recovery", "event", "reach"]
Channel = Literal["email", "sms", "phone", "social", "face_to_face", "ads", "none", "preferred"]
Evidence = Literal["rule", "observed", "randomised"]
EVIDENCE: tuple[Evidence, ...] = ("rule", "observed", "randomised")
Entries = TypeVar("Entries", bound=BaseModel)

PLACEHOLDERS: dict[str, str] = {
    "churn": "churn_probability",
    "horizon": "horizon_days",
    "value": "lifetime_value",
    "spend": "expected_spend",
    "orders": "expected_orders",
    "headroom": "headroom",
    "days": "days_since_last_order",
    "complaints": "open_complaints",
    "satisfaction": "satisfaction",
    "industry": "industry",
    "level": "member_level",
}
"""What a `why` text may speak of, and the scores column that fills it."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def placeholders(text: str) -> set[str]:
    """Names in braces in a text.

    Examples
    --------
    >>> sorted(placeholders("{churn} risk in {horizon} days"))
    ['churn', 'horizon']
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


class Text(_Entry):
    """The same sentence in both languages."""

    en: str = Field(min_length=1, max_length=TEXT_LIMIT)
    zh: str = Field(min_length=1, max_length=TEXT_LIMIT)

    @model_validator(mode="after")
    def _same_placeholders(self) -> Self:
        try:
            en, zh = placeholders(self.en), placeholders(self.zh)
        except ValueError as error:
            raise ValueError(f"a brace is open or doubled ({error})") from None
        if en != zh:
            raise ValueError(f"placeholders differ between en {sorted(en)} and zh {sorted(zh)}")
        if unknown := sorted(en - PLACEHOLDERS.keys()):
            raise ValueError(f"placeholder {unknown[0]!r} is not one of {', '.join(PLACEHOLDERS)}")
        return self

    def of(self, language: str) -> str:
        """The text in `en` or `zh`."""
        return self.zh if language == "zh" else self.en


class ChannelEntry(_Entry):
    """What one contact through a channel costs, and whether it reaches a named person."""

    name: Text
    cost: float = Field(0.0, ge=0)
    staff_minutes: float = Field(0.0, ge=0)
    contact: bool = True


class Effect(_Entry):
    """What a strategy is believed to do until it has been measured.

    `orders_points`: change of the probability of an order in the horizon for a customer at even odds (0.5); other
    customers get the same shift of log-odds. `spend_uplift`: relative change of what an active customer spends.
    `sd_points`: how sure the belief is (standard deviation of `orders_points`), the weight against a measurement.
    """

    orders_points: float = Field(0.0, ge=-0.3, le=0.3)
    spend_uplift: float = Field(0.0, ge=-0.5, le=0.5)
    sd_points: float = Field(0.02, gt=0, le=0.3)
    evidence: Evidence = "rule"


class Strategy(_Entry):
    """One strategy; see docs/strategies.md for what each field does."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{2,47}$")
    kind: Kind
    name: Text
    description: Text
    why: Text
    serves: tuple[str, ...] = Field(min_length=1)
    when: dict[str, Any]
    never_when: dict[str, Any] = Field(default_factory=dict)
    drivers: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    channel: Channel
    cost: float = Field(0.0, ge=0)
    staff_minutes: float = Field(0.0, ge=0)
    discount: float = Field(0.0, ge=0, le=0.9)
    marketing: bool = True
    promotion: bool = False
    duty: bool = False
    every_days: int = Field(30, ge=0, le=3650)
    stop_after: int | None = Field(None, ge=1)
    effect: Effect
    _when: Condition = PrivateAttr()
    _never: Condition | None = PrivateAttr()

    @field_validator("drivers", "builds_on")
    @classmethod
    def _known_drivers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for driver in value:
            if driver not in TOLD_DRIVERS:
                raise ValueError(f"driver {driver!r} is not one of {', '.join(TOLD_DRIVERS)}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.discount > 0 and not self.promotion:
            raise ValueError("a strategy with a discount is a promotion; set promotion to true")
        if placeholders(self.name.en) or placeholders(self.description.en):
            raise ValueError("only 'why' may hold placeholders")
        return self

    @property
    def condition(self) -> Condition:
        """Who it is for."""
        return self._when

    @property
    def contraindication(self) -> Condition | None:
        """When it must not be used, beyond the catalogue's general vetoes."""
        return self._never


class Veto(_Entry):
    """A general rule that forbids a strategy; without `when` the selection itself knows the rule."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{2,47}$")
    text: Text
    applies_to: Literal["all", "marketing", "promotion", "discount", "contact"] = "all"
    when: dict[str, Any] | None = None
    _when: Condition | None = PrivateAttr()

    @property
    def condition(self) -> Condition | None:
        """When it forbids; None for the rules that are computed from contacts and consent."""
        return self._when

    def concerns(self, strategy: Strategy, *, contact: bool) -> bool:
        """Whether the veto speaks of this strategy; `contact`: it goes to a named person."""
        return {
            "all": True,
            "marketing": strategy.marketing,
            "promotion": strategy.promotion,
            "discount": strategy.discount > 0,
            "contact": contact,
        }[self.applies_to]


BUILT_IN_VETOES = ("no_consent", "contact_cap", "too_recent", "attempts_used", "contraindicated", "unprofitable")


class Phrase(_Entry):
    """A sentence of the selection in both languages, with the same words to fill in."""

    en: str = Field(min_length=1, max_length=TEXT_LIMIT)
    zh: str = Field(min_length=1, max_length=TEXT_LIMIT)

    @model_validator(mode="after")
    def _same_placeholders(self) -> Self:
        if placeholders(self.en) != placeholders(self.zh):
            raise ValueError("placeholders differ between en and zh")
        return self

    def of(self, language: str) -> str:
        """The text in `en` or `zh`."""
        return self.zh if language == "zh" else self.en


PHRASES: dict[str, set[str]] = {
    "answers": {"reason"},
    "builds_on": {"reason"},
    "next_less": {"name", "amount", "own"},
    "next_less_unpriced": {"name"},
    "next_same_kind": {"name", "other"},
    "next_duty": {"name"},
    "next_vetoed": {"name", "reason"},
    "next_none": set(),
}


class Selection(_Entry):
    """Constants of the ranking."""

    driver_match: float = Field(0.5, ge=0, le=2)
    min_active_probability: float = Field(0.05, gt=0, le=1)


class Catalogue(_Entry):
    """All strategies with the channels, the vetoes and the constants of the ranking."""

    version: Literal[1]
    selection: Selection = Selection()
    channels: dict[str, ChannelEntry]
    vetoes: tuple[Veto, ...]
    phrases: dict[str, Phrase]
    strategies: tuple[Strategy, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for channel in ("email", "sms", "phone", "social", "face_to_face", "ads", "none"):
            if channel not in self.channels:
                raise ValueError(f"channel {channel!r} is missing")
        missing = set(BUILT_IN_VETOES) - {veto.code for veto in self.vetoes}
        if missing:
            raise ValueError(f"veto {sorted(missing)[0]!r} is missing")
        for name, words in PHRASES.items():
            if name not in self.phrases:
                raise ValueError(f"phrase {name!r} is missing")
            if placeholders(self.phrases[name].en) != words:
                raise ValueError(f"phrase {name!r} must hold the placeholders {sorted(words)}")
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
        ]
        asked = {name for condition in conditions if condition is not None for name in condition.fields}
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
    return catalogue.model_copy(update={"strategies": kept})


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
