"""Reasons as lists per customer: every driver told by a fact that supports its direction, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES, Lang, section
from features.specs import DRIVERS, FeatureSet
from retention.entries import Fact, field_names
from retention.explanation.contact_forms import contact_forms, reaction_forms, satisfaction_forms, standing_forms
from retention.explanation.figures import dates, worded
from retention.explanation.ground import Figure, Ground, Telling
from retention.explanation.order_forms import count_forms, range_forms, return_forms, silence_forms, spend_forms
from retention.explanation.reasons import GENERAL, Attribution, Choice
from retention.wording import driver_name, label

EXACT = ("span", "ago", "money", "percent", "score", "hundred", "every")
"""Styles whose reference is said as it is; counts of peers, which are nouns, are said with "about"."""


UNTOLD = 3


@dataclass(frozen=True)
class Support:
    """Which sentences can be told of which customer.

    Attributes
    ----------
    tellings : list of Telling
        In the order in which they are preferred within a driver.
    ranks : ndarray of int, shape (t, n)
        0: true, the points of the features it rests on go the driver's way, and no other idea of the driver has ones
        of its own that add more; 1: the same without the last; 2: true; `UNTOLD`: not to be told.
    """

    tellings: list[Telling]
    ranks: NDArray[np.int8]


def all_tellings(ground: Ground, feature_set: FeatureSet, horizon_days: float) -> list[Telling]:
    """Every sentence that can be said of some customer, in the order of preference."""
    return [
        *silence_forms(ground, horizon_days),
        *count_forms(ground),
        *spend_forms(ground),
        *range_forms(ground),
        *return_forms(ground),
        *satisfaction_forms(ground),
        *contact_forms(ground),
        *reaction_forms(ground),
        *standing_forms(ground, feature_set),
    ]


def find_support(attribution: Attribution, tellings: list[Telling]) -> Support:
    """Hold the sentences against the points: a fact is told in the direction in which it would make a clerk think.

    A fact that makes leaving more likely raises the risk and lowers spend and value.
    """
    n = len(attribution.base)
    place = {code: column for column, code in enumerate(attribution.codes)}
    column_of = {name: column for column, name in enumerate(attribution.names)}
    ranks = np.full((len(tellings), n), UNTOLD, dtype=np.int8)
    own = np.full((len(tellings), n), np.nan)
    for row, telling in enumerate(tellings):
        if telling.driver not in place:
            continue
        raises = (telling.says == "worse") == (attribution.target == "churn")
        way = 1.0 if raises else -1.0
        true = telling.holds & (attribution.drivers[:, place[telling.driver]] * way > 0)
        columns = [column_of[name] for name in telling.rests_on if name in column_of]
        backed = attribution.features[:, columns].sum(axis=1) * way > 0 if columns else np.zeros(n, dtype=bool)
        ranks[row] = np.where(true, np.where(backed, 1, 2), UNTOLD)
        if alone := [column_of[name] for name in telling.alone if name in column_of]:
            own[row] = np.where(true & backed, attribution.features[:, alone].sum(axis=1) * way, np.nan)
    for code in attribution.codes:
        rows = [row for row, telling in enumerate(tellings) if telling.driver == code]
        if not rows:
            continue
        most = np.fmax.reduce(own[rows], axis=0)
        for row in rows:
            leads = np.isnan(own[row]) | ~(own[row] < most) if tellings[row].alone else np.isnan(most) | (most <= 0)
            ranks[row, (ranks[row] == 1) & leads] = 0
    return Support(tellings, ranks)


def supported_drivers(attribution: Attribution, support: Support) -> NDArray[np.bool_]:
    """Whether some fact supports a driver's direction, shape (n, d)."""
    found = np.zeros(attribution.drivers.shape, dtype=bool)
    for row, telling in enumerate(support.tellings):
        if telling.driver in attribution.codes:
            found[:, attribution.codes.index(telling.driver)] |= support.ranks[row] < UNTOLD
    return found


