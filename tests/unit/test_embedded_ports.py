"""Ports are chosen once, kept, and given up only when somebody else has them."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccmarket.embedded.layout import EmbeddedError
from ccmarket.embedded.ports import PORT_MAX, PORT_MIN, PortBook, choose_port, is_free, require_free

# These listen on loopback themselves: it is what they are about.
pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        port = choose_port()
        other.bind(("127.0.0.1", port))
        other.listen()
        yield port


def test_a_port_somebody_listens_on_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_a_port_is_free_again_as_soon_as_its_server_is_gone() -> None:
    port = choose_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
        assert not is_free(port)
    assert is_free(port)


def test_a_chosen_port_avoids_the_ones_already_given() -> None:
    everything = set(range(PORT_MIN, PORT_MAX + 1))
    with pytest.raises(EmbeddedError, match="No free port"):
        choose_port(everything)


def test_a_service_keeps_its_port(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    first = PortBook(path).port("postgres")
    assert PortBook(path).port("postgres") == first
    assert PortBook(path).port("valkey") != first


def test_a_service_moves_when_its_port_was_taken(tmp_path: Path, taken: int) -> None:
    path = tmp_path / "ports.json"
    path.write_text(json.dumps({"postgres": taken}))
    moved = PortBook(path).port("postgres")
    assert moved != taken
    assert json.loads(path.read_text()) == {"postgres": moved}


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"postgres": "many"}'])
def test_a_damaged_port_file_is_forgotten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ports.json"
    path.write_text(text)
    assert is_free(PortBook(path).port("postgres"))


def test_a_taken_port_is_refused_with_the_way_out(taken: int) -> None:
    with pytest.raises(EmbeddedError, match=f"make demo PORT={taken + 1}"):
        require_free(taken, "127.0.0.1")


@pytest.mark.parametrize("port", [0, 65_536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(EmbeddedError, match="between 1 and 65535"):
        require_free(port, "127.0.0.1")
