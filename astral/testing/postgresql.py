"""A PostgreSQL of one's own, for as long as a test lasts."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian keeps one folder a version, none of them on the PATH."""


def postgresql_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None where PostgreSQL's server is not installed."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    versions = [folder for folder in _INSTALLED.glob("*/bin") if (folder / "initdb").exists()]
    return max(versions, key=lambda folder: int(folder.parent.name), default=None)


class PostgresCluster:
    """A server in a temporary folder, reached through a socket in it and through no port.

    PostgreSQL does not run as root; then it runs as the user that Debian's package makes for it.
    """

    def __init__(self, *, is_durable: bool = False) -> None:
        """Look for the server.

        Args:
            is_durable: Sync the disk at every commit. What tests kill is processes of ours, never a machine that loses
                its power, so they do without.

        Raises:
            RuntimeError: It is not installed.
        """
        programs = postgresql_programs()
        if programs is None:
            raise RuntimeError("PostgreSQL's server is not installed: apt-get install postgresql")
        self._programs, self._databases = programs, 0
        self._fsync = "on" if is_durable else "off"

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="astral-postgresql-"))
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = self.folder / "data"
        self._run("initdb", "-D", data, "-U", "astral", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync={self._fsync}"
        self._run("pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o", settings, "start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def new_database(self) -> str:
        """The URL of a database that holds nothing."""
        self._databases += 1
        name = f"astral{self._databases}"
        self._run("createdb", "-h", self.folder, "-U", "astral", name)
        return f"postgresql://astral@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: object) -> None:
        as_user: Sequence[str] = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        # Its server must not hold the caller's pipes open: nothing that waits for their end would end.
        subprocess.run(  # noqa: S603 - programs of PostgreSQL, and paths that are made here
            [*as_user, str(self._programs / program), *map(str, arguments)],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
