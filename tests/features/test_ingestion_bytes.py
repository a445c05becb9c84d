"""Same rows, same bytes; all tables or none; nothing read twice for nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from configs.errors import BusyError, DataError
from configs.settings import Settings
from features.ingestion import ingest, up_to_date

HEAD = "customer_id,order_id,occurred_at,amount,product_id,line_id\n"


def make(folder, *, threads=1, **data):
    data.setdefault("transactions", {"path": "a.csv"})
    data.setdefault("order_numbers", "unique")
    return Settings(data=data, training={"threads": threads}, workdir=folder / "work", root=folder)


def lines(count=200, seed=1):
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        when = f"2024-0{rng.randrange(1, 7)}-1{rng.randrange(10)} 0{rng.randrange(10)}:00"
        product, amount = rng.choice(["", "p1", "p2"]), rng.randrange(-500, 5000) / 100
        found.append(f"{rng.randrange(20):03d},O{rng.randrange(60)},{when},{amount},{product},\n")
    return found


def canonical(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "work" / "canonical").glob("*.parquet"))}


ROW = st.tuples(
    st.sampled_from(["1", "01", "2", ""]),
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from(["2024-01-01", "2024-01-01 00:00:01", "2023-12-31"]),
    st.sampled_from(["1", "1.00", "-2.5", "x"]),
    st.sampled_from(["", "p", "q"]),
    st.sampled_from(["", "1", "2"]),
)


@given(rows=st.lists(ROW, min_size=1, max_size=25), parts=st.integers(1, 4), seed=st.integers(0, 99))
@example(rows=[("1", "A", "2024-01-01", "1", "p", "1"), ("2", "A", "2024-01-01", "1", "q", "1")], parts=2, seed=0)
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_and_parts_of_the_rows_do_not_change_a_byte(tmp_path_factory, rows, parts, seed):
    rows = [("9", "Z", "2024-01-01", "1", "p", "1"), *rows]
    text = [",".join(row) + "\n" for row in rows]
    one, many = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("many")
    (one / "a.csv").write_text(HEAD + "".join(text))
    shuffled = random.Random(seed).sample(text, len(text))
    for part in range(parts):
        here = shuffled[part::parts]
        if here:
            (many / f"part-{part}.csv").write_text(HEAD + "".join(here))
    limits = {"max_refused_share": 1.0, "max_null_customer_share": 1.0}
    first = ingest(make(one, threads=1, **limits))
    second = ingest(make(many, threads=2, transactions={"path": "part-*.csv"}, **limits))
    assert canonical(one) == canonical(many)
    left, right = first.tables["transactions"], second.tables["transactions"]
    assert left.model_copy(update={"refusals": (), "source": ""}) == right.model_copy(
        update={"refusals": (), "source": ""}
    )
    assert {(item.reason, item.field): item.count for item in left.refusals} == {
        (item.reason, item.field): item.count for item in right.refusals
    }
    assert first.log == second.log


def test_twice_one_thread_or_two_the_same_bytes(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + "".join(lines(3000)))
    seen = []
    for threads in (1, 2, 2):
        ingest(make(tmp_path, threads=threads), force=True)
        seen.append(canonical(tmp_path))
    assert seen[0] == seen[1] == seen[2]
    table = pq.read_table(tmp_path / "work" / "canonical" / "transactions.parquet")
    keys = list(zip(*(table[name].to_pylist() for name in ("customer_id", "occurred_at", "order_id")), strict=True))
    assert keys == sorted(keys)


def test_the_host_time_zone_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(HEAD + "".join(lines(50)))
    seen = []
    for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        ingest(make(tmp_path), force=True)
        seen.append(canonical(tmp_path))
    monkeypatch.delenv("TZ")
    time.tzset()
    assert seen[0] == seen[1] == seen[2]


def test_many_row_groups_are_the_same_as_few_batches(tmp_path, monkeypatch):
    from features.ingestion import canonical as module

    monkeypatch.setattr(module, "GROUP_ROWS", 100)
    (tmp_path / "a.csv").write_text(HEAD + "".join(lines(950)))
    ingest(make(tmp_path))
    path = tmp_path / "work" / "canonical" / "transactions.parquet"
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(index).num_rows for index in range(groups.num_row_groups)] == [100] * 9 + [50]


def test_the_manifest_describes_every_file(tmp_path):
    import hashlib

    (tmp_path / "a.csv").write_text(HEAD + "".join(lines()))
    ingest(make(tmp_path))
    manifest = json.loads((tmp_path / "work" / "canonical" / "MANIFEST.json").read_text())
    said = manifest["tables"]["transactions"]
    data = (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes()
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert (said["bytes"], said["rows"]) == (len(data), 200)
    source = (tmp_path / "a.csv").read_bytes()
    assert manifest["inputs"] == [
        {"table": "transactions", "name": "a.csv", "bytes": len(source), "sha256": hashlib.sha256(source).hexdigest()}
    ]


def test_unchanged_inputs_are_not_read_again(tmp_path):
    source = tmp_path / "a.csv"
    source.write_text(HEAD + "".join(lines()))
    assert not ingest(make(tmp_path)).reused
    again = ingest(make(tmp_path))
    assert again.reused
    assert again.tables["transactions"].rows_kept == 200
    assert not ingest(make(tmp_path), force=True).reused
    assert not ingest(make(tmp_path, timezone="Asia/Shanghai")).reused
    source.write_text(HEAD + "".join(lines(201)))
    assert ingest(make(tmp_path)).tables["transactions"].rows_kept == 201


@pytest.mark.parametrize("damage", ["flip", "remove", "extra", "manifest", "report", "quarantine", "nothing"])
def test_changed_tables_are_made_again(tmp_path, damage):
    (tmp_path / "a.csv").write_text(HEAD + "".join(lines()) + ",o1,2024-01-01,1\n")
    ingest(make(tmp_path))
    assert up_to_date(make(tmp_path)) is not None
    before = canonical(tmp_path)
    folder = tmp_path / "work" / "canonical"
    path = folder / "transactions.parquet"
    if damage == "flip":
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
    elif damage == "remove":
        path.unlink()
    elif damage == "extra":
        (folder / "customers.parquet").write_bytes(b"old")
    elif damage == "manifest":
        (folder / "MANIFEST.json").write_text("{")
    elif damage == "report":
        report = tmp_path / "work" / "data_report.json"
        report.write_text(report.read_text().replace('"rows_kept": 200', '"rows_kept": 201'))
    elif damage == "quarantine":
        rows = tmp_path / "work" / "quarantine" / "transactions.parquet"
        rows.write_bytes(rows.read_bytes()[:-1] + b"2")
    assert (up_to_date(make(tmp_path)) is None) is (damage != "nothing")
    assert ingest(make(tmp_path)).reused is (damage == "nothing")
    assert canonical(tmp_path) == before


def test_a_moving_future_limit_does_not_force_a_new_run(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + "".join(lines()))
    ingest(make(tmp_path, future_after="2024-12-31"))
    assert ingest(make(tmp_path, future_after="2025-01-01")).reused
    assert not ingest(make(tmp_path, future_after="2024-03-31", max_refused_share=1.0)).reused


def test_a_table_taken_out_of_the_settings_goes(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + "".join(lines()))
    (tmp_path / "c.csv").write_text("customer_id,region\n1,North\n,South\n")
    both = {"customers": {"path": "c.csv"}, "max_null_customer_share": 1.0}
    ingest(make(tmp_path, **both))
    assert sorted(canonical(tmp_path)) == ["customers.parquet", "transactions.parquet"]
    assert (tmp_path / "work" / "quarantine" / "customers.parquet").exists()
    ingest(make(tmp_path))
    assert sorted(canonical(tmp_path)) == ["transactions.parquet"]
    assert not (tmp_path / "work" / "quarantine" / "customers.parquet").exists()


def test_a_refused_run_keeps_the_tables_of_the_run_before(tmp_path):
    source = tmp_path / "a.csv"
    source.write_text(HEAD + "".join(lines()))
    ingest(make(tmp_path))
    before = {path: path.read_bytes() for path in (tmp_path / "work").rglob("*") if path.is_file()}
    source.write_text(HEAD + "".join(lines()) + "1,A,2024-01-01,x,,\n" * 20)
    with pytest.raises(DataError, match="20 of 220 rows"):
        ingest(make(tmp_path))
    after = {path: path.read_bytes() for path in (tmp_path / "work").rglob("*") if path.is_file()}
    quarantine = tmp_path / "work" / "quarantine" / "transactions.parquet"
    assert pq.read_table(quarantine).num_rows == 20
    assert {path: data for path, data in after.items() if path != quarantine} == before


def test_null_customers_have_their_own_limit(tmp_path):
    text = HEAD + "".join(lines(60)) + ",A,2024-01-01,1,,\n" * 40
    (tmp_path / "a.csv").write_text(text)
    report = ingest(make(tmp_path)).tables["transactions"]
    assert (report.rows_kept, report.refused("null_customer")) == (60, 40)
    (tmp_path / "a.csv").write_text(text + ",A,2024-01-01,1,,\n" * 2)
    with pytest.raises(DataError, match="42 of 102 rows of transactions have no customer id") as caught:
        ingest(make(tmp_path))
    assert caught.value.code == "too_many_null_customers"


def test_two_runs_in_one_folder_do_not_mix(tmp_path):
    import fcntl

    (tmp_path / "a.csv").write_text(HEAD + "".join(lines()))
    (tmp_path / "work").mkdir()
    with (tmp_path / "work" / ".ingest.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another ingest"):
            ingest(make(tmp_path))
    assert not ingest(make(tmp_path)).reused


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    from features.ingestion.staging import Stage

    source = tmp_path / "a.csv"
    source.write_text(HEAD + "".join(lines()))
    take = Stage.take

    def slow(self, raw):
        take(self, raw)
        with source.open("a") as file:
            file.write("1,A,2024-01-01,1,,\n")

    monkeypatch.setattr(Stage, "take", slow)
    with pytest.raises(DataError) as caught:
        ingest(make(tmp_path))
    assert caught.value.code == "source_changed"


SCRIPT = """
import sys
from pathlib import Path
from configs.settings import Settings
from features.ingestion import ingest
folder = Path(sys.argv[1])
settings = Settings(data={"transactions": {"path": "a.csv"}}, workdir=folder / "work", root=folder)
print("ready", flush=True)
while True:
    ingest(settings, force=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_leaves_whole_tables(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + "".join(lines(3000)))
    ingest(make(tmp_path))
    wanted = canonical(tmp_path)
    root = Path(__file__).parents[2]
    rng = random.Random(7)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)],
            cwd=root,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.2, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert canonical(tmp_path) == wanted
    ingest(make(tmp_path), force=True)
    assert canonical(tmp_path) == wanted
    assert not list((tmp_path / "work").glob(".ingestion-*"))
