"""Logs: capped files, a prefix and, on a terminal only, a colour for each process."""

import io
from pathlib import Path

import pytest

from ccmarket.embedded.logs import Console, LogFile, tail


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_never_grows_beyond_its_cap(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    log = LogFile(path, bytes_max=100)
    for number in range(50):
        log.write(b"line %02d\n" % number)
        assert path.stat().st_size <= 100
    log.close()
    kept = (tmp_path / "web.log.1").read_bytes() + path.read_bytes()
    assert kept.endswith(b"line 48\nline 49\n")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_log_goes_on_where_the_last_run_ended(tmp_path: Path) -> None:
    for text in (b"first\n", b"second\n"):
        log = LogFile(tmp_path / "web.log")
        log.write(text)
        log.close()
    assert tail(tmp_path / "web.log") == "first\nsecond"


def test_the_tail_of_a_log_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "none.log") == ""


def test_lines_carry_the_name_of_their_process() -> None:
    stream = io.StringIO()
    console = Console(stream)
    console.follow_all()
    console.log("web", b"one \xff\n")
    assert stream.getvalue() == "      web | one \ufffd\n"


def test_while_setting_up_only_the_followed_processes_are_shown() -> None:
    stream = io.StringIO()
    console = Console(stream)
    console.log("postgres", b"noise\n")
    console.follow("prepare")
    console.log("postgres", b"noise\n")
    console.log("prepare", b"Contracts deployed\n")
    assert stream.getvalue() == "  prepare | Contracts deployed\n"


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Console(Terminal()).paint("x", 31) == "\033[31mx\033[0m"
    assert Console(io.StringIO()).paint("x", 31) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Console(Terminal()).paint("x", 31) == "x"


def test_processes_next_to_each_other_have_different_colours() -> None:
    stream = Terminal()
    console = Console(stream)
    console.follow_all()
    console.log("web", b"1\n")
    console.log("engine", b"2\n")
    first, second = stream.getvalue().splitlines()
    assert first[:5] != second[:5]


def test_a_terminal_that_was_closed_does_not_stop_anything() -> None:
    stream = io.StringIO()
    console = Console(stream)
    stream.close()
    console.say("still here")
    console.warn("and here")
