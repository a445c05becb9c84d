"""What the product answers for a few companies, written down before a restructuring and compared after every step.

    python scripts/freeze.py record FOLDER            # train, score, explain and serve
    python scripts/freeze.py compare FOLDER OTHER     # what differs between two records; exit code 1 if anything does

A record begun in a folder goes on from the stages there, so that `record` after a step trains only what changed.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).parents[1]
RETAIL = ROOT.parent / "shared" / "data" / "online_retail_II"
VOLATILE = ("model_version", "scored_at", "feature_fingerprint")
CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?( UTC)?|\b[0-9a-f]{12,64}\b")


def companies(folder: Path) -> dict[str, dict[str, Any]]:
    """Settings per company; the simulated one is written to disk."""
    from benchmarks.simulator import SimulationSettings, write_simulation
    from benchmarks.simulator.writing import demo_settings as simulated_settings
    from pipelines.demo import demo_settings

    found = {name: demo_settings(name, folder) for name in ("journey", "cdnow")}
    small = SimulationSettings(customers=2000)
    target = folder / "simulated"
    known = folder / "simulated" / "rows.json"
    if not known.is_file():
        rows = write_simulation(small, target)
        known.write_text(json.dumps(rows))
    found["simulated"] = simulated_settings(small, json.loads(known.read_text()))
    if RETAIL.is_dir():
        files: dict[str, Any] = {
            name: {"path": str(RETAIL / f"{name}.parquet")} for name in ("transactions", "customers", "products")
        }
        files["transactions"]["columns"] = {"order_id": "transaction_id", "occurred_at": "timestamp"}
        files["products"]["columns"] = {"name": "description"}
        found["retail"] = {"data": files, "targets": {"horizon_days": 90, "lifetime_days": 365}}
    return found


def record(folder: Path, only: list[str]) -> None:
    """Write scores, one explanation in both languages and the service's answer of every company."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in companies(folder).items():
        if only and name not in only:
            continue
        place = folder / name
        place.mkdir(exist_ok=True)
        config = place / "holdfast.yaml"
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        if not config.is_file() or config.read_text() != text:
            config.write_text(text)
        began = time.monotonic()
        run(place, "train")
        scores = place / "scores.parquet"
        run(place, "score", "--out", str(scores))
        who = pick(scores)
        for language in ("en", "zh"):
            (place / f"explain.{language}.txt").write_text(run(place, "explain", who, "--lang", language))
        (place / "answer.json").write_text(json.dumps(served(place, who), indent=1, ensure_ascii=False, sort_keys=True))
        print(f"{name}: {time.monotonic() - began:.0f} s")


def run(place: Path, *arguments: str) -> str:
    """One command's standard output."""
    command = [sys.executable, "-m", "pipelines", *arguments, "--config", str(place / "holdfast.yaml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stdout[-800:]}{done.stderr[-800:]}")
    return done.stdout


def pick(scores: Path) -> str:
    """The customer with most at risk, so that the page has everything."""
    table = pq.read_table(scores, columns=["customer_id", "churn_probability", "lifetime_value"]).to_pandas()
    value = (table["churn_probability"] * table["lifetime_value"]).fillna(0)
    return str(table.loc[value.idxmax(), "customer_id"])


def served(place: Path, who: str) -> Any:
    """The service's answer by id, over HTTP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "pipelines",
        "serve",
        "--config",
        str(place / "holdfast.yaml"),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        body = json.dumps({"customers": [{"customer_id": who}]}).encode()
        for _ in range(600):
            try:
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}/v1/score", body, {"content-type": "application/json"}
                )
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                return {"status": error.code, "body": error.read().decode()}
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the service did not start")
    finally:
        process.terminate()
        process.wait()


def compare(one: Path, other: Path) -> int:
    """Print what differs; the number of differences."""
    differences = 0
    for place in sorted(path.parent for path in one.glob("*/scores.parquet")):
        again = other / place.name
        if not (again / "scores.parquet").is_file():
            continue
        for said in unequal(pq.read_table(place / "scores.parquet"), pq.read_table(again / "scores.parquet")):
            print(f"{place.name}: {said}")
            differences += 1
        for name in ("explain.en.txt", "explain.zh.txt", "answer.json"):
            was, now = (CLOCK.sub("*", (side / name).read_text()).splitlines() for side in (place, again))
            lines = [f"  - {a}\n  + {b}" for a, b in zip(was, now, strict=False) if a != b]
            if was != now:
                print(
                    f"{place.name}/{name}: {len(was)} and {len(now)} lines, {len(lines)} differ", *lines[:6], sep="\n"
                )
                differences += 1
    print(f"{differences} differences")
    return differences


def unequal(was: pa.Table, now: pa.Table) -> list[str]:
    """Columns whose name, place, type or values differ."""
    said = []
    if was.column_names != now.column_names:
        said.append(f"columns {set(was.column_names) ^ set(now.column_names) or 'in another order'}")
    for name in was.column_names:
        if name in VOLATILE or name not in now.column_names:
            continue
        if was.schema.field(name).type != now.schema.field(name).type:
            said.append(f"{name}: {was.schema.field(name).type} became {now.schema.field(name).type}")
        a, b = was.column(name).to_pylist(), now.column(name).to_pylist()
        rows = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y and not (x != x and y != y)]
        if rows:
            said.append(f"{name}: {len(rows)} of {len(a)} rows, first {a[rows[0]]!r} became {b[rows[0]]!r}"[:400])
    return said


if __name__ == "__main__":
    verb, first, *rest = sys.argv[1:]
    if verb == "record":
        record(Path(first), rest)
    else:
        sys.exit(bool(compare(Path(first), Path(rest[0]))))
