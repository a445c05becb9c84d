"""Typed settings. Paths in `holdfast.yaml` are relative to the file. Unknown keys fail."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator

from configs.catalogue import Lang, phrase
from configs.errors import SettingsError
from configs.extras import EXTRAS, require
from configs.schema_breaches import settings_breach
from configs.setting_model import Closure, Model
from configs.settings_file import merge, read_settings_file
from configs.work_settings import WorkListSettings

Format = Literal["csv", "parquet", "duckdb", "postgresql", "xlsx", "jsonl"]
"""What a source may be, where its content and its name do not tell."""

PACKAGE = "package:"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(phrase("phrases.unknown_zone", zone=value)) from error
    return value


class SourceSettings(Model):
    """Where one table comes from and how its columns are called there.

    `columns` maps our name to theirs; a column that already has our name needs no entry, an empty text leaves the
    column out. `values` maps the source's values to ours per column (``{kind: {bad: complaint}}``). `constants` fills
    a column. `lists` builds a list column from several of theirs (``{category: [department, group]}``), `splitters`
    cuts one of theirs into a list (``{category: ">"}``). `null_values` are texts that mean "missing" besides the empty
    one. `quote` empty means that quotation marks are ordinary characters. `last_line_complete` says that a
    last CSV line without a line end is whole, so that nothing is said of it.

    `date_format` is one form or several (a column in which forms are mixed, or files that differ): a pattern such as
    ``%d/%m/%Y``, ``epoch_s``, ``epoch_ms`` or ``excel`` (serial days). `decimal` is taken from each column unless set.
    `sheet` names the sheet of a workbook, `skip_rows` the title lines above the header. `fill_down` lists our columns
    whose cells stand on the first line of an order only and hold for the lines below it.
    """

    path: Path | None = None
    url: str | None = None
    table: str | None = None
    query: str | None = None
    format: Format | None = None
    sheet: str | None = None
    skip_rows: int = Field(0, ge=0, le=1000)
    fill_down: tuple[str, ...] = ()
    columns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    date_format: str | tuple[str, ...] | None = None
    timezone: str | None = None
    drop_where: dict[str, list[str]] = Field(default_factory=dict)
    lists: dict[str, list[str]] = Field(default_factory=dict)
    splitters: dict[str, str] = Field(default_factory=dict)
    null_values: tuple[str, ...] = ()
    quote: str = Field('"', max_length=1)
    decimal: Literal[".", ","] | None = None
    last_line_complete: bool = False

    @property
    def date_formats(self) -> tuple[str, ...]:
        """The forms in which times are written; none: only what can be read without asking."""
        if self.date_format is None:
            return ()
        return (self.date_format,) if isinstance(self.date_format, str) else self.date_format

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return value if value is None else _zone(value)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError(phrase("phrases.one_of_path_and_url"))
        return self


class ReturnRule(Model):
    """How a return is told apart from a purchase.

    `negative_amount`: a line with a negative amount (the default); when off, such a line is refused unless its order id
    has the prefix. `order_prefix`: also every line whose order id
    starts with this text; its amount is made negative if it is not. `sales_negative`: sales are written as negative
    amounts and returns as positive ones (an accounting export); all signs are turned.
    """

    negative_amount: bool = True
    order_prefix: str | None = None
    sales_negative: bool = False


class StockOut(Closure):
    """Days on which one product could not be bought, both included."""

    product_id: str


class DataSettings(Model):
    """The input tables and how to read them.

    `nobody` are customer ids that stand for no customer (walk-ins). `closed` and `out_of_stock` are days that count as
    no silence. `first_day` and `last_day` bound the log: lines outside are set aside. `repeated_lines` decides what
    happens with lines that repeat another one exactly, `order_numbers` whether an order number is used once
    (`unique`) or starts again (`restart`); without them what looks wrong is told or stops the ingest.
    `fixed_attributes` are columns of customers that have not changed since the customer was acquired; others that know
    what happened later are left out of the features.
    """

    mapping: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    rates: Path | None = None
    returns: ReturnRule = ReturnRule()
    max_refused_share: float = Field(0.05, ge=0, le=1)
    max_null_customer_share: float = Field(0.40, ge=0, le=1)
    future_after: str | None = None
    transactions: SourceSettings
    customers: SourceSettings | None = None
    products: SourceSettings | None = None
    feedback: SourceSettings | None = None
    interactions: SourceSettings | None = None
    treatments: SourceSettings | None = None
    aliases: SourceSettings | None = None
    nobody: tuple[str, ...] = ()
    closed: tuple[Closure, ...] = ()
    out_of_stock: tuple[StockOut, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    repeated_lines: Literal["keep", "drop"] | None = None
    order_numbers: Literal["unique", "restart"] | None = None
    fixed_attributes: tuple[str, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return _zone(value)

    @field_validator("future_after", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        # YAML reads an unquoted 2024-05-31 as a date.
        return value.isoformat() if isinstance(value, date) else value

    def sources(self) -> dict[str, SourceSettings]:
        """The tables that are given, by canonical name, transactions first."""
        names = ("transactions", "customers", "products", "feedback", "interactions", "treatments", "aliases")
        return {name: source for name in names if (source := getattr(self, name)) is not None}


class TargetSettings(Model):
    """What is predicted: horizon of churn and potential, length of the lifetime, discounting."""

    horizon_days: int = Field(90, ge=1, le=3650)
    lifetime_days: int = Field(365, ge=1, le=7300)
    horizons: tuple[int, ...] = (30, 90, 180, 365)
    annual_discount: float = Field(0.10, ge=0, le=2)
    interval: float = Field(0.80, gt=0, lt=1)

    @property
    def all_horizons(self) -> tuple[int, ...]:
        """Every horizon that labels are made for, ascending."""
        return tuple(sorted({*self.horizons, self.horizon_days, self.lifetime_days}))


class BoosterSettings(Model):
    """Factors on the tree sizes and the regularisation that the amount of data suggests.

    `leaves`, `leaf_rows` (fewest rows of a leaf), `l2` and `learning_rate` multiply; `feature_fraction` is the share
    of features that each tree sees.
    """

    leaves: float = Field(1.0, ge=0.25, le=8)
    leaf_rows: float = Field(1.0, ge=0.1, le=20)
    l2: float = Field(1.0, ge=0.01, le=100)
    learning_rate: float = Field(1.0, ge=0.1, le=5)
    feature_fraction: float = Field(0.6, ge=0.05, le=1)


class StackingSettings(Model):
    """How far the weights of trees and Pareto/NBD may follow the log.

    `few_customers`: customers of the rarer outcome at which both are trusted alike before the log is asked; `prior_sd`:
    standard deviation of the prior of each weight.
    """

    few_customers: float = Field(200.0, ge=1, le=100_000)
    prior_sd: float = Field(0.15, ge=0.01, le=2)


class TrainingSettings(Model):
    """How models are fitted; the defaults need no change."""

    seed: int = 20240601
    threads: int = Field(2, ge=1)
    cutoff_step_days: int | None = Field(None, ge=1)
    max_cutoffs: int = Field(12, ge=1)
    max_rows: int = Field(2_000_000, ge=100)
    seeds_averaged: int = Field(1, ge=1, le=20)
    sampled_customers_for_shap: int = Field(2_000, ge=10)
    stability_refits: int = Field(3, ge=0, le=20)
    boosters: BoosterSettings = BoosterSettings()
    stacking: StackingSettings = StackingSettings()


class ProfileSettings(Model):
    """What "here" means: home country and region decide local, domestic and international."""

    home_country: str | None = None
    home_region: str | None = None


class TierSettings(Model):
    """Cut-offs of a dimension: fixed numbers, or learned from the company's own customers.

    `by` says how they are learned: quantiles (the default), or `level`, for a probability: clearly above and below what
    is usual of the company. `measure` names a feature (`spend_365d`) that is used as the dimension's number instead of
    the default one.
    """

    measure: str | None = None
    low_below: float | None = None
    high_from: float | None = None
    by: Literal["quantiles", "level"] = "quantiles"
    quantiles: tuple[float, float] = (1 / 3, 2 / 3)
    per_customer_type: bool = True


class LifecycleSettings(Model):
    """Rules of the life-cycle stages, in multiples of the customer's own rhythm, and the shortest silences in days."""

    at_risk_after: float = Field(2.0, gt=1)
    lost_after: float = Field(4.0, gt=1)
    shortest_gap_days: float = Field(7.0, gt=0)
    shortest_lost_days: float = Field(60.0, gt=0)
    loyal_orders: int = Field(5, ge=2)
    loyal_days: int = Field(180, ge=1)
    rhythm_weight: float = Field(1.0, ge=0)

    @model_validator(mode="after")
    def _lost_after_risk(self) -> Self:
        if self.lost_after <= self.at_risk_after:
            raise ValueError(phrase("phrases.lost_before_risk"))
        return self


