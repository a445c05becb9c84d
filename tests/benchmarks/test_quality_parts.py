"""Parts of the quality benchmark: generated logs, peers, chance, the page, the plot and the verb."""

import sys
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import quality_report, quality_verdict
from benchmarks.quality_chance import calibration_error_by_chance, within_chance
from benchmarks.quality_generated import START, GeneratedLog, write_generated_log
from benchmarks.quality_peers import COLUMNS, PEERS, NoAnswerError, Question, ask, rfm_features
from benchmarks.quality_plot import quality_plot
from benchmarks.quality_report import page, shown, write_page
from benchmarks.quality_verdict import MEASURES, OURS, RECORD, read_record, verdict

DOCS = Path(__file__).parents[2] / "docs"
MOMENT = START + timedelta(days=300)


def events(log: GeneratedLog, folder: Path, *, seed: int = 4) -> pd.DataFrame:
    """A generated log as order events."""
    write_generated_log(log, folder / "log.parquet", seed=seed)
    table = pd.read_parquet(folder / "log.parquet")
    amount = table["amount"].astype(float) if "amount" in table else np.nan
    return table.assign(amount=amount, is_order=amount > 0 if log.amounts else True)


def question(table: pd.DataFrame, moment: datetime, horizon: int) -> Question:
    before = table[table["occurred_at"] < pd.Timestamp(moment)]
    customers = pd.Index(sorted(set(before.loc[before["is_order"], "customer_id"])), name="customer_id")
    window = table[
        (table["occurred_at"] >= pd.Timestamp(moment)) & (table["occurred_at"] < moment + timedelta(days=horizon))
    ]
    orders = window[window["is_order"]].groupby("customer_id").size().reindex(customers, fill_value=0).astype(float)
    spend = window.groupby("customer_id")["amount"].sum().reindex(customers, fill_value=0.0)
    actual = pd.DataFrame({"churned": (orders == 0).astype(float), "orders": orders, "spend": spend})
    return Question(before, customers, moment, horizon, actual.reset_index(drop=True), 1)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Question:
    folder = tmp_path_factory.mktemp("peers")
    table = events(GeneratedLog(700, 400, 30, stay_days=300, before_days=300), folder)
    return question(table, MOMENT, 60)


def test_a_generated_log_is_what_it_says(tmp_path: Path) -> None:
    steady = GeneratedLog(400, 900, 20, gap_shape=8, rate_shape=500, stay_days=1e9, before_days=300, return_share=0.1)
    table = events(steady, tmp_path)
    bought = table[table["is_order"]]
    gaps = bought.groupby("customer_id")["occurred_at"].diff().dropna().dt.total_seconds() / 86_400
    assert gaps.mean() == pytest.approx(20, rel=0.05)
    assert gaps.std() / gaps.mean() == pytest.approx(8**-0.5, rel=0.1)
    assert (~table["is_order"]).sum() / len(bought) == pytest.approx(0.1, rel=0.15)
    # The log opens in mid-life: in its first gap as many buy as in any other.
    first = (bought["occurred_at"] < START + timedelta(days=30)).sum()
    assert first > 0.15 * len(bought) / 30
    again = events(steady, tmp_path)
    pd.testing.assert_frame_equal(table, again)
    assert not events(steady, tmp_path, seed=5)["amount"].head(50).equals(table["amount"].head(50))


def test_season_and_growth_move_the_number_of_orders(tmp_path: Path) -> None:
    log = GeneratedLog(
        3_000, 730, 40, stay_days=1e9, before_days=0, arrive_days=1, season=1.0, peak_day=200, growth=0.5
    )
    day = (events(log, tmp_path)["occurred_at"] - START).dt.total_seconds() / 86_400
    peak = day.between(190, 210).sum() / day.between(40, 60).sum()
    assert peak == pytest.approx(np.exp(1.0 + 0.5 * 150 / 365), rel=0.15)
    assert day.between(405, 425).sum() / day.between(40, 60).sum() == pytest.approx(np.exp(0.5), rel=0.15)


def test_a_cohort_without_amounts(tmp_path: Path) -> None:
    log = GeneratedLog(300, 300, 30, arrive_days=40, amounts=False)
    table = events(log, tmp_path)
    assert table["amount"].isna().all() and table["customer_id"].nunique() == 300
    assert (table.groupby("customer_id")["occurred_at"].min() < START + timedelta(days=41)).all()
    asked = question(table.assign(amount=np.nan), START + timedelta(days=200), 30)
    assert ask("pareto", asked)["expected_spend"].isna().all()
    assert rfm_features(asked.events, asked.as_of).shape[1] == 13
    with pytest.raises(NoAnswerError, match="no amounts"):
        ask("two_part", asked)


