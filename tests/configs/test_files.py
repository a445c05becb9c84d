"""Atomic writes: whole or not at all."""

from pathlib import Path

import pytest

from configs.files import atomic_path, remove_leftovers, write_bytes_atomic, write_json_atomic


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "scores.parquet"
    write_bytes_atomic(target, b"old")
    with pytest.raises(RuntimeError), atomic_path(target) as aside:
        assert aside.suffix == ".parquet"
        aside.write_bytes(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["scores.parquet"]


def test_json_refuses_what_json_cannot_say(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_json_atomic(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".scores.tmp.4999999.parquet").write_bytes(b"half")
    (tmp_path / "scores.parquet").write_bytes(b"whole")
    assert remove_leftovers(tmp_path) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["scores.parquet"]
