"""Real servers for the tests: each starts in a folder of its own, listens on loopback alone, and is gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "geh@im;1%"
"""With signs that an address, a connection string and a pattern each read in their own way."""
QUOTED = "geh%40im%3B1%25"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextmanager
def postgres_server() -> Iterator[str]:
    """Give the address of a PostgreSQL server with an empty database; skipped where the package is not installed."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(binaries[-1]) if binaries else "")
    if not found:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with _folder("postgres") as (folder, user):
        (folder / "password").write_text(PASSWORD)
        os.chmod(folder / "password", 0o644)
        data, port, control = folder / "data", free_port(), str(Path(found).parent / "pg_ctl")
        _run([found, "-D", str(data), "-U", "shop", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8", "--no-locale", "-N"], user)  # fmt: skip
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c autovacuum=off"
        _run([control, "-D", str(data), "-o", settings, "-l", str(folder / "log"), "-w", "start"], user)
        try:
            yield f"postgresql://shop:{QUOTED}@127.0.0.1:{port}/postgres"
        finally:
            _run([control, "-D", str(data), "-m", "immediate", "-w", "stop"], user)


@contextmanager
def mariadb_server() -> Iterator[tuple[str, Path]]:
    """Give the address of a MariaDB server with an empty database `till`, and its socket, where root needs no password."""
    install, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if not install or not server or not shutil.which("mariadb"):
        pytest.skip("MariaDB is not installed (apt-get install mariadb-server)")
    if not any("maria" in text for path in ("/etc/odbcinst.ini",) if os.path.exists(path) for text in [Path(path).read_text().lower()]):
        pytest.skip("MariaDB's ODBC driver is not installed (apt-get install unixodbc odbc-mariadb)")
    with _folder("mysql") as (folder, user):
        data, port, at = folder / "data", free_port(), folder / "socket"
        _run([install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"], user)
        command = [server, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={at}"]
        command += [f"--pid-file={folder / 'pid'}", f"--log-error={folder / 'log'}", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]
        command += ["--innodb-buffer-pool-size=64M", "--performance-schema=off", "--skip-name-resolve"]
        process = subprocess.Popen(
            command, user=user, group=user and pwd.getpwnam(user).pw_gid, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(lambda: _answers(at), process, folder / "log")
            sql(at, f"create database till character set utf8mb4; create user shop@'127.0.0.1' identified by '{PASSWORD}'; grant all on till.* to shop@'127.0.0.1'")  # fmt: skip
            yield f"mariadb://shop:{QUOTED}@127.0.0.1:{port}/till", at
        finally:
            process.terminate()
            process.wait(30)


def sql(at: Path, text: str, database: str = "") -> str:
    """Run SQL on a MariaDB server as root and return what it prints."""
    command = ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", "-u", "root", "-S", str(at), "-N", "-B", database]
    return subprocess.run([word for word in command if word], input=text, text=True, check=True, capture_output=True).stdout


@contextmanager
def _folder(user: str) -> Iterator[tuple[Path, str | None]]:
    """Give a folder for a server's data, and the user that it is of: a database refuses to run as root."""
    is_root = os.geteuid() == 0
    if is_root and user not in {entry.pw_name for entry in pwd.getpwall()}:
        user = "nobody"
    folder = Path(tempfile.mkdtemp(prefix="toolkit-server-"))
    try:
        if is_root:
            shutil.chown(folder, user)
        os.chmod(folder, 0o755)
        yield folder, user if is_root else None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str], user: str | None) -> None:
    # what a server leaves running keeps its output open: a pipe would be waited for
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(command, user=user, stdout=output, stderr=subprocess.STDOUT, cwd="/", check=False)
        output.seek(0)
        assert done.returncode == 0, f"{command[0]}: {output.read()[-2000:]}"


def _answers(at: Path) -> bool:
    try:
        return sql(at, "select 1").strip() == "1"
    except subprocess.CalledProcessError:
        return False


def _wait_for(is_there, process: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        if is_there():
            return
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)
    raise AssertionError(f"the server did not come up: {log.read_text(errors='replace')[-2000:]}")
