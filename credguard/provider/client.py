"""What `credential_process` runs: `python -I -S …/provider/client.py p-3f9c21`.

Standard library only, of ours `wire` alone. It reads the profile's item and the key or session that it
names, prints the answer and ends. For anything more it becomes `credguard credential-process` by exec.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":  # isolated Python sets no path
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))

from credguard.wire import credential_process, flat, items, places

#: SDKs run the process again below 15 minutes.
LEAST_SECONDS = 16 * 60


def main(arguments: list[str]) -> int:
    """One profile id; exit 0 with the answer on stdout, else 1 (4 locked) and a sentence on stderr."""
    if len(arguments) != 1 or not _is_id(arguments[0]):
        sys.stderr.write("CredGuard: this runs as credential_process, with the id of one profile.\n")
        return 1
    try:
        answer = _direct(arguments[0])
    except Exception:  # whatever it is, the full program knows the sentence for it
        answer = None
    if answer is None:
        return _become(["credential-process", "--profile", arguments[0]])
    sys.stdout.write(answer)
    sys.stdout.flush()
    return 0


def _is_id(value: str) -> bool:
    return 0 < len(value) <= 64 and value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def _direct(profile_id: str) -> str | None:
    """The answer straight from the keychain, or None when it takes more than that."""
    if os.path.exists(places.locked_file()) or os.environ.get("CREDGUARD_STORE") == "sealed":
        return None
    from credguard.provider.direct import open_keychain

    keychain = open_keychain()
    try:
        profile = _item(keychain.read(items.profile(profile_id)))
        if profile is None or profile.get("direct") is not True:
            return None
        key_id, account = _text(profile, "access_key_id"), profile.get("account_id")
        session = profile.get("session")
        if session is None:
            source = _item(keychain.read(items.access_key(key_id)))
        else:
            source = _item(keychain.read(items.session(str(session))))
            if source is None or not _lasts(_text(source, "expiration")):
                return None
    finally:
        keychain.close()
    if source is None:
        return None
    _note(profile_id, _text(profile, "name"), key_id)
    return credential_process.answer(
        _text(source, "access_key_id"),
        _text(source, "secret"),
        str(account) if account else None,
        _text(source, "session_token") if session is not None else None,
        _text(source, "expiration") if session is not None else None,
    )


def _item(value: str | None) -> dict[str, object] | None:
    """A flat item of this version; None for none, for a split value and for anything else."""
    if value is None:
        return None
    try:
        item = flat.decode(value)
    except ValueError:
        return None
    return item if item.get("v") == items.VERSION else None


def _text(item: dict[str, object], name: str) -> str:
    value = item[name]
    if not isinstance(value, str) or not value:
        raise KeyError(name)
    return value


def _lasts(expiration: str) -> bool:
    from time import gmtime, strftime, time

    # ISO 8601 with Z sorts as it reads.
    return expiration > strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time() + LEAST_SECONDS))


def _note(profile_id: str, profile: str, key_id: str) -> None:
    """One line for Activity; never in the way of the answer."""
    try:
        from time import time

        line = flat.encode(
            [
                ("at", round(time())),
                ("program", _parent()),
                ("pid", os.getppid()),
                ("profile", profile),
                ("access_key_id", key_id),
            ]
        )
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        spool = os.open(places.spool(), flags, 0o600)
        try:
            os.write(spool, (line + "\n").encode())
        finally:
            os.close(spool)
    except OSError:
        return


def _parent() -> str:
    """The program that asks, as far as the system tells."""
    try:
        with open(f"/proc/{os.getppid()}/comm", "rb") as file:
            return file.read(64).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _become(command: list[str]) -> int:
    """The full program in our place, by the same interpreter; on Windows as a child."""
    program = os.path.join(places.package(), "__main__.py")
    arguments = [sys.executable, "-I", program, *command]
    if sys.platform == "win32":
        import subprocess

        return subprocess.run(arguments, check=False).returncode
    return os.execv(sys.executable, arguments)  # noqa: S606


def script() -> int:
    """The console script `credguard-credentials --profile P`: P is a profile's id or name."""
    arguments = sys.argv[1:]
    if len(arguments) == 1 and arguments[0].startswith("--profile="):
        arguments = ["--profile", arguments[0].partition("=")[2]]
    if len(arguments) != 2 or arguments[0] != "--profile":
        sys.stderr.write("Usage: credguard-credentials --profile PROFILE\n")
        return 2
    if arguments[1].startswith("p-") and _is_id(arguments[1]):
        return main(arguments[1:])
    return _become(["credential-process", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
