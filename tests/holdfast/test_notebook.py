"""The page for notebooks does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_code_of_the_page_runs_from_top_to_bottom(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="the extra train is not installed")
    page = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 7
    code = tmp_path / "page.py"
    code.write_text("\n".join(blocks), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"}
    command = [sys.executable, "page.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nowhere.yaml does not exist" in done.stdout
    assert re.search(r"^[0-9a-f]{12} \w+$", done.stdout, flags=re.MULTILINE)
