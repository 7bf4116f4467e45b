"""A whole invented world for one process: home, double, environment. Nothing of the person's is touched."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from credguard.demo.cloud.home import HomeFiles, write_home, write_private
from credguard.demo.cloud.server import Double
from credguard.demo.cloud.timing import Timing
from credguard.system.clock import Clock

PASSPHRASE = "six random words EXAMPLE"  # noqa: S105  (the invented person’s)
#: What must not leak from the person's own environment into the invented world.
CLEARED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_REGION",
    "XDG_DOWNLOAD_DIR",
    "AWS_DEFAULT_REGION",
)


#: The profiles whose keys `seed` imports; bluekite and the root key stay in plaintext, to be found.
SEEDED = ("acme-prod", "northwind", "nw-etl")


def variables(folder: str, files: HomeFiles, endpoint: str) -> dict[str, str]:
    """The environment of a process on the invented computer in `folder`."""
    return {
        "HOME": files.home,
        "USERPROFILE": files.home,
        "XDG_DATA_HOME": os.path.join(files.home, ".local", "share"),
        "XDG_CONFIG_HOME": os.path.join(files.home, ".config"),
        "CREDGUARD_HOME": os.path.join(folder, "state"),
        "CREDGUARD_STORE": "sealed",
        "CREDGUARD_PASSPHRASE_FILE": os.path.join(folder, "passphrase"),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": files.config,
        "AWS_SHARED_CREDENTIALS_FILE": files.credentials,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


class DemoWorld:
    """`with DemoWorld() as world:` sets the environment of this process, and puts it back at the end.

    With `enter_environ` False it leaves the process alone; `environ()` is for a child's environment.
    """

    def __init__(
        self, clock: Clock | None = None, *, timing: Timing | None = None, enter_environ: bool = True
    ) -> None:
        self._clock, self._timing, self._enters = clock, timing, enter_environ
        self._before: dict[str, str] | None = None
        self.folder = ""
        self.files: HomeFiles
        self.double: Double

    def __enter__(self) -> DemoWorld:
        self.folder = tempfile.mkdtemp(prefix="credguard-demo-")  # 0700
        try:
            self.files = write_home(os.path.join(self.folder, "home"))
            write_private(self._passphrase_file, PASSPHRASE + "\n")
            self.double = Double(self._clock, timing=self._timing)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        if self._enters:
            self._before = dict(os.environ)
            for name in CLEARED:
                os.environ.pop(name, None)
            os.environ.update(self.variables())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.double.stop()
        finally:
            if self._before is not None:
                for name in {*CLEARED, *self.variables()}:
                    if name in self._before:
                        os.environ[name] = self._before[name]
                    else:
                        os.environ.pop(name, None)
                self._before = None
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _passphrase_file(self) -> str:
        return os.path.join(self.folder, "passphrase")

    def variables(self) -> dict[str, str]:
        """What the world sets; AWS_PROFILE and the like are to be absent (`CLEARED`)."""
        return variables(self.folder, self.files, self.double.url)

    def environ(self) -> dict[str, str]:
        """A whole environment for a child process."""
        base = {name: value for name, value in os.environ.items() if name not in CLEARED}
        return {**base, **self.variables()}

    def seed(self, services: Any, profiles: tuple[str, ...] = SEEDED) -> Any:
        """Import some keys, so that accounts exist. `services` has find_keys and import_keys.

        Returns the outcomes of the import.
        """
        keys, _ = services.find_keys()
        return services.import_keys(tuple(key for key in keys if key.profile in profiles))
