"""The front door: its names are fixed, it is light, and it says what the command line says."""

import inspect
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import holdfast
from configs.errors import HoldfastError, SettingsError

ROOT = Path(__file__).parents[2]
NAMES = [
    "DataReport",
    "HoldfastError",
    "Scorer",
    "Settings",
    "Tables",
    "Trained",
    "__version__",
    "explain",
    "features",
    "ingest",
    "load_scorer",
    "load_settings",
    "open_tables",
    "score",
    "simulate",
    "tables_from_arrow",
    "train",
]


def test_the_public_names_are_these() -> None:
    assert holdfast.__all__ == NAMES
    assert sorted(holdfast._PLACES) == sorted(set(NAMES) - {"__version__"})
    assert set(NAMES) <= set(dir(holdfast))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        holdfast.nothing  # noqa: B018


def test_every_public_name_is_documented_and_typed() -> None:
    for name in NAMES:
        value = getattr(holdfast, name)
        if name != "__version__":
            assert value.__doc__, name
        if inspect.isfunction(value) and value.__module__.startswith("holdfast"):
            for section in ("Parameters", "Returns", "Examples"):
                assert f"{section}\n---" in str(inspect.getdoc(value)), name
            assert "return" in value.__annotations__, name
    assert (ROOT / "holdfast" / "py.typed").is_file()


def test_the_version_is_the_distributions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert holdfast.__version__ == project["version"]


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = {"pandas", "numpy", "pyarrow", "duckdb", "lightgbm", "mlflow", "shap", "matplotlib", "pydantic", "bentoml"}
    command = [sys.executable, "-c", "import sys, holdfast; print(*sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()


def test_scores_are_those_of_the_command_line(small_company: Path) -> None:
    settings = holdfast.load_settings(small_company / "holdfast.yaml")
    command = [sys.executable, "-m", "pipelines", "score", "--config", str(small_company / "holdfast.yaml")]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    written = pd.read_parquet(settings.work / "scores.parquet").set_index("customer_id")
    scorer = holdfast.load_scorer(settings)
    with holdfast.open_tables(settings) as tables:
        scores = holdfast.score(settings, tables, scorer=scorer).set_index("customer_id")
        frame = holdfast.features(settings, tables, scorer=scorer)
        by_frame = holdfast.score(settings, tables, frame=frame, scorer=scorer).set_index("customer_id")
        one = holdfast.score(settings, tables, customers=[str(scores.index[3])], scorer=scorer).set_index("customer_id")
    numbers = ["churn_probability", "expected_orders", "expected_spend", "lifetime_value"]
    for other in (scores, by_frame):
        pd.testing.assert_frame_equal(other[numbers], written[numbers], check_exact=True)
    pd.testing.assert_frame_equal(one[numbers], scores[numbers].iloc[[3]], check_exact=True)


def test_a_day_is_understood_in_every_form(small_company: Path) -> None:
    settings = holdfast.load_settings(small_company / "holdfast.yaml")
    with holdfast.open_tables(settings) as tables:
        frames = [holdfast.features(settings, tables, as_of=day) for day in ("2024-05-01", date(2024, 5, 1))]
    pd.testing.assert_frame_equal(*frames)
    assert (frames[0]["as_of"] == pd.Timestamp("2024-05-01")).all()


def test_an_explanation_adds_up_to_the_probability(small_company: Path) -> None:
    pytest.importorskip("shap", reason="the extra train is not installed")
    settings = holdfast.load_settings(small_company / "holdfast.yaml")
    scorer = holdfast.load_scorer(settings)
    frame = holdfast.features(settings, scorer=scorer)
    explanation = holdfast.explain(settings, frame=frame, scorer=scorer)
    log_odds = explanation.base_values + explanation.values.sum(axis=1)
    predicted = scorer.suite.predict(frame)["churn_probability"].to_numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), predicted, atol=1e-9)
    with pytest.raises(HoldfastError, match="explains no 'weather'"):
        holdfast.explain(settings, frame=frame, scorer=scorer, what="weather")  # type: ignore[arg-type]


def test_without_shap_the_extra_is_named(small_company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(SettingsError, match=r"pip install 'holdfast-retention\[train\]'"):
        holdfast.explain(holdfast.load_settings(small_company / "holdfast.yaml"))
