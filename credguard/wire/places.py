"""Every folder, file and socket of ours.

Standard library only and cheap to import: the provider loads this on every `aws` call. A test holds
it against platformdirs.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself costs more than all of this
if TYPE_CHECKING:
    from collections.abc import Callable

APP = "credguard"


def home() -> str:
    """The state folder: catalog, sealed vault, backups, settings, run/. `CREDGUARD_HOME` overrides it."""
    override = os.environ.get("CREDGUARD_HOME")
    if override:
        return os.path.abspath(os.path.expanduser(override))
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or _local_app_data(), APP)
    if sys.platform == "darwin":
        return os.path.expanduser(f"~/Library/Application Support/{APP}")
    base = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.local/share")
    return os.path.join(base, APP)


def _local_app_data() -> str:
    """As Windows tells it (SHGetFolderPathW, CSIDL_LOCAL_APPDATA), for a program started without its
    environment: a folder that depends on where that program stands would be another one each time."""
    import ctypes

    path = ctypes.create_unicode_buffer(260)
    shell = getattr(ctypes, "WinDLL")("shell32")  # noqa: B009 not there on other systems
    if shell.SHGetFolderPathW(None, 0x001C, None, 0, path) == 0 and path.value:
        return path.value
    return os.path.expanduser(r"~\AppData\Local")


def catalog() -> str:
    """The SQLite catalog: facts, never a secret."""
    return os.path.join(home(), "catalog.sqlite")


def vault_file() -> str:
    """The embedded sealed vault."""
    return os.path.join(home(), "vault.cgv")


def settings_file() -> str:
    return os.path.join(home(), "settings.json")


def backups() -> str:
    """Sealed copies of other programs' files."""
    return os.path.join(home(), "backups")


def run_folder() -> str:
    return os.path.join(home(), "run")


def agent_socket() -> str:
    """Where the agent listens: a socket; on Windows a named pipe, whose name stands for the folder."""
    if sys.platform == "win32":
        return pipe_name(home())
    return os.path.join(run_folder(), "agent.sock")


def pipe_name(folder: str) -> str:
    """The pipe of the state folder `folder`: however its path is spelled, the name is one."""
    from _blake2 import blake2b  # hashlib loads OpenSSL

    real = os.path.normcase(os.path.realpath(folder))
    digest = blake2b(real.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"\\\\.\\pipe\\credguard-{digest}"


def locked_file() -> str:
    """While this file exists, `provider/direct.py` answers nobody."""
    return os.path.join(run_folder(), "locked")


def window_wanted() -> str:
    """A second start of the window leaves this file, and the first one shows itself and takes it away."""
    return os.path.join(run_folder(), "show-window")


def spool() -> str:
    """Activity lines that the provider leaves for the catalog to take in."""
    return os.path.join(run_folder(), "activity.spool")


def aws_config() -> str:
    """~/.aws/config, or what AWS_CONFIG_FILE says."""
    return os.path.expanduser(os.environ.get("AWS_CONFIG_FILE") or os.path.join("~", ".aws", "config"))


def aws_credentials() -> str:
    """~/.aws/credentials, or what AWS_SHARED_CREDENTIALS_FILE says."""
    named = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    return os.path.expanduser(named or os.path.join("~", ".aws", "credentials"))


def demo() -> str:
    """Where the invented computer of demo mode lies, beside the state folder and never in it."""
    return home().rstrip(os.sep) + "-demo"


def package() -> str:
    """The folder `credguard` itself."""
    return os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def resources() -> str:
    """Icons, templates, translations: beside the package in a checkout, inside it in a wheel."""
    inside = os.path.join(package(), "resources")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package()), "resources")


def client() -> str:
    """The real path of provider/client.py, which the config line runs."""
    return os.path.join(package(), "provider", "client.py")


def helper() -> list[str]:
    """What stands before the profile id in a `credential_process` line: the only place that knows.

    `sys.executable` as it stands (links kept), `-I -S`, and the client's real path.
    """
    if sys.platform == "win32":
        return [short(sys.executable, _short_name), "-I", "-S", short(client(), _short_name)]
    return [sys.executable, "-I", "-S", client()]


def short(path: str, shorten: Callable[[str], str]) -> str:
    r"""`path` with the short names of Windows as far as it has what a config line cannot carry: the folders
    behind the last space (or letter beyond ASCII) keep their names, so that the line stays known as ours."""
    parts = path.split("\\")
    odd = [i for i, part in enumerate(parts) if not _plain(part)]
    if not odd:
        return path
    return "\\".join([shorten("\\".join(parts[: odd[-1] + 1])), *parts[odd[-1] + 1 :]])


def _plain(part: str) -> bool:
    return all(letter.isascii() and (letter.isalnum() or letter in "_@+=:,.~-/") for letter in part)


def _short_name(path: str) -> str:
    """GetShortPathNameW; the path itself where the disk keeps no short names."""
    import ctypes

    found = ctypes.create_unicode_buffer(32768)
    kernel = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 not there on other systems
    return found.value if kernel.GetShortPathNameW(path, found, len(found)) else path
