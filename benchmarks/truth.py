"""What the product says of a simulated company, held against what is true there; and sums that must hold on any log.

`python -m benchmarks.truth --customers 50000` simulates, trains, scores and prints the figures of docs/reasons.md and
docs/strategies.md; `--task journey-2017-10 --task retail-2011-09` checks the sums on logs of the quality benchmark.
`--treated` shows what marking treated customers does to the untreated risk, `--warnings` how good early warnings are on
generated logs (and with `--task` on others).
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.quality_generated import GeneratedLog, write_generated_log
from benchmarks.simulator import CampaignPlan, SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from benchmarks.truth_strategies import strategy_lines
from configs.settings import DataSettings, Settings, SourceSettings, TargetSettings, TrainingSettings
from evaluation.frames import read_frame
from evaluation.reason_rules import reason_quality
from models.bundle.folder import load_bundle, save_bundle
from retention.experiments.measurement import measure_campaigns
from retention.scoring.scorer import Scorer
from training.fit import fit_bundle

if TYPE_CHECKING:
    from features.engine import Tables

CAUSES = ("recency", "satisfaction", "frequency")
"""What the simulator says adds most to a risk: silence, dissatisfaction, a slow rhythm."""
SLOW = frozenset({"rhythm_peers", "rhythm_change", "not_due", "months_few"})
"""Sentences that tell of a slow rhythm, although silence and rhythm are one driver."""
SILENT_AND_SLOW = "silence_slow"
"""The sentence that tells of both."""

SHOWN = {"": "churn_probability", "spend_": "expected_spend", "lifetime_": "lifetime_value"}
TABLES = ("transactions", "customers", "products", "feedback", "interactions", "treatments")
WARNED = {
    "weekly, evenly": GeneratedLog(1_500, 640, 7, gap_shape=1.5, rate_shape=2.0, stay_days=500, before_days=600),
    "weekly, at random": GeneratedLog(1_500, 640, 6, rate_shape=1.5, stay_days=1_500, before_days=600),
    "monthly": GeneratedLog(3_000, 730, 35, gap_shape=2.0, rate_shape=1.5, stay_days=500, before_days=600),
    "quarterly": GeneratedLog(4_000, 900, 90, stay_days=500, before_days=600),
    "season": GeneratedLog(3_000, 900, 40, stay_days=500, before_days=600, season=0.9, growth=0.15),
}
"""Logs that early warnings are judged on."""
CLEAR = 0.05
"""Satisfaction that moves the true risk by less than this has no clear sign."""


def company_settings(*, horizon_days: int = 91, lifetime_days: int = 182, cutoffs: int = 8) -> Settings:
    """Settings for a simulated company in memory."""
    return Settings(
        data=DataSettings(transactions=SourceSettings(path=Path("in-memory.parquet"))),
        targets=TargetSettings(horizon_days=horizon_days, lifetime_days=lifetime_days, horizons=(horizon_days,)),
        training=TrainingSettings(max_cutoffs=cutoffs),
    )


def company_tables(company: Mapping[str, pd.DataFrame], names: Sequence[str] = TABLES) -> Tables:
    """A simulated company as canonical tables."""
    from features.engine import tables_from_arrow

    return tables_from_arrow({name: to_arrow(name, company[name]) for name in names if name in company})


def trained_scorer(tables: Tables, as_of: datetime, settings: Settings) -> Scorer:
    """Train and load through a bundle store, as a user's run does."""
    fitted = fit_bundle(tables, as_of, settings)
    with tempfile.TemporaryDirectory(prefix="holdfast-truth-") as folder:
        stored = save_bundle(Path(folder), fitted.files, fitted.meta)
        return Scorer.of(load_bundle(Path(folder), bundle_id=stored), settings)


