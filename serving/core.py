"""Scores for a call: the same features, models and reasons as in batch, without any HTTP.

By id the features come from the canonical tables, with a history sent along from that history alone; both go through
`features.engine`, the bundle's models and `retention.scoring.assembly`, so an answer equals the batch run's row to the
last bit. The core holds nothing that changes between calls, but for what `serving.live` notes of its tables, and may be
used by several threads; it is replaced whole.
"""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from configs.catalogue import Lang as Language
from configs.settings import Settings
from configs.timestamps import format_moment, future_from
from features.closures import Closures
from features.engine import Tables, tables_from_arrow
from features.extracts import some_customers
from features.part import part_of
from retention.scoring.scorer import Scorer
from retention.wording import note
from serving.answers import CustomerScore, ModelResponse, ScoreResponse, Warning_, customer_score, data_warning, rows_of
from serving.company import Company
from serving.errors import request_error
from serving.history import History, read_history, to_utc
from serving.schemas import Customer, ScoreRequest
from serving.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from models.bundle.folder import Bundle

SOURCES = {"feedback": "feedback", "interactions": "interactions", "profile": "customers"}
"""List of a request → source of the features that are unknown without it."""

MAX_FIELDS_NAMED = 5
CLOCK_SKEW = timedelta(minutes=5)
"""Rows of a caller may lie so far ahead of our clock before they count as rows of the future."""
LATEST_AS_OF = timedelta(days=1)
"""An `as_of` may lie so far ahead: the end of today's data is the midnight to come."""


def utc_now() -> datetime:
    """The present moment in UTC, without zone as the tables hold moments."""
    return datetime.now(UTC).replace(tzinfo=None)


