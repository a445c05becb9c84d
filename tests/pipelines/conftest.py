"""A small shop of two years, and a folder in which it has been trained once."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SETTINGS = """
data:
  transactions:
    path: transactions.parquet
    columns: {customer_id: customer_id, order_id: transaction_id, occurred_at: timestamp, product_id: product_id,
              category: category, quantity: quantity, amount: amount}
targets: {horizon_days: 60, lifetime_days: 180, horizons: [30, 60]}
training: {max_cutoffs: 4}
workdir: work
"""


def shop(customers: int = 500, days: int = 540, seed: int = 5) -> pd.DataFrame:
    """Order lines of customers with their own pace, who leave at their own time; some returns."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, pd.Timestamp, str, str, int, float]] = []
    for customer in range(customers):
        pace = rng.gamma(3.0, 9.0) + 3.0
        time, leaves = rng.uniform(0, days * 0.8), rng.exponential(260.0)
        end = min(days, time + leaves)
        while time < end:
            order = f"{customer:05d}-{time:.2f}"
            moment = pd.Timestamp("2023-01-01") + pd.Timedelta(seconds=int(time * 86_400))
            for _ in range(rng.integers(1, 4)):
                product = int(rng.integers(0, 40))
                amount = round(float(rng.lognormal(2.5, 0.6)), 2)
                rows.append((f"{customer:05d}", order, moment, f"p{product}", f"c{product % 6}", 1, amount))
            if rng.random() < 0.03:
                rows.append((f"{customer:05d}", f"R{order}", moment, "p1", "c1", -1, -9.5))
            time += rng.exponential(pace)
    names = ["customer_id", "transaction_id", "timestamp", "product_id", "category", "quantity", "amount"]
    return pd.DataFrame(rows, columns=names)


def holdfast(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=500)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with data, settings, a trained bundle and its reports."""
    folder = tmp_path_factory.mktemp("shop")
    shop().to_parquet(folder / "transactions.parquet", index=False)
    (folder / "holdfast.yaml").write_text(SETTINGS, encoding="utf-8")
    done = holdfast("train", "--config", folder / "holdfast.yaml", "--as-of", "2024-06-01")
    assert done.returncode == 0, done.stderr
    return folder
