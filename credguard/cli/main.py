"""The command table, and errors → exit codes.

A command is a module `credguard/cli/<name>.py` with `command`, a click command; it is imported only
when it is asked for. No rules here: a command parses, calls one workflow or query, and prints.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from credguard.cli.context import Context

DONE, FAILED, USAGE, WARNING, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 130


#: What was left half done is part of what they print, or what they are there for.
_SAY_SO_THEMSELVES = {"status", "doctor", "settings"}


class Entry(NamedTuple):
    """One line of the table: where the command lives and what it is for."""

    module: str
    help: str
    group: str = ""  # empty: works, but is named in the line of another command


COMMANDS: dict[str, Entry] = {
    "status": Entry("status", "accounts, key ages, alarms and the next thing to do", "Every day"),
    "totp": Entry("totp", "a code; add, list, remove, import, export", "Every day"),
    "whoami": Entry("whoami", "who a key is, and a warning when it is root", "Every day"),
    "exec": Entry("exec_", "run a command with a key, a session or a role; also: env", "Every day"),
    "env": Entry("env", "lines that make a shell use a profile"),
    "import": Entry(
        "import_", "move keys from files to the keychain; undo-import puts them back", "Keys and codes"
    ),
    "undo-import": Entry("undo_import", "put the plaintext back"),
    "rotate": Entry("rotate", "change a key: resumes, and can be undone", "Keys and codes"),
    "mfa": Entry("mfa", "MFA devices: add one and keep its code; list, remove", "Keys and codes"),
    "doctor": Entry("doctor", "why a profile does not work", "When something is wrong"),
    "accounts": Entry("accounts", "also: keys, show; rename gives one a name of yours", "Understand"),
    "keys": Entry("keys", "every key: age, profiles, where it is stored"),
    "show": Entry("show", "all about one account"),
    "rename": Entry("rename", "what an account is called here, and its company"),
    "activity": Entry("activity", "which program used which key when", "Understand"),
    "backup": Entry("backup", "everything in one encrypted file; restore brings it back", "CredGuard itself"),
    "restore": Entry("restore", "bring back what a backup holds; nothing is deleted"),
    "lock": Entry("lock", "lock now; also: unlock, agent", "CredGuard itself"),
    "unlock": Entry("unlock", "open the sealed vault until it locks"),
    "agent": Entry("agent", "hold the sealed vault open for programs, in the foreground"),
    "export": Entry("export", "everything for KeePassXC, or in plaintext"),
    "settings": Entry("settings", "see and change what CredGuard does", "CredGuard itself"),
    "vault": Entry("vault", "ways into the sealed vault: keys, recovery code", "CredGuard itself"),
    "uninstall": Entry("uninstall", "put everything back and take CredGuard out", "CredGuard itself"),
    "remove": Entry("remove", "take a key or a code out of CredGuard"),
    "demo": Entry(
        "demo", "the same with invented companies, nothing of yours is touched", "CredGuard itself"
    ),
    "read-codes": Entry("read_codes", "what an import of codes starts"),
    "credential-process": Entry("credential_process", "what the SDKs run"),
}


def help_text() -> str:
    """`credguard --help`: grouped by what a person wants, one line a command."""
    lines = [
        "Keeps AWS keys out of plaintext, makes codes, changes keys without fear.",
        "Usage: credguard [--demo] [COMMAND]      without one: opens the window",
    ]
    groups: dict[str, list[str]] = {}
    for name, entry in COMMANDS.items():
        if entry.group:
            groups.setdefault(entry.group, []).append(f"  {name:<13}{entry.help}")
    for group, members in groups.items():
        lines += ["", group, *members]
    lines += [
        "",
        "Exit: 0 done, 1 failed, 2 usage, 3 a warning stands, 4 locked",
        "More: credguard rotate --help",
    ]
    return "\n".join(lines)


def nearest(word: str, names: list[str]) -> str | None:
    """The name a person most likely meant."""
    import difflib

    found = difflib.get_close_matches(word.lower(), [n.lower() for n in names], 1, 0.6)
    return next((n for n in names if n.lower() == found[0]), None) if found else None


def main(argv: list[str]) -> int:
    """Run one command line; never a traceback for something a person can cause."""
    try:
        code = _main(argv)
        sys.stdout.flush()  # what cannot be written is found out here, not at exit
        return code
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _say_refused(error)
        _silence()
        return FAILED


def _main(argv: list[str]) -> int:
    arguments = list(argv)
    demo = False
    while arguments and arguments[0] in {"--demo", "--version", "--help", "-h"}:
        flag = arguments.pop(0)
        if flag == "--demo":
            demo = True
        elif flag == "--version":
            from credguard.cli.version import version

            print(f"credguard {version()}")
            return DONE
        else:
            print(help_text())
            return DONE
    if not arguments:
        return _open_window(demo)
    name = arguments.pop(0)
    entry = COMMANDS.get(name)
    if entry is None:
        near = nearest(name, list(COMMANDS))
        hint = f"Did you mean: credguard {near}" if near else "All commands: credguard --help"
        from credguard.cli.output import harmless

        print(f'No command "{harmless(name)}".\n{hint}', file=sys.stderr)
        return USAGE
    return _run(name, entry, arguments, demo)


def _open_window(demo: bool) -> int:
    from credguard.cli.display import has_display

    if has_display():
        gui = importlib.import_module("credguard.gui.app")
        return int(gui.main(["--demo"] if demo else []))
    return _run("status", COMMANDS["status"], [], demo)


def _run(name: str, entry: Entry, arguments: list[str], demo: bool) -> int:
    import click

    from credguard.cli.context import Context
    from credguard.domain.errors import CredGuardError, Locked

    context = Context(demo=demo)
    try:
        command = importlib.import_module(f"credguard.cli.{entry.module}").command
        result = command.main(
            args=arguments, prog_name=f"credguard {name}", standalone_mode=False, obj=context
        )
        code = int(result) if isinstance(result, int) else DONE
        if name == "credential-process":
            return code
        if name not in _SAY_SO_THEMSELVES:
            _half_moved(context)
        return _warned(context, code)
    except click.exceptions.Abort:
        return _interrupted()
    except KeyboardInterrupt:
        return _interrupted()
    except click.ClickException as error:
        error.show(file=sys.stderr)
        return USAGE
    except click.exceptions.Exit as error:
        return error.exit_code
    except Locked as error:
        return _show(error, LOCKED, one_line=name == "credential-process")
    except CredGuardError as error:
        code = USAGE if error.code in {"no-such-name", "several-fit", "usage"} else FAILED
        return _show(error, code, one_line=name == "credential-process")
    finally:
        context.close()


def _half_moved(context: Context) -> None:
    """A move between the stores that was cut off: said by every command that looked into the catalog."""
    state = context.unfinished_move()
    if state is None:
        return
    from credguard.domain import move_store

    output = context.output()
    said, kept = output.words(move_store.unfinished(state)), output.words(move_store.kept(state))
    output.note(f"{output.paint('!', 'yellow', err=True)} {said}. {kept}")
    output.note(f"  To go on: {move_store.command(state)}")


def _warned(context: Context, code: int) -> int:
    """What the stores say of themselves, on stderr; it counts where nothing else says otherwise."""
    warnings = context.warnings()
    if warnings:
        output = context.output()
        for warning in warnings:
            output.note(f"{output.paint('!', 'yellow', err=True)} {output.words(warning)}")
        output.note("  If you know why: credguard vault accept")
    return WARNING if warnings and code == DONE else code


def _show(error: object, code: int, one_line: bool) -> int:
    from credguard.cli.problems import show

    show(error, one_line=one_line)
    return code


def _interrupted() -> int:
    print(
        "\nStopped. Nothing is lost: what was begun is noted, and the next run goes on from there.",
        file=sys.stderr,
    )
    return INTERRUPTED


def _say_refused(error: OSError) -> None:
    """A full disk behind stdout, above all; our own files have sentences of their own."""
    import contextlib

    from credguard.cli.output import harmless

    where = f" ({harmless(str(error.filename))})" if error.filename else ""
    with contextlib.suppress(OSError):
        print(
            f"Stopped: the system refused to read or write{where}: {error.strerror or 'unknown reason'}.\n"
            "Safe:    what was begun is noted, and the next run goes on from there.\n"
            "To do:   see to the disk, or to where the output goes, then do the same again.",
            file=sys.stderr,
        )


def _silence() -> None:
    """Nobody reads a stream any more, or it takes nothing: say nothing more there, not even at exit."""
    import os

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def entry_point() -> NoReturn:
    sys.exit(main(sys.argv[1:]))