def adding_up(scores: pd.DataFrame) -> dict[str, float]:
    """Largest distance between base plus drivers and the number shown, over all customers who have drivers.

    In probability for churn; for money as a share of the number, at least of one unit.
    """
    found: dict[str, float] = {}
    for prefix, shown in SHOWN.items():
        parts = scores[f"{prefix}drivers"].tolist()
        told = np.array([len(one) > 0 for one in parts], dtype=bool)
        if not told.any():
            continue
        base = scores["churn_base" if not prefix else f"{prefix}base"].to_numpy(dtype=np.float64)
        total = base + np.array([math.fsum(part["points"] for part in one) for one in parts])
        number = scores[shown].to_numpy(dtype=np.float64)
        scale = np.ones(len(scores)) if not prefix else np.maximum(1.0, np.abs(number))
        found[shown] = float((np.abs(total - number) / scale)[told].max())
    return found


@dataclass(frozen=True)
class DriverAgreement:
    """How often the cause that truly adds most to a customer's risk is told.

    Attributes
    ----------
    customers : int
        Customers in the high tier of churn risk with a true cause.
    first, first_two : float
        Share of them whose true cause is the first reason, and one of the first two.
    by_cause : dict
        Per cause: customers, and share told among the first two.
    """

    customers: int
    first: float
    first_two: float
    by_cause: dict[str, tuple[int, float]]


def driver_agreement(scores: pd.DataFrame, truth: pd.DataFrame) -> DriverAgreement:
    """Compare reasons with the simulator's record of what adds most to each customer's risk (`true_driver`)."""
    true = truth.set_index("customer_id")["true_driver"].reindex(scores["customer_id"]).to_numpy(dtype=object)
    rows = np.flatnonzero((scores["churn_risk_tier"] == "high").to_numpy() & pd.notna(true))
    told = [[_causes(reason) for reason in scores["reasons"].iloc[row][:2]] for row in rows.tolist()]
    first = np.array([any(true[row] in causes for causes in one[:1]) for row, one in zip(rows, told, strict=True)])
    two = np.array([any(true[row] in causes for causes in one) for row, one in zip(rows, told, strict=True)])
    by_cause = {
        cause: (int((true[rows] == cause).sum()), float(two[true[rows] == cause].mean()))
        for cause in CAUSES
        if (true[rows] == cause).any()
    }
    return DriverAgreement(len(rows), float(first.mean()), float(two.mean()), by_cause)


def _causes(reason: Mapping[str, Any]) -> set[str]:
    if reason.get("form") == SILENT_AND_SLOW:
        return {"recency", "frequency"}
    return {"frequency" if reason.get("form") in SLOW else str(reason["driver"])}


@dataclass(frozen=True)
class SatisfactionAgreement:
    """Whether satisfaction raises and lowers risk where it truly does.

    `right_sign` is the share of `customers` (those whose risk satisfaction truly moves by more than `CLEAR`) whose
    points have the true sign; `correlation` is that of points with true points over all; `unhappy` and `happy` are the
    mean points of customers whose true satisfaction is below -1 and above 1.
    """

    customers: int
    right_sign: float
    correlation: float
    unhappy: float
    happy: float


def satisfaction_agreement(scores: pd.DataFrame, truth: pd.DataFrame) -> SatisfactionAgreement:
    """Compare the points of the satisfaction drivers with what satisfaction truly adds to each customer's risk."""
    told = np.array([len(one) > 0 for one in scores["drivers"]], dtype=bool)
    points = np.array(
        [math.fsum(part["points"] for part in one if part["driver"] == "satisfaction") for one in scores["drivers"]]
    )[told]
    known = truth.set_index("customer_id").reindex(scores["customer_id"])[told]
    true = known["risk_from_satisfaction"].to_numpy(dtype=np.float64)
    mood = known["satisfaction"].to_numpy(dtype=np.float64)
    clear = np.abs(true) > CLEAR
    return SatisfactionAgreement(
        int(clear.sum()),
        float((np.sign(points[clear]) == np.sign(true[clear])).mean()),
        float(np.corrcoef(points, true)[0, 1]),
        float(points[mood < -1].mean()),
        float(points[mood > 1].mean()),
    )