def test_rfm_features_by_hand() -> None:
    days = [
        ("a", 0, 10.0),
        ("a", 20, 30.0),
        ("a", 95, 20.0),
        ("a", 96, -5.0),
        ("b", 99, 8.0),
        ("c", 98, -4.0),
        ("a", 100, 99.0),
    ]
    table = pd.DataFrame(
        {
            "customer_id": [name for name, _, _ in days],
            "occurred_at": [pd.Timestamp(START) + pd.Timedelta(days=day) for _, day, _ in days],
            "amount": [amount for _, _, amount in days],
        }
    )
    table["is_order"] = table["amount"] > 0
    made = rfm_features(table, START + timedelta(days=100))
    assert list(made.index) == ["a", "b"] and made.shape[1] == 24
    a = made.loc["a"]
    assert (a["days_since_last"], a["days_since_first"], a["orders_ever"]) == (5, 100, 3)
    assert (a["mean_gap"], a["gap_deviation"]) == (47.5, pytest.approx(np.std([20, 75])))
    assert (a["orders_7d"], a["orders_90d"], a["spend_7d"], a["spend_90d"], a["spend_ever"]) == (1, 2, 15, 45, 55)
    assert (a["mean_value"], a["largest_value"], a["returns_ever"], a["overdue"]) == (
        20,
        30,
        1,
        pytest.approx(5 / 47.5),
    )


def test_peers_answer_and_only_the_oracle_sees_the_truth(asked: Question) -> None:
    turned = Question(**{**vars_of(asked), "actual": asked.actual.iloc[::-1].reset_index(drop=True)})
    for name in PEERS:
        answer = ask(name, asked)
        assert list(answer.index) == list(asked.customers), name
        assert set(COLUMNS) <= set(answer.columns)
        pd.testing.assert_frame_equal(answer, ask(name, turned))
        p = answer["churn_probability"].dropna()
        assert ((p >= 0) & (p <= 1)).all() and (name == "two_part" or len(p) == len(answer))
        assert (answer["expected_spend"].dropna() >= 0).all()
    assert not ask("oracle", asked).equals(ask("oracle", turned))


def test_where_no_window_has_closed_the_recency_rule_still_ranks(asked: Question) -> None:
    long = Question(**{**vars_of(asked), "horizon_days": 290})
    with pytest.raises(NoAnswerError, match="no earlier window"):
        ask("afternoon", long)
    answer = ask("recency", long)
    assert answer["churn_probability"].isna().all() and answer["rank"].notna().all()


def test_chance(asked: Question) -> None:
    sure, guess = ask("pareto", asked), ask("recency", asked).drop(columns="rank")
    guess["churn_probability"] = np.random.default_rng(1).random(len(guess))
    actual = asked.actual
    assert within_chance("auc", actual, sure, sure, seed=1, draws=40)
    assert not within_chance("auc", actual, sure, guess, seed=1, draws=40)
    assert not within_chance("log_loss", actual, sure, guess, seed=1, draws=40)
    # With 1,500 customers in a bin the mean gap is the mean of |N(0, p(1-p)/1500)|.
    p = np.full(15 * 1_500, 0.3)
    expected = np.sqrt(2 / np.pi) * np.sqrt(0.3 * 0.7 / 1_500)
    assert calibration_error_by_chance(p, seed=2) == pytest.approx(expected, rel=0.1)


def invented() -> dict[str, Any]:
    """A result with two tasks, one of them with a peer missing and no amounts."""
    ours = {"auc": 0.81, "log_loss": 0.5, "ece": 0.05, "orders_mae": 0.7, "orders_bias": 0.02}
    money = {"spend_gini": 0.7, "spend_bias": -0.2, "spend_decile_error": 0.1, "lifetime_coverage": 0.81}
    peer = {"auc": 0.8, "log_loss": 0.49, "ece": 0.06, "orders_mae": 0.8, "orders_bias": 0.2, "spend_gini": 0.6}
    tasks = {}
    for name, figures in (("small", ours | money), ("cohort", ours)):
        task = {
            "title": name,
            "log": name,
            "as_of": "2013-01-01",
            "horizon_days": 90,
            "lifetime_days": 365,
            "interval": 0.8,
            "customers": 500,
            "totals": {"churned": 300.0, "orders": 400.0, "spend": 1000.0},
            "figures": {OURS: figures, "pareto": peer, "oracle": peer | {"auc": 0.83}},
            "unanswered": {"afternoon": "no earlier window has closed"},
            "seeds": 3,
            "spread": dict.fromkeys(figures, 0.001),
            "mean": dict(figures),
            "evidence": {"weak": 500},
            "seconds": {"ingestion": 0.5, "train_and_score": 8.0, "pareto": 0.4, "oracle": 1.0},
            "seconds_bar": None,
            "ece_by_chance": 0.05,
        }
        tasks[name] = task | {"verdict": [bar | {"by_chance": True} for bar in verdict(task)]}
    skipped = {"retail-2011-03": "the log is not on this machine"}
    return {"format": 1, "tasks": tasks, "skipped": skipped, "machine": {"cores": 2, "memory_gb": 8.0}}


