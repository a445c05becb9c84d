"""Nothing old, damaged or half is used without a word, and nothing of others is overwritten."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks.kills import VERBS, run_kills
from configs.errors import HoldfastError
from configs.files import read_checked
from configs.progress import SILENT
from configs.settings import Settings, load_settings
from evaluation.datasets import load_training_set
from evaluation.evaluation_files import load_evaluation
from features.ingestion import up_to_date
from features.manifest import MANIFEST
from pipelines import console
from pipelines.actions import last_scores
from pipelines.cli import app
from pipelines.demo import run_demo
from pipelines.ingest import with_present
from pipelines.outputs import check_out, put_table, scores_files
from pipelines.runs import INDEX, kept_run, runs_folder
from pipelines.stage_cache import _matches, run_stage
from pipelines.stages import explain_stage, score_stage
from retention.scoring.scores_table import read_scores
from training.fit import load_candidate
from training.register import register

pytestmark = pytest.mark.slow
FLIPS = 60


@pytest.fixture(scope="module")
def scored(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained shop with its scores, in a folder of its own."""
    folder = tmp_path_factory.mktemp("rest") / "shop"
    shutil.copytree(trained, folder)
    score_stage(load_settings(folder / "holdfast.yaml"), "2024-06-01", None, SILENT)
    return folder