def reason_lists(
    attribution: Attribution,
    choice: Choice,
    support: Support,
    ground: Ground,
    feature_set: FeatureSet,
    currency: str | None = None,
) -> list[list[dict[str, Any]]]:
    """The chosen drivers of every customer in words, as `retention.entries.Reason`.

    Parameters
    ----------
    attribution, choice : Attribution, Choice
        From `retention.explanation.reasons`.
    support : Support
        From `find_support`.
    ground : Ground
        What the sentences are made from, n rows.
    feature_set : FeatureSet
        Declarations, for the names of kinds.
    currency : str, optional
        ISO code shown with money.
    """
    n, slots = choice.driver.shape
    picked = _pick(attribution, choice, support)
    found: list[list[dict[str, Any]]] = [[] for _ in range(n)]
    speakers = [_Sentences(support.tellings, ground, feature_set, lang, currency) for lang in LANGUAGES]
    for slot in range(slots):
        rows = np.flatnonzero(choice.driver[:, slot] >= 0)
        codes = [attribution.codes[d] for d in choice.driver[rows, slot].tolist()]
        told = _told(support.tellings, picked[rows, slot], rows, speakers, [_factless(code) for code in codes])
        points = choice.points[rows, slot].tolist()
        for row, code, point, said in zip(rows.tolist(), codes, points, told, strict=True):
            direction = "raises" if point > 0 else "lowers"
            same = {"driver": code, "points": point, "direction": direction, "actionable": DRIVERS[code].actionable}
            found[row].append({**same, **said})
    return found


