"""A small company with a known pattern, and a suite that is quick and simple: fixtures of several rooms."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.files import write_set
from configs.settings import DataSettings, Settings, SourceSettings, TargetSettings, TrainingSettings
from models.contract import Contributions, churn_column, orders_column, spend_column

START = datetime(2021, 1, 1)
AS_OF = datetime(2022, 7, 1)


def company(customers: int = 400, *, days: int = 546, seed: int = 5, amounts: bool = True) -> pa.Table:
    """Order lines: every customer has a rhythm of 10–120 days, some leave; a few orders come back."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(customers):
        gap, leaves = random.uniform(10, 120), random.uniform(60, 1200)
        size = random.lognormal(3.5, 0.6)
        day = random.uniform(0, 200)
        begun, order = day, 0
        while day < days and day - begun < leaves:
            order += 1
            for line in range(int(random.integers(1, 4))):
                amount = Decimal(round(size * random.lognormal(0, 0.3) * 100)) / 100
                rows.append(_row(number, order, line, day, amount))
            if random.uniform() < 0.05:
                rows.append(_row(number, -order, 0, day + 1, -amount))
            day += random.gamma(3.0, gap / 3.0)
    rows = [row for row in rows if row["occurred_at"] < START + timedelta(days=days)]
    rows.sort(key=lambda row: (row["customer_id"], row["occurred_at"], row["order_id"]))
    table = pa.Table.from_pylist(rows).cast(
        pa.schema(
            [
                ("customer_id", pa.string()),
                ("order_id", pa.string()),
                ("occurred_at", pa.timestamp("us")),
                ("amount", pa.decimal128(18, 4)),
                ("product_id", pa.string()),
                ("quantity", pa.float64()),
            ]
        )
    )
    return table if amounts else table.drop_columns(["amount"])


def _row(customer: int, order: int, line: int, day: float, amount: Decimal) -> dict[str, Any]:
    return {
        "customer_id": f"c{customer:04d}",
        "order_id": f"{customer}-{order}",
        "occurred_at": START + timedelta(seconds=int(day * 86_400)),
        "amount": amount,
        "product_id": f"p{(customer + line) % 40}",
        "quantity": 1.0,
    }


class SimpleSuite:
    """The contract of `models.suite.ModelSuite` by tables of means over recency groups."""

    refusal_ = ""

    def by_rule(self, refusal: str) -> SimpleSuite:
        """Tables of means are a rule already."""
        return self

    def fit(self, frame: pd.DataFrame, labels: pd.DataFrame, context: Any, *, progress: Any = None) -> SimpleSuite:
        self.targets_ = context.targets
        days = frame["days_since_last_order"].to_numpy(dtype=float)
        self.edges_ = np.quantile(days, [0.1, 0.25, 0.5, 0.75, 0.9])
        group = np.searchsorted(self.edges_, days)
        self.tables_: dict[int, dict[str, list[float]]] = {}
        for horizon in context.targets.all_horizons:
            orders = labels[orders_column(horizon)]
            spend = labels[spend_column(horizon)]
            known = orders.notna().to_numpy()
            if known.sum() < 20:
                continue
            part = pd.DataFrame({"g": group[known], "o": orders[known], "s": spend[known]})
            part["c"] = (part["o"] <= 0).astype(float)
            means = part.groupby("g")[["c", "o", "s"]].mean().reindex(range(6)).ffill().bfill()
            self.tables_[horizon] = {name: [float(v) for v in means[name]] for name in ("c", "o", "s")}
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        group = np.searchsorted(self.edges_, frame["days_since_last_order"].to_numpy(dtype=float))
        result = pd.DataFrame(index=frame.index)
        for horizon, table in self.tables_.items():
            result[churn_column(horizon)] = np.clip(np.array(table["c"])[group], 0.01, 0.99)
            result[orders_column(horizon)] = np.array(table["o"])[group]
            result[spend_column(horizon)] = np.array(table["s"])[group]
        main = self.targets_.horizon_days
        if main not in self.tables_:
            main = max(self.tables_)
        result["churn_probability"] = result[churn_column(main)]
        result["expected_orders"] = result[orders_column(main)]
        result["expected_spend"] = result[spend_column(main)]
        gap = frame["days_since_last_order"].to_numpy(dtype=float) + 10
        result["next_order_days"], result["next_order_days_low"], result["next_order_days_high"] = gap, gap / 4, gap * 3
        result["lifetime_value"] = result["expected_spend"] * 2
        result["lifetime_value_low"] = 0.0
        result["lifetime_value_high"] = result["expected_spend"] * 6
        result["evidence"], result["evidence_reason"] = "strong", ""
        return result

    def contributions(self, frame: pd.DataFrame) -> dict[str, Contributions]:
        p = self.predict(frame)["churn_probability"].to_numpy()
        base = np.full(len(frame), -0.2)
        values = pd.DataFrame(
            {"days_since_last_order": np.log(p / (1 - p)) - base, "calibration": 0.0}, index=frame.index
        )
        return {"churn": Contributions("logit", base, values)}

    def to_files(self) -> dict[str, bytes]:
        state = {"edges": list(self.edges_), "tables": {str(h): t for h, t in self.tables_.items()}}
        return {"simple.json": json.dumps(state, sort_keys=True).encode()}


@pytest.fixture(scope="session")
def log() -> pa.Table:
    return company()


def settings_in(root: Path) -> Settings:
    return Settings(
        data=DataSettings(transactions=SourceSettings(path=Path("transactions.parquet"))),
        targets=TargetSettings(horizon_days=60, lifetime_days=180, horizons=(30, 60, 180)),
        training=TrainingSettings(max_cutoffs=4),
        root=root,
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture(scope="session")
def company_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="session")
def data(log: pa.Table, company_settings: Settings) -> Any:
    """The training set of the small company, shared by tests that only read it."""
    from evaluation.datasets import training_set
    from features.engine import tables_from_arrow

    with tables_from_arrow({"transactions": log}) as tables:
        return training_set(tables, AS_OF, company_settings)


@pytest.fixture(scope="session")
def simple_suite() -> type[SimpleSuite]:
    return SimpleSuite


@pytest.fixture(scope="session")
def as_of() -> datetime:
    return AS_OF


@pytest.fixture(scope="session")
def evaluation_of_company(log: pa.Table, company_settings: Settings) -> Any:
    """One evaluation of the small company, shared by tests that only read it."""
    from evaluation.backtest import backtest
    from features.engine import tables_from_arrow

    with tables_from_arrow({"transactions": log}) as tables:
        return backtest(tables, AS_OF, company_settings, make_suite=SimpleSuite)  # type: ignore[arg-type]


def save_evaluation(evaluation: Any, folder: Path) -> None:
    """Put an evaluation where the next stage looks for it."""
    from evaluation.evaluation_files import evaluation_files

    write_set({folder / name: data for name, data in evaluation_files(evaluation).items()})