@pytest.fixture
def shop(scored: Path, tmp_path: Path) -> Path:
    """A copy to be spoiled."""
    shutil.copytree(scored, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said beside the results."""
    said: list[str] = []
    monkeypatch.setattr(console.err, "print", lambda text, **_: said.append(str(text)))
    return said


def change(folder: Path, before: str, after: str) -> Settings:
    path = folder / "holdfast.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    return load_settings(path)


def first_customer(folder: Path) -> str:
    return str(pd.read_parquet(folder / "work" / "scores.parquet", columns=["customer_id"])["customer_id"].iloc[0])


def test_a_score_sees_the_orders_of_today(shop: Path, told: list[str]) -> None:
    settings = load_settings(shop / "holdfast.yaml")
    lines = pd.read_parquet(shop / "transactions.parquet")
    new = lines.tail(1).assign(customer_id="newcomer", transaction_id="N1", timestamp=pd.Timestamp("2024-05-31"))
    pd.concat([lines, new]).to_parquet(shop / "transactions.parquet", index=False)
    assert up_to_date(with_present(settings)) is None
    last_scores(settings, None)
    assert sum("the data are read anew" in said for said in told) == 1
    assert any("were made from other data than there are now; run `holdfast score`" in said for said in told)
    run = score_stage(settings, "2024-06-01", None, SILENT)
    assert "newcomer" in set(run.scores["customer_id"])
    told.clear()
    last_scores(settings, None)
    assert told == [] or all("the data go on until" in said for said in told)


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("data:\n", "data:\n  currency: EUR\n", "currency"),
        ("data:\n", "data:\n  timezone: Asia/Shanghai\n", "timezone"),
        ("data:\n", "data:\n  returns: {order_prefix: R}\n", "returns"),
        ("amount: amount}", 'amount: amount}\n    drop_where: {product_id: ["p1"]}', "transactions"),
    ],
)
def test_a_setting_that_gives_the_data_their_meaning(
    shop: Path, told: list[str], before: str, after: str, name: str
) -> None:
    tables = (shop / "work" / "canonical" / MANIFEST).read_bytes()
    settings = change(shop, before, after)
    explain_stage(settings, first_customer(shop), "2024-06-01", "en", SILENT)
    assert any("the data are read anew" in said for said in told)
    assert any(f"read with other settings (data.{name}); run `holdfast train`" in said for said in told)
    assert (shop / "work" / "canonical" / MANIFEST).read_bytes() != tables


@pytest.mark.parametrize(
    "arguments", [["score"], ["explain", "ID"], ["worklist"], ["plan"], ["view", "demand"], ["next-product"]]
)
def test_a_source_that_has_vanished_is_named(shop: Path, arguments: list[str]) -> None:
    (shop / "transactions.parquet").unlink()
    done = CliRunner().invoke(
        app,
        [first_customer(shop) if word == "ID" else word for word in arguments] + ["-c", str(shop / "holdfast.yaml")],
    )
    assert isinstance(done.exception, HoldfastError)
    assert "transactions.parquet does not exist" in str(done.exception)


def test_scores_of_another_model_and_moment_are_told(shop: Path, told: list[str]) -> None:
    settings = load_settings(shop / "holdfast.yaml")
    last_scores(settings, None)
    assert [said for said in told if "the scores are as of 2024-06-01, the data go on until" in said]
    (settings.bundle_store / "CURRENT").write_text("0" * 64 + "\n")
    last_scores(settings, None)
    assert "made by another model than the one in use" in told[-1]


def flipped(path: Path) -> Iterator[bytes]:
    """A file with one bit turned, at places all over it, and then whole again."""
    whole = path.read_bytes()
    rng = np.random.default_rng(len(whole))
    for place in rng.integers(0, len(whole) * 8, FLIPS):
        broken = bytearray(whole)
        broken[place // 8] ^= 1 << (place % 8)
        path.write_bytes(broken)
        yield bytes(broken)
    path.write_bytes(whole)


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


def candidate(folder: Path) -> Any:
    found = load_candidate(folder / "work" / "candidate")
    return sorted(found.files.items()), found.meta


def evaluation(folder: Path) -> Any:
    found = load_evaluation(folder / "work" / "evaluation")
    return found.content, found.losses.to_dict()


def training(folder: Path) -> Any:
    return load_training_set(folder / "work" / "training").data_hash


def kept(folder: Path) -> Any:
    run = kept_run(load_settings(folder / "holdfast.yaml"), "last")
    assert run is not None
    return read_scores(run[0]).to_dict()


def report(folder: Path) -> Any:
    found = up_to_date(with_present(load_settings(folder / "holdfast.yaml")))
    if found is None:
        raise HoldfastError("unforeseen", kind="test", reason="it is made again")
    return found.to_json()


def tables(folder: Path) -> Any:
    return report(folder)


def stages(folder: Path) -> Any:
    """What registering wrote, where its stage believes its record and what it wrote."""
    record = folder / "work" / "registered.json"
    try:
        key = read_checked(folder / "work" / "stages" / "register.json")["key"]
        believed = _matches(folder / "work", folder / "work" / "stages" / "register.json", key, [record])
    except (ValueError, KeyError):
        believed = False  # as `_matches` takes it, with any key
    if not believed:
        raise HoldfastError("unforeseen", kind="test", reason="it is made again")
    return json.loads(record.read_bytes())


@pytest.mark.parametrize(
    ("pattern", "read"),
    [
        ("work/canonical/*", tables),
        ("work/data_report.json", report),
        ("work/training/*", training),
        ("work/candidate/**/*", candidate),
        ("work/evaluation/evaluation.json", evaluation),
        ("work/evaluation/losses.parquet", evaluation),
        ("work/runs/*", kept),
        ("work/registered.json", stages),
        ("work/stages/register.json", stages),
    ],
)
def test_no_flipped_bit_is_read_as_other_data(scored: Path, pattern: str, read: Callable[[Path], Any]) -> None:
    files = [path for path in sorted(scored.glob(pattern)) if path.is_file()]
    assert files
    wanted = read(scored)
    refused = 0
    for path in files:
        for _ in flipped(path):
            try:
                assert same(read(scored), wanted), path
            except HoldfastError:
                refused += 1
    assert refused > len(files) * FLIPS * 0.8, "only a blank of a JSON file is nobody's loss"
    assert same(read(scored), wanted)


def test_a_flipped_bit_in_any_scores_file_is_refused(shop: Path) -> None:
    path = shop / "work" / "scores.parquet"
    for _ in flipped(path):
        with pytest.raises(HoldfastError, match=r"cannot be read|is not what was written|is not a scores table"):
            read_scores(path)


def test_a_damaged_kept_run_is_told_and_not_compared_with(shop: Path, told: list[str]) -> None:
    settings = load_settings(shop / "holdfast.yaml")
    (runs_folder(settings) / INDEX).write_text("{}")
    with pytest.raises(HoldfastError, match=r"the scoring run kept in .* is not what was written; run holdfast score"):
        last_scores(settings, None)
    assert score_stage(settings, "2024-07-01", None, SILENT).changes is None
    assert any("so nothing is compared with it" in said for said in told)
    assert score_stage(settings, "2024-08-01", None, SILENT).changes is not None


def test_an_evaluation_of_other_data_is_not_taken_for_the_candidates(shop: Path) -> None:
    settings = load_settings(shop / "holdfast.yaml")
    folder = settings.work / "candidate"
    from configs.files import write_checked

    meta = read_checked(folder / "meta.json")
    write_checked(folder / "meta.json", {**meta, "made_of": "0" * 64})
    with pytest.raises(HoldfastError, match="is of other data, settings or another moment than the candidate"):
        register(settings, pd.Timestamp("2024-06-01", tz="UTC").to_pydatetime())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("transactions.parquet", "is a source of data.transactions"),
        ("work/canonical/x.parquet", "where nothing else may be"),
        ("artifacts/bundle/x.csv", "where nothing else may be"),
        ("notes.csv", "is there already and holdfast did not write it"),
        ("other.parquet", "is there already and holdfast did not write it"),
        ("folder.csv", "is there already and is no file"),
        ("pipe.csv", "is there already and is no file"),
        ("link.parquet", "is a source of data.transactions"),
    ],
)
@pytest.mark.parametrize("verb", [["score"], ["worklist"], ["next-product"]])
def test_nothing_of_others_is_overwritten(shop: Path, verb: list[str], name: str, said: str) -> None:
    (shop / "notes.csv").write_text("mine\n")
    pd.DataFrame({"a": [1]}).to_parquet(shop / "other.parquet")
    (shop / "folder.csv").mkdir()
    os.mkfifo(shop / "pipe.csv")
    (shop / "link.parquet").symlink_to(shop / "transactions.parquet")
    whole = {path: path.read_bytes() for path in shop.glob("*.*") if path.is_file()}
    done = CliRunner().invoke(app, [*verb, "--out", str(shop / name), "-c", str(shop / "holdfast.yaml")])
    assert isinstance(done.exception, HoldfastError) and said in str(done.exception)
    assert whole == {path: path.read_bytes() for path in shop.glob("*.*") if path.is_file()}


def test_the_files_beside_the_scores_are_looked_at_too(shop: Path) -> None:
    settings = load_settings(shop / "holdfast.yaml")
    for path in scores_files(shop / "mine.parquet")[1:]:
        path.write_text("mine")
        with pytest.raises(HoldfastError, match=re.escape(f"{path} is there already and holdfast did not write it")):
            check_out(settings, scores_files(shop / "mine.parquet"))
        path.unlink()
    settings = change(shop, "path: transactions.parquet", "path: '*.csv'")
    with pytest.raises(HoldfastError, match=r"list\.csv would be read as a source of data\.transactions"):
        check_out(settings, [shop / "list.csv"])


def test_what_is_ours_is_written_again_until_somebody_changes_it(shop: Path) -> None:
    settings = load_settings(shop / "holdfast.yaml")
    table = pd.DataFrame({"customer_id": ["1"], "note": ["=1+1"]})
    for name in ("list.csv", "list.parquet"):
        for rows in (table, table, pd.concat([table, table])):
            check_out(settings, [shop / name])
            put_table(settings, rows, shop / name)
    shutil.rmtree(settings.work / "outputs")
    check_out(settings, [shop / "list.parquet"])  # says itself that it is ours
    with pytest.raises(HoldfastError, match="holdfast did not write it"):
        check_out(settings, [shop / "list.csv"])
    (shop / "list.csv").unlink()
    put_table(settings, table, shop / "list.csv")
    with (shop / "list.csv").open("a") as file:
        file.write("2,called on Monday\n")
    with pytest.raises(HoldfastError, match="or it was changed since"):
        check_out(settings, [shop / "list.csv"])


def test_scores_may_be_asked_for_as_csv_alone(shop: Path) -> None:
    settings = load_settings(shop / "holdfast.yaml")
    for _ in range(2):
        run = score_stage(settings, "2024-07-01", shop / "own.csv", SILENT)
    assert run.path.read_bytes().startswith(b"\xef\xbb\xbf") and not (shop / "own.parquet").exists()
    kept = kept_run(settings, "last")
    assert kept is not None and len(read_scores(kept[0])) == len(pd.read_csv(run.path)) == len(run.scores)


def test_nobody_else_may_read_what_speaks_of_customers(shop: Path, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        settings = load_settings(shop / "holdfast.yaml")
        shutil.rmtree(settings.work / "canonical")
        score_stage(settings, "2024-07-01", tmp_path / "out" / "scores.parquet", SILENT)
        done = CliRunner().invoke(
            app, ["worklist", "--hours", "9", "--out", str(tmp_path / "w.csv"), "-c", str(shop / "holdfast.yaml")]
        )
        assert done.exit_code == 0, done.output
    finally:
        os.umask(old)
    written = [*(tmp_path / "out").iterdir(), tmp_path / "w.csv"]
    written += [*(settings.work / "canonical").iterdir(), *(settings.work / "runs").glob("*.parquet")]
    written += [settings.work / "data_report.json", settings.work / "data_report.html"]
    assert len(written) > 9
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in written} == {path.name: "0o600" for path in written}


def test_demo_and_simulation_leave_the_settings_of_others_alone(tmp_path: Path) -> None:
    (tmp_path / "holdfast.yaml").write_text("data: {}\n")
    with pytest.raises(HoldfastError, match="is not the demonstration's own"):
        run_demo(tmp_path, "cdnow", SILENT)
    done = CliRunner().invoke(app, ["simulate", "--dir", str(tmp_path), "--customers", "500"])
    assert isinstance(done.exception, HoldfastError) and "no simulation wrote it" in str(done.exception)
    assert (tmp_path / "holdfast.yaml").read_text() == "data: {}\n"


def test_a_stage_runs_again_when_what_it_wrote_was_changed(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    calls: list[int] = []

    def run() -> None:
        calls.append(1)
        out.write_text("x")

    assert run_stage(tmp_path, "demo", {}, [out], run)
    for _ in flipped(out):
        assert run_stage(tmp_path, "demo", {}, [out], run)


def test_a_killed_command_ends_the_same_when_it_runs_again(tmp_path: Path) -> None:
    count = int(os.environ.get("HOLDFAST_KILLS", "2"))
    trials = list(run_kills(tmp_path, VERBS, count, seed=8, customers=150))
    assert len(trials) == count * len(VERBS) and any(trial.killed for trial in trials)
    assert [trial for trial in trials if trial.difference] == []
