"""Is it up? One quick question per kind of service; none of them raises."""

import json
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote, urlsplit

from ccmarket.embedded.binaries import postgres_binary

PROBE_TIMEOUT_S = 2.0
# Loopback and private addresses are not for a proxy that the environment may name.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def postgres_accepts(url: str) -> bool:
    """True when the server behind `url` takes connections (pg_isready(1))."""
    command = [postgres_binary("pg_isready"), "--quiet", "--timeout=2", f"--dbname={url}"]
    try:
        return subprocess.run(command, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def redis_answers(url: str) -> bool:
    """True when the server behind `redis://` or `rediss://` answers PING, its data loaded."""
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 6379)
    words = [["PING"]]
    if parts.password:
        words.insert(0, ["AUTH", unquote(parts.username or "default"), unquote(parts.password)])
    try:
        with socket.create_connection(address, PROBE_TIMEOUT_S) as plain:
            if parts.scheme == "rediss":
                context = ssl.create_default_context()
                with context.wrap_socket(plain, server_hostname=address[0]) as secure:
                    return _pong(secure, words)
            return _pong(plain, words)
    except OSError:
        return False


def _pong(connection: socket.socket, commands: list[list[str]]) -> bool:
    reply = b""
    for words in commands:
        parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        connection.sendall(f"*{len(words)}\r\n{parts}".encode())
        reply = connection.recv(256)
    return reply.startswith(b"+PONG")


def rpc(url: str, method: str, *parameters: Any, timeout_s: float = PROBE_TIMEOUT_S) -> Any:
    """One JSON-RPC call; raises OSError when it cannot be had or the answer is an error."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with _DIRECT.open(request, timeout=timeout_s) as response:
            answer = json.load(response)
    except ValueError as error:
        raise OSError(f"{method}: not JSON") from error
    if "error" in answer:
        raise OSError(f"{method}: {answer['error']}")
    return answer["result"]


def chain_answers(url: str) -> bool:
    try:
        return isinstance(rpc(url, "eth_chainId"), str)
    except OSError:
        return False


def http_ok(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=PROBE_TIMEOUT_S) as response:
            return bool(response.status == 200)
    except (OSError, ValueError):
        return False