def _told(
    tellings: list[Telling],
    picked: NDArray[np.int64],
    rows: NDArray[np.int64],
    speakers: list[_Sentences],
    otherwise: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """What is said of some rows: form, facts and texts of the telling picked for each, `otherwise` where that is -1."""
    told = list(otherwise)
    for k in np.unique(picked[picked >= 0]).tolist():
        at = np.flatnonzero(picked == k)
        texts = [speaker.of(k, rows[at]) for speaker in speakers]
        for i, facts, *said in zip(at.tolist(), _facts(tellings[k], rows[at]), *texts, strict=True):
            named = {f"text_{lang}": one for lang, one in zip(LANGUAGES, said, strict=True)}
            told[i] = {"form": tellings[k].form, "facts": facts, **named}
    return told


def _factless(code: str) -> dict[str, Any]:
    """Form, facts and texts of a driver that no fact supports."""
    form = code if code in GENERAL else "pattern"
    said: dict[str, Any] = {"form": form, "facts": []}
    for lang in LANGUAGES:
        name = driver_name(code, lang)
        words = str(section("reasons", lang)["general"][form])
        said[f"text_{lang}"] = words.format(driver=name[:1].upper() + name[1:])
    return said


def _pick(attribution: Attribution, choice: Choice, support: Support) -> NDArray[np.int64]:
    """The sentence of every slot, -1 where none: the best backed one of an idea not yet told to that customer."""
    n, slots = choice.driver.shape
    ideas = sorted({telling.idea for telling in support.tellings})
    told = np.zeros((n, len(ideas)), dtype=bool)
    picked = np.full((n, slots), -1, dtype=np.int64)
    of_driver: dict[str, list[int]] = {}
    for k, telling in enumerate(support.tellings):
        of_driver.setdefault(telling.driver, []).append(k)
    for slot in range(slots):
        for d in np.unique(choice.driver[:, slot]).tolist():
            if d < 0:
                continue
            rows = np.flatnonzero(choice.driver[:, slot] == d)
            for rank in range(UNTOLD):
                for k in of_driver.get(attribution.codes[d], []):
                    idea = ideas.index(support.tellings[k].idea)
                    free = rows[(picked[rows, slot] < 0) & (support.ranks[k, rows] == rank) & ~told[rows, idea]]
                    picked[free, slot] = k
                    told[free, idea] = True
    return picked


def _facts(telling: Telling, rows: NDArray[np.int64]) -> list[list[dict[str, Any]]]:
    whole = next((figure for figure in telling.figures if figure.whole), None)
    first, *others = telling.figures
    columns = [_fact_columns(first, rows, whole), *(_fact_columns(figure, rows) for figure in others)]
    return [list(one) for one in zip(*columns, strict=True)]


_FACT = field_names(Fact)


def _fact_columns(figure: Figure, rows: NDArray[np.int64], whole: Figure | None = None) -> list[dict[str, Any]]:
    reference = figure.reference
    against = np.full(len(rows), np.nan) if reference is None else reference[rows]
    within = [None] * len(rows) if whole is None else whole.value[rows].tolist()
    since = [None] * len(rows) if figure.since is None else figure.since[rows].astype("datetime64[us]").tolist()
    made = []
    for value, of, other, day in zip(figure.value[rows].tolist(), within, against.tolist(), since, strict=True):
        fields = (
            figure.fact,
            value,
            figure.unit,
            of,
            None if np.isnan(other) else other,
            figure.compared_with,
            figure.period_days,
            figure.scale_max,
            figure.topic,
            day,
        )
        made.append(dict(zip(_FACT, fields, strict=True)))
    return made


class _Sentences:
    """Sentences of one language; the words of every figure are made once per sentence."""

    def __init__(
        self, tellings: list[Telling], ground: Ground, feature_set: FeatureSet, lang: Lang, currency: str | None
    ) -> None:
        self._tellings = tellings
        self._ground = ground
        self._feature_set = feature_set
        self._lang = lang
        self._currency = currency
        self._forms: Mapping[str, str] = section("reasons", lang)["forms"]
        self._about: str = section("reasons", lang)["figures"]["about"]
        self._none: str = section("reasons", lang)["figures"]["none"]

    def of(self, k: int, rows: NDArray[np.int64]) -> list[str]:
        """The sentence of telling `k` for some rows."""
        telling = self._tellings[k]
        form = self._forms[telling.form]
        fields: dict[str, list[str]] = {}
        for name, figure in zip(("value", "second", "third"), telling.figures, strict=False):
            style, currency = figure.style, self._currency
            second = name == "second" and style == "months"
            fields[name] = worded(figure.value[rows], style, self._lang, currency, reference=second)
            if figure.reference is not None:
                other = figure.reference_style or style
                said = worded(figure.reference[rows], other, self._lang, currency, reference=True)
                fields["reference"] = self._with_about(said, figure, other)
            if figure.since is not None:
                fields["since"] = dates(figure.since[rows], self._ground.as_of, self._lang)
            if figure.scale_max is not None:
                fields["scale"] = [f"{figure.scale_max:g}"] * len(rows)
        if telling.kind is not None:
            spec = self._feature_set[telling.rests_on[0]]
            fields["kind"] = [str(kind) for kind in telling.kind[rows].tolist()]
            fields["label"] = [label(spec, self._lang)] * len(rows)
        names = list(fields)
        made = [form.format(**dict(zip(names, values, strict=True))) for values in zip(*fields.values(), strict=True)]
        return [text[:1].upper() + text[1:] for text in made]

    def _with_about(self, said: list[str], figure: Figure, style: str) -> list[str]:
        if figure.compared_with != "peers" or style in EXACT:
            return said
        return [one if one == self._none else self._about.format(figure=one) for one in said]


def rule_reasons(ground: Ground, rows: NDArray[np.int64]) -> list[list[dict[str, Any]]]:
    """What is said where a written rule answers instead of a model: one fact without points per customer.

    Parameters
    ----------
    ground : Ground
        What the sentences are made from, n rows.
    rows : ndarray of int, shape (r,)
        Rows that a rule answers.
    """
    tellings = [telling for telling in (*_silence(ground), _last_order(ground)) if telling.form != "not_due"]
    chosen = np.full(len(rows), -1, dtype=np.int64)
    for k, telling in enumerate(tellings):
        chosen[(chosen < 0) & telling.holds[rows]] = k
    speakers = [_Sentences(tellings, ground, FeatureSet(()), lang, None) for lang in LANGUAGES]
    no_order: dict[str, Any] = {"form": "no_order", "facts": []}
    no_order |= {f"text_{lang}": str(section("reasons", lang)["general"]["no_order"]) for lang in LANGUAGES}
    same = {"driver": "recency", "points": None, "direction": None, "actionable": DRIVERS["recency"].actionable}
    return [[{**same, **said}] for said in _told(tellings, chosen, rows, speakers, [no_order] * len(rows))]


def _silence(ground: Ground) -> list[Telling]:
    return [telling for telling in silence_forms(ground, np.inf) if telling.idea == "silence"]


def _last_order(ground: Ground) -> Telling:
    silent = ground.own("days_since_last_order")
    figure = Figure("silence", "days", "ago", silent)
    return Telling("last_order", "recency", "better", "silence", np.isfinite(silent), (figure,), ())
