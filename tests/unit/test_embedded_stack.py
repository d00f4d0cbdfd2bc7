"""What `make demo` runs, where, and with which environment."""

import io
import json
from pathlib import Path

import pytest

from ccmarket.embedded.demo import banner
from ccmarket.embedded.layout import PROJECT, SOCKET_PATH_BYTES_MAX, EmbeddedError, Layout
from ccmarket.embedded.logs import Console
from ccmarket.embedded.stack import Address, Stack


def stack_in(folder: Path, **given: str) -> Stack:
    return Stack(Address.from_environment(given), Layout(folder))


def test_the_website_is_on_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    assert stack_in(tmp_path).address == Address("127.0.0.1", 8000)
    assert stack_in(tmp_path, PORT="9000", BIND="0.0.0.0").address == Address("0.0.0.0", 9000)


def test_the_health_of_a_public_website_is_asked_on_loopback() -> None:
    assert Address("0.0.0.0", 9000).health_url == "http://127.0.0.1:9000/healthz"


def test_a_port_that_is_no_number_is_refused() -> None:
    with pytest.raises(EmbeddedError, match="PORT must be a number, not 'web'"):
        Address.from_environment({"PORT": "web"})


def test_the_user_s_own_settings_win_over_the_demo_s(tmp_path: Path) -> None:
    stack = stack_in(tmp_path, PORT="9000")
    assert stack.environment({})["BASE_URL"] == "http://localhost:9000"
    assert stack.environment({"BASE_URL": "https://demo.example"})["BASE_URL"] == (
        "https://demo.example"
    )


def test_every_management_command_of_the_demo_exists(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    commands = [program.command() for program in stack.preparations()]
    commands += [command for stage in stack.table() for command in stage.values()]
    named = {command[2] for command in commands if command[1].endswith("manage.py")} - {"migrate"}
    folders = (PROJECT / "apps", PROJECT / "ccmarket")
    ours = {path.stem for folder in folders for path in folder.rglob("management/commands/*.py")}
    assert named - ours == set()


def test_every_process_says_its_name_to_the_database(tmp_path: Path) -> None:
    programs = [program for stage in stack_in(tmp_path).stages() for program in stage]
    assert [program.env["CCMARKET_PROCESS"] for program in programs] == [
        program.name for program in programs
    ]


@pytest.mark.parametrize("length", [10, 80, 180])
def test_sockets_have_short_paths_however_long_the_project_s_is(
    tmp_path: Path, length: int
) -> None:
    sockets = Layout(Path("/") / ("long " * 40)[:length] / "var").sockets()
    assert len(f"{sockets}/.s.PGSQL.65535") <= SOCKET_PATH_BYTES_MAX


def test_two_long_folders_do_not_share_their_sockets() -> None:
    one, two = (Layout(Path("/") / ("long " * 40 + name) / "var").sockets() for name in "ab")
    assert one != two


def test_the_ready_block_says_how_to_sign_in(tmp_path: Path) -> None:
    user = {"name": "Individual One", "email": "one@example.com", "password": "pw", "role": "buyer"}
    (tmp_path / "demo.json").write_text(json.dumps({"users": {"individual_one": user}}))
    text = banner(stack_in(tmp_path), 12.3, Console(io.StringIO()))
    assert "ccmarket is running at http://localhost:8000    (ready in 12 s)" in text
    assert [text.split().count(word) for word in ("one@example.com", "pw", "buyer")] == [1, 1, 1]


@pytest.mark.parametrize("facts", [None, "", "{}", "[]", '{"users": {"x": {}}}', '{"users": []}'])
def test_the_ready_block_does_without_the_users(tmp_path: Path, facts: str | None) -> None:
    if facts is not None:
        (tmp_path / "demo.json").write_text(facts)
    text = banner(stack_in(tmp_path), 1, Console(io.StringIO()))
    assert "Sign in as" not in text
    assert "is running at" in text
