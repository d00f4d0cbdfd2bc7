"""PostgreSQL from the Python package, in a folder of ours: created, configured and run."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import psutil

from ccmarket.embedded.binaries import postgres_binary
from ccmarket.embedded.health import postgres_accepts
from ccmarket.embedded.layout import PROJECT, EmbeddedError, Layout
from ccmarket.embedded.ports import LOOPBACK
from ccmarket.embedded.program import Program, launcher
from ccmarket.embedded.records import is_over, stop_process

ROLE = DATABASE = "ccmarket"
# Exists on every system; PostgreSQL only asks not to be root.
USER_WHEN_ROOT = "nobody"
INITDB_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60.0

# What both kinds of server have in common, and why:
COMMON = {
    "listen_addresses": LOOPBACK,
    "max_connections": "200",  # web, workers, engines and tests, each with a small pool
    "shared_buffers": "256MB",  # the hot part of a demo; more only takes from a small machine
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",  # solid-state disks: an index costs little more than a scan
    "jit": "off",  # thousands of tiny statements: compiling them costs more than it saves
    "wal_buffers": "16MB",  # one engine batch fits without waiting for the WAL writer
    "max_wal_size": "2GB",  # together with the timeout: checkpoints, and the full-page images
    "checkpoint_timeout": "15min",  # after each, are rare
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}
# Nothing that was acknowledged is lost, whatever dies: for the demo, the bench and fault tests.
DURABLE = {
    **COMMON,
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_writer_delay": "10ms",  # most of a batch is on the disk before it commits
    "min_wal_size": "1GB",  # files of the log are used again: making one stops a batch for 70 ms
    "wal_compression": "on",  # page images are mostly padding: less to flush, for little work
    "autovacuum_naptime": "15s",  # balances are updated all the time: clear their old versions
}
# Thrown away with its folder, so nothing has to reach the disk.
THROWAWAY = {
    **COMMON,
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Postgres:
    """One server below `layout.postgres`, on `port` of the loopback interface and a socket."""

    def __init__(self, layout: Layout, port: int, *, durable: bool) -> None:
        self._layout = layout
        self._port = port
        self._durable = durable
        self._data = layout.postgres / "data"
        self._password_file = layout.postgres / "password"
        self.user = USER_WHEN_ROOT if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """By its socket: every statement takes less than by way of the loopback interface."""
        password = self._password_file.read_text().strip()
        folder = quote(str(self._layout.sockets()), safe="")
        return f"postgresql://{ROLE}:{password}@{folder}:{self._port}/{DATABASE}"

    def program(self) -> Program:
        return Program(
            name="postgres",
            title="PostgreSQL",
            command=self._command,
            ready=lambda: postgres_accepts(self.url),
            user=self.user,
            # Fast shutdown: ends the sessions and writes everything. SIGTERM would wait for them.
            stop_signal=signal.SIGINT,
            stop_timeout_s=STOP_TIMEOUT_S,
        )

    def prepare(self) -> None:
        """Create the cluster on the first start. Killed half-way, it begins afresh next time."""
        self._end_old_server()
        sockets = self._layout.sockets()
        shutil.rmtree(sockets, ignore_errors=True)  # A socket's lock file is mistaken as well.
        sockets.mkdir(mode=0o700, parents=True)
        self._give(sockets)
        if (self._data / "PG_VERSION").exists():
            return
        draft = self._layout.postgres / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self._data, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        self._give(draft)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(18))
        self._initdb(draft)
        draft.rename(self._data)

    def _initdb(self, folder: Path) -> None:
        """Make the cluster and the application's database in it.

        Text sorts by code point everywhere, as the embedded server knows few other collations.
        """
        options = [f"--pgdata={folder}", f"--username={ROLE}", f"--pwfile={self._password_file}"]
        options += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self._durable:
            options.append("--no-sync")
        self._run([postgres_binary("initdb"), *options])
        single = [postgres_binary("postgres"), "--single", "-D", str(folder), "postgres"]
        self._run(single, f"CREATE DATABASE {DATABASE};\n")

    def _run(self, command: Sequence[str], text: str = "") -> None:
        """One of PostgreSQL's programs, as the server's user, to its end."""
        done = subprocess.run(
            [*launcher(signal.SIGTERM, self.user), *command],
            cwd=PROJECT,
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=INITDB_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise EmbeddedError(f"{Path(command[0]).name} failed:\n{done.stdout.strip()}")

    def _command(self) -> list[str]:
        settings = {
            **(DURABLE if self._durable else THROWAWAY),
            "port": str(self._port),
            "unix_socket_directories": f'"{self._layout.sockets()}"',
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [postgres_binary("postgres"), "-D", str(self._data), *options]

    def _give(self, folder: Path) -> None:
        """PostgreSQL wants to own its folders."""
        if self.user:
            shutil.chown(folder, user=self.user)

    def _end_old_server(self) -> None:
        """Make sure that the server named in the lock file has ended, and that PostgreSQL sees it.

        PostgreSQL takes a process id for proof of life, even when a zombie has it or, after a
        reboot, something else. Its parent's id it knows for stale: that is ours. The rest of the
        file stays: with it PostgreSQL looks for sessions that may have outlived their server.
        """
        lock = self._data / "postmaster.pid"
        try:
            pid, *rest = lock.read_text().splitlines()
            process = psutil.Process(int(pid))
            if not is_over(process) and str(self._data) in process.cmdline():
                stop_process(process, signal.SIGINT, STOP_TIMEOUT_S)
            if lock.exists():
                lock.write_text("\n".join([str(os.getpid()), *rest, ""]))
        except (OSError, ValueError, psutil.Error):
            return