class RetentionSettings(Model):
    """How scores are turned into tiers, stages and strategies."""

    tiers: dict[str, TierSettings] = Field(default_factory=dict)
    new_customer_days: int = Field(90, ge=1)
    max_strategies: int = Field(3, ge=0, le=20)
    max_reasons: int = Field(5, ge=1, le=20)
    strategies: Path | None = None
    segments: Path | None = None
    holdout_share: float = Field(0.10, ge=0, lt=1)
    margin: float = Field(1.0, gt=0, le=1)
    strategies_off: tuple[str, ...] = ()
    membership: dict[str, dict[str, float]] = Field(default_factory=dict)
    staff_hour_cost: float = Field(30.0, ge=0)
    contact_cost_scale: float = Field(1.0, ge=0)
    contact_cap: int = Field(4, ge=1)
    contact_cap_days: int = Field(30, ge=1)
    points_lead_days: int = Field(14, ge=0, le=365)
    training_after_days: int = Field(7, ge=0, le=365)
    trainings_per_day: int = Field(2, ge=1)
    order_days: int = Field(7, ge=1, le=365)
    return_days: int = Field(90, ge=1, le=730)
    lifecycle: LifecycleSettings = LifecycleSettings()


class TrackingSettings(Model):
    """Where runs are recorded; a SQLite file in the work folder unless a URI is set."""

    uri: str | None = None
    experiment: str = "holdfast"
    model_name: str = "holdfast"


