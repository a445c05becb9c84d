"""Settings: what a file may say, and the sentence a wrong one gets."""

from pathlib import Path

import pytest

from configs.errors import SettingsError
from configs.settings import load_settings

GOOD = """
data:
  transactions:
    path: transactions.parquet
    columns: {customer_id: customer_id, order_id: transaction_id, occurred_at: timestamp}
targets: {horizon_days: 90, lifetime_days: 365}
workdir: work
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "holdfast.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD))
    assert settings.work == tmp_path / "work"
    assert settings.bundle_store == tmp_path / "artifacts" / "bundle"
    assert settings.path(Path("/elsewhere")) == Path("/elsewhere")


def test_horizons_are_ascending_and_hold_the_own_one(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD.replace("90", "120")))
    assert settings.targets.all_horizons == (30, 90, 120, 180, 365)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "horizon: 3\n", "horizon is not a known setting (given: 3); remove it or correct its name."),
        (GOOD.replace("horizon_days: 90", "horizon_days: 0"), "targets.horizon_days input should be greater than"),
        (GOOD.replace("path: transactions.parquet", "delimiter: ','"), "give exactly one of path and url"),
        ("targets: {horizon_days: 90}\n", "data field required"),
        ("data: [\n", "line 2 is not valid YAML; check indentation and quotes there."),
        ("", "is empty or not a mapping; start from the example in the README."),
        (GOOD + "  timezone: Mars\n", "not valid YAML"),
        (GOOD.replace("data:", "data:\n  timezone: Mars/Olympus"), "unknown time zone 'Mars/Olympus'"),
        (GOOD.replace("data:", "data:\n  mapping: nobody"), "data.mapping 'nobody' is not known; use one of "),
    ],
)
def test_a_wrong_file_gets_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist; name another one with --config"):
        load_settings(tmp_path / "none.yaml")


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "data: {transactions: {url: 'postgresql://crm:${CRM_PASSWORD}@db/crm', table: lines}}\n"
    monkeypatch.setenv("CRM_PASSWORD", "secret")
    assert load_settings(write(tmp_path, text)).data.transactions.url == "postgresql://crm:secret@db/crm"
    monkeypatch.delenv("CRM_PASSWORD")
    with pytest.raises(SettingsError, match="environment variable CRM_PASSWORD, which is not set"):
        load_settings(write(tmp_path, text))


def test_a_file_inside_an_installed_package_is_found_without_importing_it(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD))
    assert settings.path(Path("package:pandas/__init__.py")).is_file()
    with pytest.raises(SettingsError, match="package nowhere_to_be_found, which brings data/x"):
        settings.path(Path("package:nowhere_to_be_found/data/x.parquet"))