class ScoringCore:
    """Answers calls from one bundle.

    Parameters
    ----------
    bundle : Bundle
        A bundle that `models.bundle.folder.load_bundle` has checked.
    tables : Tables or None
        Canonical tables to answer by id from; None: histories must be sent.
    settings : Settings
        Zone, language, limits, retention rules; targets are the bundle's.
    company : Path, optional
        Folder that `Company.save` wrote, for a service without tables.
    snapshot : Snapshot, optional
        Where the tables lie; removed when nobody holds the core any more.
    clock : callable
        The present moment (UTC without zone): by it data are stale and rows lie in the future.

    Attributes
    ----------
    data_damaged, data_is_old : bool
        Set by `serving.live`: the tables are no longer what was written; newer ones lie there and could not be read.

    Raises
    ------
    BundleError
        The bundle lacks a part that scoring needs.
    """

    def __init__(
        self,
        bundle: Bundle,
        tables: Tables | None,
        settings: Settings,
        *,
        company: Path | None = None,
        snapshot: Snapshot | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.model = Scorer.of(bundle, settings)
        self.settings = self.model.settings
        self.tables = tables
        self.closures = Closures.of(settings.data) if tables is None else tables.closures
        self.snapshot = snapshot
        self.clock = clock
        self.degraded = bundle.degraded
        self.data_damaged = False
        self.data_is_old = False
        if tables is not None and snapshot is not None:
            weakref.finalize(self, _let_go, tables, snapshot.folder)
        if tables is not None:
            self.company = Company.of(tables, settings.data.timezone)
        elif company is not None:
            self.company = Company.load(company)
        else:
            self.company = Company.of_meta(bundle.meta)

    @property
    def model_version(self) -> str:
        """Id of the bundle."""
        return self.model.version

    def fault(self) -> str | None:
        """Why customers cannot be looked up although there were tables, by code; None if they can."""
        if self.snapshot is None:
            return None
        return self.snapshot.fault() or ("data_changed" if self.data_damaged else None)

    def is_stale(self) -> bool:
        """Whether the last event of the tables is older than the settings allow, by the clock."""
        return self.tables is not None and self._days_old() > self.settings.serving.stale_after_days

    def _days_old(self) -> int:
        return (self.clock() - self.company.last_event).days

    def score(self, request: ScoreRequest) -> ScoreResponse:
        """Score the customers of a call.

        Raises
        ------
        RequestError
            Too many customers, one twice, one by id without tables, `as_of` before all data.
        """
        lang: Language = request.lang or self.settings.language
        inline = [(i, customer) for i, customer in enumerate(request.customers) if customer.orders is not None]
        by_id = [customer.customer_id for customer in request.customers if customer.orders is None]
        self._check(request.customers)
        if by_id and (fault := self.fault()) is not None:
            raise request_error(fault)
        history = read_history(
            inline, self.settings.data, self.company.columns, self.company.products, self._future_from()
        )
        as_of, assumed = self._moment(request, history.newest if inline else None)
        call_warnings = [data_warning("as_of_assumed", lang, as_of=self._shown(as_of))] if assumed and inline else []
        call_warnings += self._call_warnings(as_of, bool(by_id), lang)
        notes = self._history_notes(history, as_of, lang)
        answers: dict[str, Any] = {}
        if by_id:
            answers |= self._by_id(by_id, as_of, lang)
        if inline:
            answers |= self._by_history(history, as_of, lang, notes)
        return ScoreResponse(
            model_version=self.model.version,
            feature_fingerprint=self.model.feature_set.fingerprint,
            as_of=as_of.replace(tzinfo=UTC),
            horizon_days=self.settings.targets.horizon_days,
            lifetime_days=self.settings.targets.lifetime_days,
            currency=self.settings.data.currency,
            lang=lang,
            note=note(lang),
            warnings=call_warnings,
            results=[
                answers.get(customer.customer_id) or self._not_found(customer, as_of, lang, notes)
                for customer in request.customers
            ],
        )

    def model_card(self, lang: Language | None = None) -> ModelResponse:
        """What is loaded; the same in every language."""
        meta, targets = self.model.meta, self.settings.targets
        training = meta.get("training", {})
        return ModelResponse(
            model_version=self.model.version,
            feature_fingerprint=self.model.feature_set.fingerprint,
            feature_count=len(self.model.feature_set),
            trained_from=training.get("log_start"),
            trained_until=self.trained_until.replace(tzinfo=UTC),
            customers=meta.get("customers"),
            horizon_days=targets.horizon_days,
            lifetime_days=targets.lifetime_days,
            horizons=list(self.model.suite.horizons_),
            has_amounts=bool(meta.get("has_amounts", True)),
            currency=self.settings.data.currency,
            grade=meta.get("grade"),
            metrics=meta.get("metrics", {}),
            data_until=self.company.end.replace(tzinfo=UTC) if self.tables is not None else None,
            by_id=self.tables is not None,
            tables={name: list(columns) for name, columns in self.company.columns.items()},
            data_hash=meta.get("data_hash"),
            data_manifest=self.snapshot.manifest_sha256 if self.snapshot is not None else None,
        )

    @property
    def trained_until(self) -> datetime:
        """End of what the models know, UTC without zone."""
        return datetime.fromisoformat(self.model.meta["as_of"])

    def warm_up(self) -> None:
        """Answer one call of each kind, so that statements are compiled and code is loaded before the first caller."""
        moment = self.company.last_event - timedelta(days=1)
        line = {"order_id": "warm-up", "occurred_at": moment.replace(tzinfo=UTC).isoformat(), "amount": 1}
        customers: list[dict[str, Any]] = [{"customer_id": "warm-up", "orders": [line]}]
        if self.tables is not None:
            customers += [{"customer_id": name} for name in self._some_customers(1)]
        self.score(ScoreRequest.model_validate({"customers": customers, "as_of": self.company.end}))

    def _some_customers(self, count: int) -> list[str]:
        assert self.tables is not None
        return [name for name in some_customers(self.tables, count) if name != "warm-up"]

    def _check(self, customers: Sequence[Customer]) -> None:
        limit = self.settings.serving.max_customers
        if len(customers) > limit:
            raise request_error("too_many_customers", field="customers", count=len(customers), limit=limit)
        first: dict[str, int] = {}
        for position, customer in enumerate(customers):
            place = f"customers[{position}].customer_id"
            if customer.customer_id in first:
                before = f"customers[{first[customer.customer_id]}]"
                raise request_error("duplicate_customer", field=place, first=before)
            first[customer.customer_id] = position
            if customer.orders is None and self.tables is None:
                raise request_error("history_needed", field=f"customers[{position}]")

    def _moment(self, request: ScoreRequest, newest: datetime | None) -> tuple[datetime, bool]:
        """The moment to score at, and whether it was assumed: the end of the data, a newer history included."""
        zone = self.settings.data.timezone
        if request.as_of is not None:
            as_of = to_utc(request.as_of, zone)
            if as_of <= self.company.log_start:
                raise request_error("as_of_out_of_range", field="as_of")
            return as_of, False
        if newest is None or newest < self.company.end:
            return self.company.end, True
        after = newest.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
        return to_utc(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)), zone), True

    def _call_warnings(self, as_of: datetime, by_id: bool, lang: Language) -> list[Warning_]:
        warnings = []
        # a moment that lies within the data sees all there is to see, however long ago it was
        if by_id and self.is_stale() and as_of >= self.company.end:
            warnings.append(data_warning("stale_data", lang, days=self._days_old()))
        if by_id and self.data_is_old:
            warnings.append(data_warning("old_data", lang, until=self._shown(self.company.end)))
        if as_of > self.clock() + LATEST_AS_OF:
            warnings.append(data_warning("future_as_of", lang))
        if as_of < self.trained_until:
            warnings.append(data_warning("before_model", lang, trained_until=self._shown(self.trained_until)))
        age = (as_of - self.trained_until).days
        if age > self.settings.targets.horizon_days + self.settings.serving.stale_after_days:
            warnings.append(data_warning("old_model", lang, days=age))
        return warnings

    def _by_id(self, ids: Sequence[str], as_of: datetime, lang: Language) -> dict[str, Any]:
        assert self.tables is not None  # checked before
        with part_of(self.tables, ids, products=self.company.products) as part:
            frame = self._frame(part, as_of)
            return self._answers(frame, part, as_of, lang, {})

    def _by_history(
        self, history: History, as_of: datetime, lang: Language, notes: dict[str, list[Warning_]]
    ) -> dict[str, Any]:
        with tables_from_arrow(history.tables, threads=1, closures=self.closures) as part:
            frame = self._frame(part, as_of)
            for spec in self.model.feature_set:
                unsent = [c.customer_id for c in history.customers if spec.source in _unsent_sources(c)]
                if unsent and spec.name in frame:
                    frame.loc[frame["customer_id"].isin(unsent), spec.name] = None
            return self._answers(frame, part, as_of, lang, notes)

    def _frame(self, part: Tables, as_of: datetime) -> pd.DataFrame:
        return self.model.frame(part, as_of, log_start=self.company.log_start)

    def _answers(
        self, frame: pd.DataFrame, part: Tables, as_of: datetime, lang: Language, notes: dict[str, list[Warning_]]
    ) -> dict[str, Any]:
        if frame.empty:
            return {}
        horizon = self.settings.targets.horizon_days
        answers = {}
        scores = self.model.score_frame(frame, part, as_of)
        history = zip(frame["orders_ever"].tolist(), frame["days_since_first_order"].tolist(), strict=True)
        for row, (orders, days) in zip(rows_of(scores), history, strict=True):
            answer = customer_score(row, lang)
            answer.warnings += notes.get(answer.customer_id, [])
            if not orders > 0:
                answer.warnings.append(data_warning("no_orders", lang, as_of=self._shown(as_of)))
            elif orders == 1:
                answer.warnings.append(data_warning("one_order", lang))
            elif days < horizon:
                answer.warnings.append(data_warning("short_history", lang, days=int(days), horizon=horizon))
            answers[answer.customer_id] = answer
        return answers

    def _history_notes(self, history: History, as_of: datetime, lang: Language) -> dict[str, list[Warning_]]:
        future = history.count_future(as_of)
        notes: dict[str, list[Warning_]] = {}
        for customer in history.customers:
            customer_notes = notes.setdefault(customer.customer_id, [])
            if count := future.get(customer.customer_id):
                customer_notes.append(data_warning("future_rows", lang, count=count))
            if missing := history.missing[customer.customer_id]:
                named = ", ".join(missing[:MAX_FIELDS_NAMED]) + (", …" if len(missing) > MAX_FIELDS_NAMED else "")
                customer_notes.append(data_warning("missing_fields", lang, fields=named))
        return notes

    def _not_found(self, customer: Customer, as_of: datetime, lang: Language, notes: dict[str, list[Warning_]]) -> Any:
        code = "unknown_customer" if customer.orders is None else "no_orders"
        nothing: dict[str, Any] = {
            "customer_id": customer.customer_id,
            "found": False,
            "as_of": as_of.replace(tzinfo=UTC),
            "horizon_days": self.settings.targets.horizon_days,
            "lifetime_days": self.settings.targets.lifetime_days,
            "warnings": [data_warning(code, lang, as_of=self._shown(as_of)), *notes.get(customer.customer_id, [])],
        }
        return CustomerScore.model_validate(nothing)

    def _future_from(self) -> datetime:
        """From when on a row sent along lies in the future: by the clock, or by `data.future_after` as for files."""
        by_clock = self.clock() + CLOCK_SKEW
        by_setting = future_from(self.settings.data)
        return by_clock if by_setting is None else min(by_clock, by_setting)

    def _shown(self, moment: datetime) -> str:
        return format_moment(moment, self.settings.data.timezone)


def _let_go(tables: Tables, folder: Path) -> None:
    tables.close()
    shutil.rmtree(folder, ignore_errors=True)


def _unsent_sources(customer: Customer) -> set[str]:
    return {source for field, source in SOURCES.items() if getattr(customer, field) is None}
