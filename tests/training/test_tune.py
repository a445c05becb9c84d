"""The search for better model settings: honest, repeatable, and able to go on after an interruption."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from configs.errors import HoldfastError, NotEnoughDataError, SettingsError
from configs.settings import Settings, TrainingSettings
from evaluation.datasets import training_set
from features.engine import Tables, tables_from_arrow
from models.contract import orders_column
from training.tune import SPACE, require_optuna, tune

pytest.importorskip("optuna")
BEST_SD = 0.3


class Pretender:
    """Predicts the better the closer `stacking.prior_sd` is to `BEST_SD`; at moments of `reverse` the worse."""

    fits: list[tuple[datetime, TrainingSettings]]
    reverse: set[datetime]
    deaf = False

    def fit(self, frame: pd.DataFrame, labels: pd.DataFrame, context: Any, *, progress: Any = None) -> Pretender:
        cls = type(self)
        cls.fits.append((context.known_until, context.training))
        self.known_until, self.sd = context.known_until, context.training.stacking.prior_sd
        known = labels[orders_column(context.targets.horizon_days)].notna().to_numpy()
        self.rate = float((labels[orders_column(context.targets.horizon_days)][known] <= 0).mean())
        assert (frame["as_of"] <= context.known_until).all()
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        off = 0.5 if self.deaf else abs(np.log(self.sd / BEST_SD))
        if self.known_until in type(self).reverse:
            off = 2.0 - off
        days = frame["days_since_last_order"].to_numpy(dtype=float)
        level = np.log(self.rate / (1 - self.rate)) + (days > np.median(days)) - 0.5
        noise = np.where(np.arange(len(frame)) % 2, 2.0, -2.0)
        return pd.DataFrame(
            {
                "churn_probability": 1 / (1 + np.exp(-level - noise * off)),
                "expected_orders": np.ones(len(frame)),
                "expected_spend": frame["spend_365d"].to_numpy(dtype=float) * 0.2 + 1.0,
            },
            index=frame.index,
        )


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any]) -> None:
    """Each training set is computed once for all tests here."""
    Pretender.fits, Pretender.reverse = [], set()

    def once(tables: Tables, as_of: datetime, settings: Settings) -> Any:
        key = f"{as_of} {settings.targets} {settings.training}"
        if key not in kept:
            kept[key] = training_set(tables, as_of, settings)
        return kept[key]

    monkeypatch.setattr("training.tune.training_set", once)


@pytest.fixture(scope="module")
def tables(log: Any) -> Iterator[Tables]:
    with tables_from_arrow({"transactions": log}) as opened:
        yield opened


def search(tables: Tables, as_of: datetime, settings: Settings, folder: Path, **options: Any) -> Any:
    return tune(tables, as_of, settings, folder, make_suite=Pretender, **{"trials": 12, "folds": 2} | options)  # type: ignore[arg-type]


def test_it_finds_what_is_better_and_proves_it_on_a_window_it_has_not_seen(
    tables: Tables, as_of: datetime, settings: Settings, tmp_path: Path
) -> None:
    found = search(tables, as_of, settings, tmp_path)
    assert found.verdict == "better" and found.value < 1
    assert abs(np.log(found.best["stacking.prior_sd"] / BEST_SD)) < abs(np.log(0.15 / BEST_SD))
    assert found.after["log_loss"] < found.before["log_loss"] and found.differences["log_loss"].high < 0
    horizon = timedelta(days=settings.targets.horizon_days)
    moments = [moment for moment, _ in Pretender.fits]
    # the newest window is fitted for twice, at the end; the search knows nothing of it
    assert moments[-2:] == [as_of - horizon] * 2
    assert set(moments[:-2]) == {as_of - 2 * horizon, as_of - 3 * horizon}
    assert moments.count(as_of - 2 * horizon) == 13  # the settings in use, then the trials


def test_what_does_not_hold_on_the_newest_window_is_not_recommended(
    tables: Tables, as_of: datetime, settings: Settings, tmp_path: Path
) -> None:
    Pretender.reverse = {as_of - timedelta(days=settings.targets.horizon_days)}
    found = search(tables, as_of, settings, tmp_path)
    assert found.value < 1 and found.verdict == "worse"
    assert "did harm" in found.sentence("en") and "有害" in found.sentence("zh")


def test_the_settings_in_use_stay_where_no_trial_is_better(
    tables: Tables, as_of: datetime, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pretender, "deaf", True)
    found = search(tables, as_of, settings, tmp_path, trials=3)
    assert found.verdict == "nothing_found" and found.value == 1 and found.before == found.after
    assert found.best["stacking.prior_sd"] == settings.training.stacking.prior_sd
    assert "brought nothing" in found.sentence("en")


def test_an_interrupted_search_goes_on_and_ends_the_same(
    tables: Tables, as_of: datetime, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search(tables, as_of, settings, tmp_path / "whole")
    once = len(Pretender.fits)
    Pretender.fits = []
    fit = Pretender.fit

    def killed(self: Pretender, *arguments: Any, **options: Any) -> Pretender:
        if len(Pretender.fits) == 19:
            raise KeyboardInterrupt
        return fit(self, *arguments, **options)

    monkeypatch.setattr(Pretender, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        search(tables, as_of, settings, tmp_path / "broken")
    monkeypatch.setattr(Pretender, "fit", fit)
    again = search(tables, as_of, settings, tmp_path / "broken")
    assert again == whole
    assert len(Pretender.fits) == once + 1  # only the fit of the trial that was broken off is made twice
    # a finished search is not repeated: only before and after are measured
    Pretender.fits = []
    assert search(tables, as_of, settings, tmp_path / "broken") == whole
    assert len(Pretender.fits) == 2
    # other code or settings: another search
    search(tables, as_of, settings, tmp_path / "broken", version="2", trials=1)
    assert len(Pretender.fits) > 4


def test_the_snippet_is_settings_that_can_be_loaded(
    tables: Tables, as_of: datetime, settings: Settings, tmp_path: Path
) -> None:
    found = search(tables, as_of, settings, tmp_path, trials=3)
    written = found.snippet()
    assert written.startswith(f"# {found.sentence('en')}\n") and found.sentence("zh") in written
    training = TrainingSettings(**yaml.safe_load(written)["training"])
    assert training.stacking.prior_sd == found.best["stacking.prior_sd"]
    assert {f"boosters.{name}" for name in training.boosters.model_dump()} | {
        f"stacking.{name}" for name in training.stacking.model_dump()
    } == set(SPACE)


def test_a_short_log_and_a_broken_record_get_one_sentence(
    tables: Tables, as_of: datetime, settings: Settings, tmp_path: Path
) -> None:
    long = settings.model_copy(update={"targets": settings.targets.model_copy(update={"horizon_days": 240})})
    with pytest.raises(NotEnoughDataError, match="too few to tune for a horizon of 240 days"):
        search(tables, as_of, long, tmp_path)
    (tmp_path / "tuning.db").write_bytes(b"not a database" * 100)
    with pytest.raises(HoldfastError, match="move the file away and run again"):
        search(tables, as_of, settings, tmp_path)


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SettingsError, match=r"uv sync --extra train") as raised:
        require_optuna()
    assert raised.value.code == "package_missing"
