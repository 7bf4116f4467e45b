"""A person's laptop for end-to-end tests: a home folder, real `credguard` and `aws` processes.

The state folder lies where it does for a person, inside the home, so that one walk over the home sees
everything that was written.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AWS = os.environ.get("CREDGUARD_TEST_AWS") or shutil.which("aws")
ROOT = Path(__file__).parents[2]
#: What a person's own environment must not add to a test.
_FOREIGN = ("AWS_", "CREDGUARD_", "XDG_", "DBUS_", "COLUMNS", "NO_COLOR", "CLICOLOR", "PYTHON")


_LIMITED = """
import resource, runpy, sys
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


#: Without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (1 and 2 of PR_CAPBSET_DROP, 24) root is a user as any.
_WITHOUT_RIGHTS = """
import ctypes, os, sys
for right in (1, 2):
    if ctypes.CDLL(None).prctl(24, right, 0, 0, 0):
        sys.exit("the rights of root cannot be dropped here")
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True)
class Ran:
    """One process that ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON document on stdout; anything beside it is an error."""
        return json.loads(self.out)


class Laptop:
    """`bus` is what a child needs to reach the keychain (`PrivateKeyring.env`); None = there is none."""

    def __init__(self, folder: Path, endpoint: str, bus: Mapping[str, str] | None) -> None:
        self.bound_by_modes = False  # root too is held to the modes of files
        self.home = folder / "home"
        self.state = self.home / ".local" / "share" / "credguard"
        self.credentials = self.home / ".aws" / "credentials"
        self.config = self.home / ".aws" / "config"
        for made in (self.credentials.parent, self.state.parent, self.home / "Downloads"):
            made.mkdir(parents=True, exist_ok=True)
        own = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        self.env = {
            **own,
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        # An XDG_RUNTIME_DIR without a bus in it: the desktop of whoever runs the tests stays out of them.
        (folder / "run").mkdir(parents=True, mode=0o700, exist_ok=True)
        self.env["XDG_RUNTIME_DIR"] = str(folder / "run")
        if bus is not None:
            for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
                self.env[name] = bus[name]

    # ── files ────────────────────────────────────────────────────────────────────────────────────
    def write(self, credentials: bytes | str | None = None, config: bytes | str | None = None) -> None:
        for path, data in ((self.credentials, credentials), (self.config, config)):
            if data is not None:
                path.write_bytes(data.encode() if isinstance(data, str) else data)
                path.chmod(0o600)

    def snapshot(self, state: bool = False) -> dict[str, tuple[str, int, str]]:
        """Everything in the home: kind, mode, and content (or where a link leads). Without CredGuard's own
        folder, unless `state`."""
        found: dict[str, tuple[str, int, str]] = {}
        for path in sorted(self.home.rglob("*")):
            if not state and (path == self.state or self.state in path.parents):
                continue
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            name = str(path.relative_to(self.home))
            if stat.S_ISLNK(status.st_mode):
                found[name] = ("link", 0, os.readlink(path))
            elif stat.S_ISREG(status.st_mode):
                found[name] = ("file", mode, hashlib.sha256(path.read_bytes()).hexdigest())
            else:
                found[name] = ("folder" if path.is_dir() else "other", mode, "")
        return found

    def leaks(self, secrets: Iterable[str]) -> list[str]:
        """`file: form` for every secret that lies in the home in any of its forms, the sealed copies, the
        catalog and its journal included."""
        forms = [(secret[-4:], name, data) for secret in set(secrets) for name, data in forms_of(secret)]
        return [
            f"{path.relative_to(self.home)}: …{tail} ({name})"
            for path in sorted(self.home.rglob("*"))
            if path.is_file() and not path.is_symlink()
            for content in [path.read_bytes()]
            for tail, name, data in forms
            if data in content
        ]

    # ── processes ────────────────────────────────────────────────────────────────────────────────
    def start(self, *words: str, largest: int | None = None, **more: str) -> subprocess.Popen[str]:
        """A `credguard` command that was begun. `largest`: no file may grow beyond these bytes."""
        command = [sys.executable, "-m", "credguard", *words]
        if largest is not None:
            command[1:2] = ["-c", _LIMITED, str(largest)]
        return self._start(command, more)

    def run(self, *words: str, given: str = "", largest: int | None = None, **more: str) -> Ran:
        """A `credguard` command; `more` goes into its environment (an empty value takes one out)."""
        return self._end(self.start(*words, largest=largest, **more), given)

    def python(self, code: str, *words: str, **more: str) -> Ran:
        """Python code in a process of the laptop."""
        return self._end(self._start([sys.executable, "-c", code, *words], more), "")

    def aws(self, *words: str, **more: str) -> Ran:
        """The real aws command line."""
        assert AWS is not None
        return self._end(self._start([AWS, *words], more), "")

    def asks_aws(self, profile: str, **more: str) -> str:
        """The ARN that `aws sts get-caller-identity` gives for a profile."""
        ran = self.aws("sts", "get-caller-identity", "--profile", profile, "--output", "json", **more)
        assert ran.code == 0, ran.err
        return str(json.loads(ran.out)["Arn"])

    def _start(self, command: list[str], more: Mapping[str, str]) -> subprocess.Popen[str]:
        env = {k: v for k, v in {**self.env, **more}.items() if v}
        if self.bound_by_modes and os.geteuid() == 0:
            command = [sys.executable, "-I", "-S", "-c", _WITHOUT_RIGHTS, *command]
        return subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, encoding="utf-8", cwd=self.home,
        )  # fmt: skip

    @staticmethod
    def _end(process: subprocess.Popen[str], given: str) -> Ran:
        try:
            out, err = process.communicate(given, timeout=90)
        finally:
            process.kill()
        return Ran(process.returncode, out, err)


def forms_of(secret: str) -> list[tuple[str, bytes]]:
    """A secret as it stands, and as it would stand in Base64 (at each of the three places that it can
    begin at), hexadecimal, UTF-16, and a URL."""
    raw = secret.encode()
    found = [
        ("plain", raw),
        ("hex", raw.hex().encode()),
        ("utf-16", secret.encode("utf-16-le")),
        ("url", raw.replace(b"/", b"%2F").replace(b"+", b"%2B")),
        ("json", raw.replace(b"/", b"\\/")),
    ]
    for before in range(3):
        # What the neighbours of the secret would change is cut off at both ends.
        encoded = base64.b64encode(b"\0" * before + raw)
        inner = encoded[4 if before else 0 : len(encoded) - 4]
        found += [("base64", inner), ("base64url", inner.replace(b"+", b"-").replace(b"/", b"_"))]
    return found


def section(profile: str, key_id: str, secret: str) -> str:
    """A profile of ~/.aws/credentials."""
    return f"[{profile}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n"


def parts(err: str) -> dict[str, str]:
    """The three parts of an error, each in one line, by their words.

    Raises AssertionError when something else stands on stderr, or a part comes twice or not at all.
    """
    assert "Traceback" not in err, err
    found: dict[str, str] = {}
    head = ""
    for line in err.splitlines():
        for word in ("Not changed:", "Stopped:", "Safe:", "To do:"):
            if line.startswith(word):
                assert word not in found, err
                found[word], head, line = "", word, line[len(word) :]
                break
        else:
            assert line.startswith("     "), err
        assert head, err
        found[head] = f"{found[head]} {line.strip()}".strip()
    assert [*found][1:] == ["Safe:", "To do:"], err
    assert all(found.values()), err
    return found