def effect_recovery(
    tables: Tables, true_effects: pd.DataFrame, scorer: Scorer, as_of: datetime
) -> list[dict[str, Any]]:
    """Measured effects on the share with an order, beside the simulator's true mean effect of those contacted."""
    true = true_effects.groupby("strategy")["true_effect"].mean()
    found = measure_campaigns(tables, scorer.catalogue, as_of, horizon_days=scorer.horizon_days)
    return [
        {
            "strategy": effect.strategy,
            "true": float(true[effect.strategy]),
            "measured": effect.effect,
            "low": effect.low,
            "high": effect.high,
            "evidence": effect.evidence,
            "prior_points": scorer.catalogue[effect.strategy].effect.orders_points,
            "believed_points": found.measured_effects[effect.strategy].orders_points,
        }
        for effect in found.effects
        if effect.outcome == "active" and effect.segment == "all"
    ]


def _simulated(customers: int, seed: int) -> None:
    made = SimulationSettings(customers=customers, seed=seed)
    start = time.perf_counter()
    company = simulate(made)
    tables, settings = company_tables(company), company_settings()
    _say(f"simulated {customers:,} customers, {len(company['transactions']):,} lines, seed {seed}", start)
    start = time.perf_counter()
    scorer = trained_scorer(tables, made.end, settings)
    _say("trained", start)
    start = time.perf_counter()
    scores = scorer.score(tables, made.end)
    _say(f"scored {len(scores):,} customers", start)
    for shown, gap in adding_up(scores).items():
        _say(f"{shown}: base and drivers differ from it by {gap:.1e} at most")
    _say_tiers(scores)
    drivers = driver_agreement(scores, company["truth"])
    _say(
        f"true cause of {drivers.customers:,} high-risk customers: first reason {drivers.first:.1%}, "
        f"first or second {drivers.first_two:.1%}"
    )
    for cause, (count, share) in drivers.by_cause.items():
        _say(f"  {cause}: {count:,} customers, told {share:.1%}")
    _say_reasons(scores)
    for line in strategy_lines(scores, scorer.catalogue):
        _say(line)
    mood = satisfaction_agreement(scores, company["truth"])
    _say(
        f"satisfaction: right sign for {mood.right_sign:.1%} of {mood.customers:,} whose risk it moves by more than "
        f"{CLEAR:.0%}; correlation {mood.correlation:.2f}; unhappy {100 * mood.unhappy:+.1f} points, "
        f"happy {100 * mood.happy:+.1f}"
    )
    for row in effect_recovery(tables, company["true_effects"], scorer, made.end):
        _say(
            f"{row['strategy']}: true {100 * row['true']:+.2f} points, measured {100 * row['measured']:+.2f} "
            f"({100 * row['low']:+.2f} to {100 * row['high']:+.2f}, {row['evidence']}); "
            f"belief at even odds {100 * row['prior_points']:+.1f} -> {100 * row['believed_points']:+.1f}"
        )


def _say_reasons(scores: pd.DataFrame) -> None:
    found = reason_quality(scores)
    _say(
        f"of {found['told']:,} first-three reasons {found['breaking']:.1%} break a rule, {found['factless']:.1%} have "
        f"no fact; {found['without']:.1%} of {found['customers']:,} customers differ from the base and have no reason"
    )
    for rule, count in sorted(found["rules"].items()):
        _say(f"  {rule}: {count:,}")


def risk_tiers(scores: pd.DataFrame) -> dict[str, Any]:
    """Cut-offs of the churn risk, and shares and mean risk of its tiers among customers who are not lost already."""
    told = scores[scores["churn_risk_tier"] != "unknown"]
    kept = told[told["stage"] != "lost"]
    found: dict[str, Any] = {
        "customers": len(kept),
        "lost": len(told) - len(kept),
        "low_below": float(kept["churn_risk_low_below"].median()),
        "high_from": float(kept["churn_risk_high_from"].median()),
    }
    for tier in ("high", "medium", "low"):
        own = kept[kept["churn_risk_tier"] == tier]["churn_probability"]
        found[tier] = (len(own) / max(1, len(kept)), float(own.mean()))
    return found


