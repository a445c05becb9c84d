"""Which model is used: a new one replaces the champion only if it is not worse.

The rule (also in docs/metrics.md):

0. A model of grade C is never promoted. A tested champion that answers the same question stays; without one the written
   rules answer (`training.fit.by_rule`) until a model passes its test.
1. Without a champion, or with one that was never tested or cannot be loaded, the new model is promoted; its grade
   says how far it can be trusted. A model that could not be tested does not replace one that was.
2. If the champion answers another question (horizon, lifetime, amounts), the settings were changed: promoted.
3. If both were tested on the same customers at the same cut-off, the paired differences of log loss and of the
   deviance of spend decide: kept back if either is worse beyond noise (90 % bootstrap interval above zero).
4. Otherwise, tested at different times, each model's advantage over the best simple method of its own test is
   compared: kept back if the new one's advantage in log loss or spend is smaller beyond the noise of both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from configs.errors import BundleError
from evaluation.backtest import Evaluation
from evaluation.metrics import Difference, bootstrap_difference

MIN_SHARED = 100
"""Customers that both evaluations must share for a paired comparison."""
Z90 = 1.645

MEASURES = (("log_loss", "churn", "churn_log_loss"), ("spend_deviance", "spend", "spend_deviance"))
NAMES = {"log_loss": ("churn risk", "流失风险"), "spend_deviance": ("expected spend", "预期消费")}


@dataclass(frozen=True)
class Decision:
    """Whether the new model is promoted, and why in one sentence per language.

    Attributes
    ----------
    promote : bool
        True: becomes the champion.
    code : str
        `first`, `first_by_rule`, `failed`, `failed_kept`, `champion_untested`, `champion_by_rule`, `untested`,
        `other_question`, `not_worse`, `worse`, `same`, `champion_unreadable`.
    en, zh : str
        The sentence.
    evidence : dict
        Per measure the difference (new − champion; negative is better) with its interval, and how it was compared.
    rule : bool
        True: the new model stays back and the written rules take its place.
    """

    promote: bool
    code: str
    en: str
    zh: str
    evidence: dict[str, Any]
    rule: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def decide(
    new: Evaluation | None,
    champion: Evaluation | None,
    *,
    seed: int,
    champion_meta: Mapping[str, Any] | None = None,
    by_rule: bool = False,
) -> Decision:
    """Apply the rule of this module.

    Parameters
    ----------
    new, champion : Evaluation or None
        Of the candidate and of the bundle in use; None where a bundle was not tested.
    seed : int
        Of the bootstrap.
    champion_meta : mapping, optional
        Of the bundle in use; None if there is none.
    by_rule : bool
        Whether the new bundle answers by the written rules alone.
    """
    letter = new.letter if new is not None else None
    if new is not None and new.fails and not by_rule:
        kept = champion is not None and _same_question(new, champion)
        return failed(kept=kept)
    if champion is None and champion_meta is None:
        if by_rule:
            return Decision(
                True,
                "first_by_rule",
                "In use: there is too little data for a model, so the written rules answer and say so.",
                "已启用：数据太少，无法建立模型，评分按规则给出并注明。",
                {},
            )
        if letter is None:
            return Decision(
                True,
                "first",
                "Promoted: it is the first model; the log is too short to test it.",
                "已启用：这是第一个模型；数据时长不足，尚未检验。",
                {},
            )
        return Decision(
            True,
            "first",
            f"Promoted: it is the first model, with grade {letter}.",
            f"已启用：这是第一个模型，等级为 {letter}。",
            {},
        )
    if champion is None and champion_meta is not None and champion_meta.get("answers") == "rule":
        if new is None and champion_meta.get("grade") is not None:
            return _untested()
        return Decision(
            True,
            "champion_by_rule",
            "Promoted: so far a written rule answered in place of a model.",
            "已启用：此前由规则代替模型给出结果。",
            {},
        )
    if champion is None:
        return Decision(
            True,
            "champion_untested",
            "Promoted: the model in use was never tested out of time.",
            "已启用：在用模型从未经过时间外检验。",
            {},
        )
    if new is None:
        return _untested()
    if not _same_question(new, champion):
        return Decision(
            True,
            "other_question",
            "Promoted: the settings ask for another horizon or other amounts than the model in use answers.",
            "已启用：当前设置的预测期或金额口径与在用模型不同。",
            {},
        )
    evidence = compare(new, champion, seed=seed)
    worse = [name for name, difference in evidence.items() if difference["worse"]]
    if worse:
        en = " and ".join(NAMES[name][0] for name in worse)
        zh = "和".join(NAMES[name][1] for name in worse)
        return Decision(
            False,
            "worse",
            f"Not promoted: it predicts {en} worse than the model in use, by more than chance explains.",
            f"未启用：它对{zh}的预测比在用模型差，且超出随机波动。",
            evidence,
        )
    same = all(difference["way"] == "paired" for difference in evidence.values())
    return Decision(
        True,
        "not_worse",
        "Promoted: it is not worse than the model in use, "
        f"{'on the same customers' if same else 'measured against the best simple method'} (grade {letter}).",
        f"已启用：{'在相同客户上' if same else '以最佳简单方法为参照'}，它不比在用模型差（等级 {letter}）。",
        evidence,
    )


def _same_question(new: Evaluation, champion: Evaluation) -> bool:
    return all(new.content[name] == champion.content[name] for name in ("horizon_days", "lifetime_days", "has_amounts"))


def _untested() -> Decision:
    return Decision(
        False,
        "untested",
        "Not promoted: it could not be tested out of time, and the model in use was.",
        "未启用：它无法进行时间外检验，而在用模型已通过检验。",
        {},
    )


def failed(*, kept: bool) -> Decision:
    """The new model failed its test: a tested champion stays (`kept`), else the written rules answer."""
    if kept:
        return Decision(
            False,
            "failed_kept",
            "Not promoted: it has grade C; the model in use stays.",
            "未启用：等级为 C，继续使用在用模型。",
            {},
        )
    return Decision(
        False,
        "failed",
        "Not promoted: it has grade C. Scores follow the written rules until a model passes its test, and say so.",
        "未启用：等级为 C。在有模型通过检验之前，评分按规则给出，并会注明。",
        {},
        rule=True,
    )


def check_grade(meta: Mapping[str, Any], bundle_id: str) -> None:
    """Refuse to use a model that failed its test by hand, unless the caller says so.

    Raises
    ------
    BundleError
        The bundle's models have grade C; the written rules in place of such models may always be used.
    """
    if meta.get("grade") == "C" and meta.get("answers") != "rule":
        raise BundleError("model_failed_its_test", code="failed_test", value=bundle_id)


def already_in_use() -> Decision:
    """The candidate is the bundle in use, byte for byte."""
    return Decision(True, "same", "Nothing changes: this model is already in use.", "没有变化：该模型已在使用中。", {})


def unreadable_champion(error: BundleError) -> Decision:
    """The bundle in use must not be loaded any more."""
    return Decision(
        True,
        "champion_unreadable",
        f"Promoted: the model in use cannot be loaded ({error.message}).",
        f"已启用：在用模型无法加载（{error.said('zh')[0]}）。",
        {"error": error.as_dict()["code"]},
    )


def compare(new: Evaluation, champion: Evaluation, *, seed: int) -> dict[str, dict[str, Any]]:
    """Difference new − champion per measure, paired where both were tested on the same customers and window."""
    shared = _shared(new, champion)
    result: dict[str, dict[str, Any]] = {}
    for measure, part, metric in MEASURES:
        if shared is not None:
            pair = shared[[f"{measure}_new", f"{measure}_old"]].dropna()
            if len(pair) < MIN_SHARED:
                continue
            difference = bootstrap_difference(pair[f"{measure}_new"] - pair[f"{measure}_old"], seed=seed)
            result[measure] = vars(difference) | {"way": "paired", "worse": difference.low > 0, "customers": len(pair)}
            continue
        ours, theirs = _skill(new, part, metric), _skill(champion, part, metric)
        if ours is None or theirs is None:
            continue
        mean = ours[0] - theirs[0]
        noise = Z90 * math.hypot(ours[1], theirs[1])
        difference = Difference(mean, mean - noise, mean + noise)
        result[measure] = vars(difference) | {"way": "skill", "worse": difference.low > 0}
    return result


def _shared(new: Evaluation, champion: Evaluation) -> pd.DataFrame | None:
    """Losses of the customers that both tested over the same window, side by side; None where there are too few."""
    same = all(new.content[name] == champion.content[name] for name in ("test_cutoff", "as_of"))
    if not same:
        return None
    pair = new.losses.merge(champion.losses, on="key", suffixes=("_new", "_old"), validate="one_to_one")
    return pair if len(pair) >= MIN_SHARED else None


def _skill(evaluation: Evaluation, part: str, metric: str) -> tuple[float, float] | None:
    """Loss relative to the best baseline's (−0.05: 5 % lower) and its standard error."""
    best = evaluation.content["best"]
    name, difference = best[part], best[f"{part}_difference"]
    if name is None or difference is None or difference["mean"] is None:
        return None
    base = evaluation.content["metrics"][name][metric]
    if not base:
        return None
    return difference["mean"] / base, (difference["high"] - difference["low"]) / (2 * Z90) / base
