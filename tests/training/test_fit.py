"""From tables to a bundle: the same bytes from the same data, a whole candidate or none, the gate in the store."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from configs.errors import BundleError
from configs.settings import Settings, TrackingSettings, TrainingSettings
from evaluation.backtest import Evaluation
from evaluation.datasets import TrainingSet
from features.catalog import CATALOGUE
from features.definitions import definitions_fingerprint
from features.engine import tables_from_arrow
from features.sources import SOURCES
from features.specs import FeatureSet
from models.bundle.folder import CURRENT, load_bundle, read_pointer, save_bundle
from reporting.training_report import write_report
from retention.profile.baseline import Baseline
from tests.company import save_evaluation
from training.fit import evaluation_of, finish, fit_bundle, load_candidate, parameters, save_candidate
from training.register import forget_decision, register

NOW = datetime(2022, 7, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def fitted(log: pa.Table, data: TrainingSet, as_of: datetime, simple_suite: Any, company_settings: Settings) -> Any:
    with tables_from_arrow({"transactions": log}) as tables:
        return fit_bundle(tables, as_of, company_settings, data=data, make_suite=simple_suite)


def test_the_stability_of_drivers_goes_into_the_baseline(
    fitted: Any, evaluation_of_company: Evaluation, settings: Settings
) -> None:
    content = deepcopy(evaluation_of_company.content)
    content["reasons"] = {"by_driver": {"recency": 0.9, "tenure": 0.2}}
    tested = Evaluation(content, evaluation_of_company.losses)
    found = Baseline.from_json(_baseline(finish(fitted, tested, settings)))
    assert found.driver_stability == {"recency": 0.9, "tenure": 0.2} and found.unstable == {"tenure"}
    content["reasons"] = None
    assert Baseline.from_json(_baseline(finish(fitted, tested, settings))).unstable == frozenset()
    assert Baseline.from_json(_baseline(finish(fitted, None, settings))).driver_stability == {}


def _baseline(bundle: Any) -> str:
    return str(bundle.files["retention/baseline.json"].decode())


def test_files_of_a_candidate(fitted: Any, data: TrainingSet, as_of: datetime) -> None:
    assert {
        "simple.json",
        "features.json",
        "parameters.json",
        "reference_prices.json",
        "retention/baseline.json",
        "rule/simple.json",
        "rule/retention/baseline.json",
    } == set(fitted.files)
    assert FeatureSet.from_json(fitted.files["features.json"].decode()) == data.feature_set
    assert Baseline.from_json(fitted.files["retention/baseline.json"].decode()).customers == fitted.meta["customers"]
    assert fitted.meta["as_of"] == as_of.isoformat()
    assert fitted.meta["feature_fingerprint"] == data.feature_set.fingerprint
    assert fitted.meta["feature_definitions"] == definitions_fingerprint(tuple(data.feature_set.names))
    json.dumps(fitted.meta, allow_nan=False)


@pytest.mark.parametrize("change", ["expression", "below", "direction", "gone"])
def test_a_bundle_is_refused_where_its_features_are_declared_otherwise(
    fitted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    bundle_id = save_bundle(tmp_path, fitted.files, fitted.meta)
    assert load_bundle(tmp_path, bundle_id=bundle_id).id == bundle_id
    name = "orders_90d"
    declared = CATALOGUE[name]
    if change == "expression":
        monkeypatch.setitem(CATALOGUE, name, replace(declared, value=lambda row: declared.value(row) + 1))
    elif change == "below":
        measures = SOURCES["orders"].measures
        counted = measures["n"]
        monkeypatch.setitem(measures, "n", replace(counted, value=lambda seen: counted.value(seen) * 2))
    elif change == "direction":
        monkeypatch.setitem(CATALOGUE, name, replace(declared, spec=replace(declared.spec, monotone_churn=1)))
    in_order = dict(CATALOGUE)
    if change == "gone":
        del CATALOGUE[name]
    definitions_fingerprint.cache_clear()
    try:
        with pytest.raises(BundleError) as caught:
            load_bundle(tmp_path, bundle_id=bundle_id)
    finally:
        monkeypatch.undo()
        if change == "gone":  # in its old place: the order of the catalogue is that of the columns
            CATALOGUE.clear()
            CATALOGUE.update(in_order)
        definitions_fingerprint.cache_clear()
    assert caught.value.code == "bundle_other_features"
    said = "computed in another way" if change in ("expression", "below") else "another feature set"
    assert said in caught.value.message


def test_same_data_same_bytes(
    log: pa.Table,
    fitted: Any,
    as_of: datetime,
    simple_suite: Any,
    company_settings: Settings,
    evaluation_of_company: Evaluation,
) -> None:
    """Computed again from lines in another order, without the stored training set."""
    mixed = log.take(pa.array(list(reversed(range(len(log))))))
    with tables_from_arrow({"transactions": mixed}) as tables:
        again = fit_bundle(tables, as_of, company_settings, make_suite=simple_suite)
    one, two = (finish(bundle, evaluation_of_company, company_settings) for bundle in (fitted, again))
    assert one.files == two.files
    assert one.meta == two.meta


def test_parameters_hold_no_place_and_no_secret(company_settings: Settings) -> None:
    text = json.dumps(parameters(company_settings))
    assert str(company_settings.root) not in text and "transactions.parquet" not in text
    other = company_settings.model_copy(update={"training": TrainingSettings(max_cutoffs=4, threads=1)})
    assert parameters(other) == parameters(company_settings), "threads do not change a model"


def test_card(fitted: Any, company_settings: Settings, evaluation_of_company: Evaluation) -> None:
    whole = finish(fitted, evaluation_of_company, company_settings)
    card = json.loads(whole.files["card/card.json"])
    assert card["evaluation"]["grade"]["letter"] == whole.meta["grade"] == evaluation_of_company.letter
    page = whole.files["card/card.html"].decode()
    assert "模型卡" in page and "Model card" in page and "<script" not in page
    assert evaluation_of(whole.files).content == evaluation_of_company.content  # type: ignore[union-attr]
    untested = finish(fitted, None, company_settings)
    assert "has not been tested" in untested.files["card/card.html"].decode()
    assert untested.meta["grade"] is None
    assert evaluation_of(untested.files) is None


def test_candidate_folder_is_whole_or_refused(fitted: Any, tmp_path: Path) -> None:
    folder = tmp_path / "candidate"
    with pytest.raises(BundleError, match="holdfast fit"):
        load_candidate(folder)
    save_candidate(fitted, folder)
    (folder / "left_over.txt").write_text("of an earlier candidate")
    save_candidate(fitted, folder)
    assert not (folder / "left_over.txt").exists()
    again = load_candidate(folder)
    assert (again.files, again.meta) == (fitted.files, fitted.meta)
    (folder / "features.json").write_bytes(b"{}")
    with pytest.raises(BundleError, match="no whole candidate"):
        load_candidate(folder)


def test_a_training_set_of_another_moment_is_refused(
    log: pa.Table, data: TrainingSet, simple_suite: Any, company_settings: Settings
) -> None:
    with (
        tables_from_arrow({"transactions": log}) as tables,
        pytest.raises(BundleError, match="2022-07-01, not 2022-06-01"),
    ):
        fit_bundle(tables, datetime(2022, 6, 1), company_settings, data=data, make_suite=simple_suite)


def registered(settings: Settings) -> dict[str, Any]:
    """One registration from its beginning to its end."""
    record = register(settings, NOW)
    forget_decision(settings.work)
    return record


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_registration_that_was_not_finished_is_carried_out_as_begun(
    fitted: Any, settings: Settings, evaluation_of_company: Evaluation
) -> None:
    passed = evaluation_of_company.content | {"grade": evaluation_of_company.content["grade"] | {"letter": "B"}}
    save_candidate(fitted, settings.work / "candidate")
    save_evaluation(Evaluation(passed, evaluation_of_company.losses), settings.work / "evaluation")
    codes = [register(settings, NOW)["decision"]["code"] for _ in range(2)]
    assert codes == ["first", "first"]
    forget_decision(settings.work)
    assert register(settings, NOW)["decision"]["code"] == "same"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_run_log_that_cannot_be_reached_blocks_no_model(fitted: Any, settings: Settings) -> None:
    away = settings.model_copy(update={"tracking": TrackingSettings(uri="postgresql://user:secret@127.0.0.1:1/none")})
    save_candidate(fitted, settings.work / "candidate")
    told: list[str] = []
    record = register(away, NOW, tell=told.append)
    assert (record["run_id"], record["version"], record["decision"]["code"]) == (None, None, "first")
    assert read_pointer(settings.bundle_store, CURRENT) == record["bundle_id"]
    assert len(told) == 1 and told[0].startswith("the run is not recorded, because the run log tracking.uri cannot")
    assert "`holdfast register` records it later" in told[0] and "secret" not in told[0]
    later = register(settings, NOW, tell=told.append)
    assert (later["version"], later["decision"]["code"], len(told)) == (1, "first", 1) and later["run_id"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_register_promote_and_keep_back(fitted: Any, settings: Settings, evaluation_of_company: Evaluation) -> None:
    """The first is used; the same again changes nothing; a worse one is stored, recorded and not used."""
    # grade and lifetime test are not the matter here, and would keep back so simple a suite
    passed = evaluation_of_company.content | {"grade": evaluation_of_company.content["grade"] | {"letter": "B"}}
    save_candidate(fitted, settings.work / "candidate")
    save_evaluation(Evaluation(passed, evaluation_of_company.losses), settings.work / "evaluation")
    write_report(evaluation_of_company, settings.work / "evaluation")
    first = registered(settings)
    assert (first["decision"]["code"], first["version"]) == ("first", 1)
    assert read_pointer(settings.bundle_store, CURRENT) == first["bundle_id"]
    assert load_bundle(settings.bundle_store).meta == first["meta"]
    same = registered(settings)
    assert (same["decision"]["code"], same["bundle_id"], same["version"]) == ("same", first["bundle_id"], 1)

    worse = evaluation_of_company.losses.assign(log_loss=lambda table: table["log_loss"] + 0.2)
    save_evaluation(Evaluation(passed, worse), settings.work / "evaluation")
    second = registered(settings)
    assert (second["decision"]["promote"], second["decision"]["code"]) == (False, "worse")
    assert second["version"] == 2 and second["bundle_id"] != first["bundle_id"]
    assert read_pointer(settings.bundle_store, CURRENT) == first["bundle_id"]
    assert load_bundle(settings.bundle_store, bundle_id=second["bundle_id"]).meta["grade"]

    (settings.bundle_store / first["bundle_id"] / "features.json").write_bytes(b"[]")
    third = registered(settings)
    assert third["decision"]["code"] == "champion_unreadable"
    assert read_pointer(settings.bundle_store, CURRENT) == third["bundle_id"]