def _say_tiers(scores: pd.DataFrame) -> None:
    found = risk_tiers(scores)
    parts = (f"{tier} {found[tier][0]:.0%} (mean risk {found[tier][1]:.0%})" for tier in ("high", "medium", "low"))
    _say(
        f"churn risk of {found['customers']:,} not lost already ({found['lost']:,} are): low below "
        f"{found['low_below']:.0%}, high from {found['high_from']:.0%}; {', '.join(parts)}"
    )


def _log(name: str) -> None:
    from benchmarks.quality_tasks import LogMissingError, chosen_tasks, task_settings
    from features.engine import open_tables
    from features.ingestion import ingest

    (task,) = chosen_tasks([name])
    with tempfile.TemporaryDirectory(prefix="holdfast-truth-") as folder:
        try:
            settings = task_settings(task, Path(folder))
        except LogMissingError as missing:
            _say(f"{name}: left out, {missing}")
            return
        ingest(settings)
        with open_tables(settings.canonical) as tables:
            scores = trained_scorer(tables, task.as_of, settings).score(tables, task.as_of)
    gaps = ", ".join(f"{shown} {gap:.1e}" for shown, gap in adding_up(scores).items())
    _say(f"{name}: {len(scores):,} customers, base and drivers differ at most by: {gaps}")
    _say_tiers(scores)
    _say_reasons(scores)


def untreated_errors(customers: int, seed: int) -> dict[bool, tuple[float, float]]:
    """Bias and root mean square error of the untreated churn probability, with treatments marked and without.

    A company that contacts 56 % of its customers every 13 weeks; the truth is the probability of no order if nobody is
    contacted from now on.
    """
    from evaluation.datasets import training_set
    from features.engine import compute_features
    from models.suite import ModelSuite

    weeks = range(15, 104, 13)
    plans = tuple(CampaignPlan(strategy="regular_contact", week=w, share=0.8, held_out=0.3, lift=1.5) for w in weeks)
    made = SimulationSettings(customers=customers, seed=seed, campaigns=plans)
    company, settings = simulate(made), company_settings(lifetime_days=91, cutoffs=6)
    truth = company["truth"].set_index("customer_id")["true_churn_probability"]
    found = {}
    for marked in (False, True):
        names = ("transactions", "feedback", *(("treatments",) if marked else ()))
        with company_tables(company, names) as tables:
            data = training_set(tables, made.end, settings)
            suite = ModelSuite().fit(data.frame, data.labels, data.context)
            frame = compute_features(tables, [made.end], data.feature_set)
        frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) > 0].reset_index(drop=True)
        error = suite.predict(frame)["churn_probability"].to_numpy() - truth.reindex(frame["customer_id"]).to_numpy()
        found[marked] = (float(error.mean()), float(np.sqrt((error**2).mean())))
    return found


def _treated(customers: int, seeds: Sequence[int]) -> None:
    for seed in seeds:
        for marked, (bias, rmse) in untreated_errors(customers, seed).items():
            kind = "marked" if marked else "not marked"
            _say(f"seed {seed}, treatments {kind}: bias {100 * bias:+.2f} points, rmse {100 * rmse:.2f}")


def _hillstrom(file: Path) -> None:
    """The public e-mail test: effects on visits per arm, and whether it can be told in advance whom a mail moves."""
    from retention.experiments.effects import estimate_effect
    from retention.experiments.uplift import evaluate_uplift

    data = read_frame(file)
    features = data[["recency", "history", "mens", "womens", "newbie"]].astype(float)
    for name in ("zip_code", "channel"):
        features[name] = data[name].astype("category").cat.codes.astype(float)
    left = data["treatment"] == "No E-Mail"
    for title, mails in (
        ("both", ["Mens E-Mail", "Womens E-Mail"]),
        ("women's", ["Womens E-Mail"]),
        ("men's", ["Mens E-Mail"]),
    ):
        rows = (left | data["treatment"].isin(mails)).to_numpy()
        treated, visit = ~left.to_numpy()[rows], data["visit"].to_numpy(dtype=np.float64)[rows]
        effect = estimate_effect(visit, treated)
        found = evaluate_uplift(features[rows].reset_index(drop=True), treated, visit)
        told, risk = (
            np.round(10_000 * np.array(one)).astype(int).tolist() for one in (found.qini, found.qini_risk_first)
        )
        _say(
            f"{title}: visits {100 * effect.effect:+.2f} points ({100 * effect.low:+.2f} to {100 * effect.high:+.2f}); "
            f"Qini times 10,000 per fold {told}, highest risk first {risk}, slope {found.slope:.2f}"
        )