class ServingSettings(Model):
    """The service's limits and its address; `allowed_hosts` are further names that it may be called by."""

    host: str = "127.0.0.1"
    port: int = Field(3000, ge=1, le=65535)
    allowed_hosts: tuple[str, ...] = ()
    max_customers: int = Field(1000, ge=1, le=10_000)
    max_body_mib: int = Field(8, ge=1, le=256)
    body_seconds: float = Field(10.0, gt=0, le=300)
    answer_seconds: float = Field(60.0, gt=0, le=3600)
    threads: int = Field(2, ge=1, le=64)
    docs: bool = False
    stale_after_days: int = Field(30, ge=1)


class Settings(Model):
    """The whole of `holdfast.yaml`."""

    data: DataSettings
    targets: TargetSettings = TargetSettings()
    training: TrainingSettings = TrainingSettings()
    profile: ProfileSettings = ProfileSettings()
    retention: RetentionSettings = RetentionSettings()
    tracking: TrackingSettings = TrackingSettings()
    serving: ServingSettings = ServingSettings()
    worklist: WorkListSettings = WorkListSettings()
    language: Lang = "en"
    workdir: Path = Path("work")
    artifacts: Path = Path("artifacts")
    root: Path = Field(default=Path(), exclude=True)

    def path(self, value: Path) -> Path:
        """An absolute path; relative ones start at the folder of the settings file.

        ``package:NAME/inner/path`` is a file that an installed Python package brings.

        Raises
        ------
        SettingsError
            The package is not installed.
        """
        if str(value).startswith(PACKAGE):
            return _inside_package(str(value).removeprefix(PACKAGE))
        return value if value.is_absolute() else (self.root / value).resolve()

    @property
    def work(self) -> Path:
        """Folder of everything that can be made again."""
        return self.path(self.workdir)

    @property
    def canonical(self) -> Path:
        """Folder of the canonical tables that ingest writes."""
        return self.work / "canonical"

    @property
    def recorded_treatments(self) -> Path:
        """Contacts that were recorded here, which ingest reads beside the company's own treatments."""
        return self.work / "recorded" / "treatments.parquet"

    @property
    def bundle_store(self) -> Path:
        """Folder of bundles with the pointers CURRENT and LAST_GOOD."""
        return self.path(self.artifacts) / "bundle"


def load_settings(path: Path | str, *, overrides: dict[str, Any] | None = None) -> Settings:
    """Read and check a settings file.

    Parameters
    ----------
    path : Path or str
        A `holdfast.yaml`.
    overrides : dict, optional
        Nested values that replace those of the file (from command-line options).

    Raises
    ------
    SettingsError
        File missing, not YAML, an unknown key, a value out of range, an environment variable that is not set.
    """
    path = Path(path)
    raw = merge(read_settings_file(path), overrides or {})
    if "root" in raw:  # a field of ours that no file may set
        raise SettingsError("setting_root_unknown", field="root", file=path)
    try:
        return Settings.model_validate({**raw, "root": path.resolve().parent})
    except ValidationError as error:
        raise settings_breach(error, Settings, path) from None


def _inside_package(text: str) -> Path:
    """A file inside an installed package; the package itself is not imported."""
    name, _, inner = text.partition("/")
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    folders = list(found.submodule_search_locations or []) if found is not None else []
    if not folders and name in EXTRAS:
        require(name, task=f"{PACKAGE}{text}")
    if not folders:
        raise SettingsError(
            "data_package_missing", code="package_missing", value=name, brings=inner or phrase("phrases.the_data")
        )
    return Path(folders[0]) / inner
