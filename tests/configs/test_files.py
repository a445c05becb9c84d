"""Atomic writes: whole or not at all. Reading: an ordinary file or nothing, without waiting."""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from configs.files import (
    UnfitFileError,
    atomic_path,
    read_checked,
    read_regular,
    remove_leftovers,
    write_bytes_atomic,
    write_json_atomic,
    write_set,
)


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


def test_the_next_writer_removes_what_a_killed_one_left_of_the_same_file(tmp_path: Path) -> None:
    living = f".a.tmp.{os.getppid()}.json"
    for name in (".a.tmp.4999999.json", ".CURRENT.tmp.4999999", ".b.tmp.4999999.json", living):
        (tmp_path / name).write_bytes(b"half")
    write_bytes_atomic(tmp_path / "CURRENT", b"1")
    write_set({tmp_path / "a.json": b"{}"})
    left = {".b.tmp.4999999.json", living}
    assert {file.name for file in tmp_path.iterdir()} == {"CURRENT", "a.json"} | left, "others' and the living's stay"


def test_a_set_never_shows_a_new_file_beside_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / name for name in ("a", "b", "c")]
    for stop in range(12):
        for path in files:
            path.write_bytes(b"old")
        left = [stop]

        def killed(operation: Callable[..., object], left: list[int] = left) -> Callable[..., object]:
            def counted(*given: object, **named: object) -> object:
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
                return operation(*given, **named)

            return counted

        with monkeypatch.context() as patched:
            for name in ("replace", "unlink"):
                patched.setattr(os, name, killed(getattr(os, name)))
            with contextlib.suppress(KeyboardInterrupt):
                write_set(dict.fromkeys(files, b"new"))
        seen = {path.read_bytes() for path in files if path.exists()}
        assert len(seen) == 1 and files[0].exists()
    assert seen == {b"new"}


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".scores.tmp.4999999.parquet").write_bytes(b"half")
    (tmp_path / "scores.parquet").write_bytes(b"whole")
    assert remove_leftovers(tmp_path) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["scores.parquet"]


def _link(path: Path) -> None:
    (path.parent / "elsewhere").write_bytes(b"x")
    path.symlink_to(path.parent / "elsewhere")


def _socket(path: Path) -> None:
    # a socket's path may have some hundred letters only, the name relative to its folder is short
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


ODD: list[tuple[Callable[[Path], object], str]] = [
    (os.mkfifo, "is a pipe"),
    (Path.mkdir, "is a folder"),
    (_socket, "is a socket or a device"),
    (_link, "is a link"),
    (lambda path: path.symlink_to("/dev/zero"), "is a link"),
    (lambda path: path.symlink_to(path), "is a link"),
    (lambda path: path.write_bytes(b"12345"), "is larger than 4 bytes"),
]


@pytest.mark.parametrize(("make", "reason"), ODD, ids=[str(place) for place in range(len(ODD))])
def test_what_is_no_ordinary_file_is_refused_without_waiting(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "it"
    make(path)
    with pytest.raises(UnfitFileError) as caught:
        read_regular(path, 4)
    assert caught.value.reason == reason


def test_what_we_wrote_ourselves_is_read_by_the_same_rule(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "MANIFEST.json")
    with pytest.raises(UnfitFileError, match="is a pipe"):
        read_checked(tmp_path / "MANIFEST.json")


def test_a_link_is_followed_only_where_it_may_be(tmp_path: Path) -> None:
    _link(tmp_path / "it")
    assert read_regular(tmp_path / "it", 4, follow=True) == b"x"
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(UnfitFileError, match="is a socket or a device"):
        read_regular(tmp_path / "zero", 4, follow=True)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 4)
    (tmp_path / "large").write_bytes(b"y" * 200_000)
    assert read_regular(tmp_path / "large", 200_000) == b"y" * 200_000