def _warnings(names: Sequence[str] | None, seed: int) -> None:
    from evaluation.warning_check import warning_check
    from features.engine import open_tables, order_events

    with tempfile.TemporaryDirectory(prefix="holdfast-truth-") as place:
        for name in names or (*WARNED, "simulated"):
            folder = Path(place) / name.replace(" ", "_")
            made = _warned_log(name, folder, seed)
            if isinstance(made, str):
                _say(f"{name}: left out, {made}")
                continue
            with open_tables(made.canonical) as tables:
                end = tables.end(made.data.timezone)
                found = warning_check(tables, order_events(tables, until=end), end, made)
            if found is None:
                _say(f"{name}: too short to judge warnings")
                continue
            left, stayed = 1 - found["false_alarms"], 1 - found["ordered_unwarned"]
            _say(
                f"{name}: {found['lost_customers']:,} lost, warned in time {found['warned_in_time']:.0%}, "
                f"carrying a warning {found['alarm_rate']:.1%}, no order in {found['horizon_days']} days "
                f"{left:.1%} of warned, {stayed:.1%} of others"
            )
            for code, values in sorted(found["by_sign"].items(), key=lambda pair: -pair[1]["warns"]):
                kind = "warning" if values["warns"] else "note"
                _say(f"  {code}: {kind}; no order {1 - values['false_alarms']:.1%} of those who show it")


def _warned_log(name: str, folder: Path, seed: int) -> Settings | str:
    """Settings of an ingested log, or why there is none."""
    from benchmarks.quality_tasks import LogMissingError, chosen_tasks, task_settings
    from benchmarks.simulator import write_simulation
    from configs.settings import load_settings
    from features.ingestion import ingest

    folder.mkdir(parents=True)
    if name == "simulated":
        write_simulation(SimulationSettings(customers=2_000, seed=seed), folder)
        settings = load_settings(folder / "holdfast.yaml")
    elif name in WARNED:
        write_generated_log(WARNED[name], folder / "transactions.parquet", seed=seed)
        (folder / "holdfast.yaml").write_text("data: {transactions: {path: transactions.parquet}}\nworkdir: work\n")
        settings = load_settings(folder / "holdfast.yaml")
    else:
        try:
            settings = task_settings(chosen_tasks([name])[0], folder)
        except LogMissingError as missing:
            return str(missing)
    ingest(settings)
    return settings


def _say(text: str, start: float | None = None) -> None:
    took = "" if start is None else f" ({time.perf_counter() - start:.0f} s)"
    sys.stdout.write(f"{text}{took}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--task", action="append", help="a log of the quality benchmark instead of a simulation")
    parser.add_argument("--treated", action="store_true", help="the untreated risk with treatments marked and without")
    parser.add_argument("--hillstrom", type=Path, help="campaigns.parquet of the public e-mail test")
    parser.add_argument("--warnings", action="store_true", help="how good early warnings are")
    chosen = parser.parse_args(arguments)
    if chosen.warnings:
        _warnings(chosen.task, chosen.seed)
    elif chosen.hillstrom:
        _hillstrom(chosen.hillstrom)
    elif chosen.treated:
        _treated(chosen.customers, range(chosen.seed, chosen.seed + 3))
    elif chosen.task:
        for name in chosen.task:
            _log(name)
    else:
        _simulated(chosen.customers, chosen.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