def test_the_page_tells_every_figure_and_every_miss(tmp_path: Path) -> None:
    text = page(invented())
    assert "### small" in text and "### cohort" in text
    assert "| **Holdfast** | 0.810 | 0.5000 | 0.050 | 0.700 | +2 % | 0.700 | -20 % | 0.100 |" in text
    assert "| small | log loss ≤ best peer | 0.5000 | 0.4900 (Pareto/NBD) | yes |" in text
    assert "| small | spend bias within ±15 % | -20 % | 15 % |" in text
    assert "No answer by LightGBM: no earlier window has closed." in text
    assert "retail-2011-03: the log is not on this machine." in text and "{repeated}" not in text
    missed = [bar for task in invented()["tasks"].values() for bar in task["verdict"] if not bar["met"]]
    section = text.split("## Bars that are missed")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith(("| small", "| cohort"))]
    assert len(rows) == len(missed) > 3
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    columns = {line.count("|") for line in rows}
    assert columns == {6}
    assert all(path.is_file() for path in write_page(invented(), tmp_path))


def test_how_figures_are_shown() -> None:
    assert shown("orders_bias", 0.004) == "0 %" and shown("orders_bias", -0.126) == "-13 %"
    assert shown("log_loss", 0.51234) == "0.5123" and shown("auc", None) == "–"


def test_the_plot_is_whole_and_reproducible() -> None:
    drawn = quality_plot(invented())
    root = ElementTree.fromstring(drawn)
    words = " ".join(root.itertext())
    for text in ("small", "cohort", "Holdfast", "oracle (has seen the future level)", "ECE", "lifetime interval"):
        assert text in words
    assert drawn == quality_plot(invented())


@pytest.mark.skipif(not RECORD.is_file(), reason="no figures are recorded")
def test_the_page_in_the_docs_is_the_record_in_words() -> None:
    recorded = read_record()
    assert (DOCS / quality_report.PAGE).read_text(encoding="utf-8") == page(recorded)
    for task in recorded["tasks"].values():
        assert task["seeds"] >= 3 and set(MEASURES) <= set(task["spread"])


def test_the_verb_fails_when_a_figure_is_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import benchmarks.quality
    from pipelines.cli import main

    path = tmp_path / "recorded.json"
    given = invented()

    def run(**options: Any) -> dict[str, Any]:
        assert options["peers"] is not options["folder"].name.startswith("check")
        return given

    monkeypatch.setattr(benchmarks.quality, "run_quality_benchmark", run)
    monkeypatch.setattr(quality_verdict, "RECORD", path)
    monkeypatch.setattr(quality_verdict.record, "__defaults__", (path,))
    monkeypatch.setattr(quality_verdict.read_record, "__defaults__", (path,))

    def holdfast(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["holdfast", "benchmark", "quality", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    assert holdfast("--check", "--dir", str(tmp_path / "check")) == 1
    assert "no recorded figures" in capsys.readouterr().err
    assert holdfast("--record", "--seeds", "2") == 2
    assert holdfast("--record", "--seeds", "3", "--out", str(tmp_path / "docs"), "--dir", str(tmp_path)) == 0
    assert (tmp_path / "docs" / "benchmarks.md").read_text() == page(read_record(path))
    capsys.readouterr()
    assert holdfast("--check", "--dir", str(tmp_path / "check")) == 0
    assert "none is behind" in capsys.readouterr().out
    given["tasks"]["small"]["mean"]["auc"] -= 0.1
    assert holdfast("--check", "--dir", str(tmp_path / "check")) == 1
    assert "small AUC 0.7100 (recorded 0.8100" in capsys.readouterr().err.replace("\n", "")


def vars_of(asked: Question) -> dict[str, Any]:
    """The fields of a question."""
    return {name: getattr(asked, name) for name in Question.__dataclass_fields__}
