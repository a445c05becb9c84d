"""The tables beside the purchase log: their columns, their words for our choices, and whether their ids meet."""

from __future__ import annotations

from features.connection import every
from features.discovery.found import Comment, Proposal, in_percent
from features.discovery.profile import FileFacts
from features.discovery.roles import KEY, Reading, contract
from features.discovery.words import fit, known, says
from features.tables import TABLES

_SCALES = ((1.0, 5.0), (0.0, 10.0), (1.0, 10.0), (0.0, 100.0))
_CHOICES = ("customer_type", "arm", "topic")


def settle_table(reading: Reading, log: Reading, proposal: Proposal) -> None:
    """Columns, constants and values of a table that is not the purchase log."""
    table, facts = reading.table, reading.facts
    place = f"data.{table}"
    if table in ("customers", "aliases"):
        reading.drop("order_id")
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    for role in [role for role in _CHOICES if role in reading.columns]:
        found = _translated(facts, reading.columns[role], role)
        if found is None:
            reading.drop(role)
        elif any(theirs != ours for theirs, ours in found.items()):
            values[role] = found
    if table in ("feedback", "interactions"):
        _kinds(reading, constants, values, proposal)
    if table == "feedback" and "score" in reading.columns:
        column = facts.columns[reading.columns["score"]]
        low, high = column.low or 0.0, column.high or 0.0
        scale = next((scale for scale in _SCALES if scale[0] <= low and high <= scale[1]), (low, high))
        constants |= {"score_min": f"{scale[0]:g}", "score_max": f"{scale[1]:g}"}
    if table == "products":
        _levels(reading, proposal)
    _meet(reading, log, proposal)
    if constants:
        proposal.set(f"{place}.constants", constants)
    if values:
        proposal.set(f"{place}.values", values)


def join_customers(reading: Reading, log: Reading) -> tuple[str, str] | None:
    """Other columns of both sides whose ids meet clearly better than those that the names tell: theirs, the log's."""
    own = reading.columns["customer_id"]
    stated = overlap(log, log.columns["customer_id"], reading.facts, own)
    if stated > 0.5:
        return None
    keys = [
        name
        for name, column in reading.facts.columns.items()
        if column.unique > KEY and column.kind in ("text", "number")
    ]
    ours = [name for name in log.facts.names if name == log.columns["customer_id"] or fit(name, "customer_id") > 0.3]
    best = max(
        ((overlap(log, left, reading.facts, right), right, left) for right in keys for left in ours),
        default=(0.0, own, log.columns["customer_id"]),
    )
    return (best[1], best[2]) if best[0] > max(2 * stated, 0.3) else None


def overlap(log: Reading, left: str, facts: FileFacts, right: str) -> float:
    """Share of the ids of the log's column that the other column knows."""
    ids, others = (
        f"regexp_replace({side.text(name)}, '\\.0$', '')" for side, name in ((log.facts, left), (facts, right))
    )
    found = log.facts.ask(
        f"SELECT count(*) FILTER (v IN (SELECT {others} FROM {facts.table})), count(*) FROM "
        f"(SELECT DISTINCT {ids} AS v FROM {{t}}) WHERE v IS NOT NULL"
    )
    return float(found[0] / found[1]) if found[1] else 0.0


def _meet(reading: Reading, log: Reading, proposal: Proposal) -> None:
    """Say it where a table's ids are not those of the log."""
    role = "product_id" if reading.table == "products" else "alias_id" if reading.table == "aliases" else "customer_id"
    if role not in reading.columns or not log.has("product_id" if role == "product_id" else "customer_id"):
        return
    left = log.columns["product_id" if role == "product_id" else "customer_id"]
    share = overlap(log, left, reading.facts, reading.columns[role])
    if share < 0.05 and log.facts.complete and reading.facts.complete:
        ours = log.facts.columns[left].top[0][0]
        theirs = reading.facts.columns[reading.columns[role]].top[0][0]
        proposal.say(
            f"data.{reading.table}",
            Comment(
                "ids_never_meet", {"share": in_percent(share), "ours": ours, "theirs": theirs}, sure=0.2, loud=True
            ),
        )


def _translated(facts: FileFacts, name: str, role: str) -> dict[str, str] | None:
    """Their words for our choices; None where some word is not known."""
    rows = every(
        facts.connection,
        f"SELECT DISTINCT {facts.text(name)} FROM {facts.table} WHERE {facts.text(name)} IS NOT NULL LIMIT 200",
    )
    by_word = {str(word).lower(): ours for ours, words in known()["choices"][role].items() for word in words}
    found = {
        str(row[0]): by_word.get(str(row[0]).lower().replace("_", " "), by_word.get(str(row[0]).lower()))
        for row in rows
    }
    if any(ours is None for ours in found.values()):
        return None
    return {theirs: str(ours) for theirs, ours in sorted(found.items())}


def _kinds(reading: Reading, constants: dict[str, str], values: dict[str, dict[str, str]], proposal: Proposal) -> None:
    """The kind of every row: from a column whose words are known, else one kind for the file."""
    table, facts = reading.table, reading.facts
    choices = TABLES[table].by_name["kind"].choices
    words = known()["kinds"][table]
    if "kind" in reading.columns:
        theirs = {value for value, _ in facts.columns[reading.columns["kind"]].top}
        found = {value: _kind(value, choices, words) for value in theirs}
        if all(found.values()) and facts.columns[reading.columns["kind"]].distinct <= 30:
            if any(value != kind for value, kind in found.items()):
                values["kind"] = {value: str(kind) for value, kind in sorted(found.items())}
            return
        reading.drop("kind")
    names = [facts.stem, *reading.columns.values()]
    kind = next((kind for name in names for kind, listed in words.items() if says(name, listed)), None)
    sure = 0.8 if kind is not None else 0.3
    constants["kind"] = kind or ("review" if table == "feedback" else "contact")
    proposal.say(f"data.{table}", Comment("kind_guessed", {"kind": constants["kind"]}, sure=sure, loud=sure < 0.5))


def _kind(value: str, choices: tuple[str, ...], words: dict[str, list[str]]) -> str | None:
    if value.lower() in choices:
        return value.lower()
    return next((kind for kind, listed in words.items() if says(value, listed)), None)


def _levels(reading: Reading, proposal: Proposal) -> None:
    """Several columns of categories, from broad to narrow."""
    facts = reading.facts
    if "category" not in reading.columns:
        return
    names = [reading.columns["category"], *reading.rivals.get("category", [])]
    if fit(reading.columns.get("name", ""), "category") > 0.9:
        names.append(reading.columns["name"])
    if len(names) > 1:
        names = sorted(dict.fromkeys(names), key=lambda name: facts.columns[name].distinct)
        reading.drop("category")
        proposal.set("data.products.lists", {"category": names})


def mapped(reading: Reading) -> dict[str, str]:
    """What `columns` says: ours → theirs, also where both are called the same, so that a reader sees it."""
    return {role: reading.columns[role] for role in contract(reading.columns, reading.table)}


def unwanted(reading: Reading, given: set[str]) -> list[str]:
    """Columns of the file that have our name by chance and mean something else: they must be kept out."""
    if reading.table not in TABLES:
        return []
    return [name for name in reading.facts.columns if name in TABLES[reading.table].by_name and name not in given]
