"""Home and `credguard status`: what is urgent, what can wait, the timeline, the next best action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from credguard.domain import move_store
from credguard.domain.accounts import grouped
from credguard.domain.keys import DAY
from credguard.domain.move_store import Move
from credguard.domain.text import Text, plural, quoted, text
from credguard.queries import half_enrolled
from credguard.queries.accounts import AccountRow, account_json
from credguard.queries.half_enrolled import HalfEnrolled
from credguard.queries.plaintext import PlaintextRow, row_json

WaitKind: TypeAlias = Literal["plaintext", "late", "soon", "resume", "import", "move", "mfa", "no-mfa"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that may not wait: root or a leak."""

    kind: Literal["root", "leak"]
    account_id: str
    account: str
    title: Text
    detail: Text


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that can wait, with the one thing to do about it."""

    kind: WaitKind
    account_id: str | None
    title: Text
    detail: Text
    action: Text
    command: str


@dataclass(frozen=True, slots=True)
class Due:
    """One key on the timeline."""

    account_id: str
    name: str
    color: str
    due: float
    late_days: int


@dataclass(frozen=True, slots=True)
class HomeView:
    """What Home draws and `status` prints."""

    accounts: tuple[AccountRow, ...]
    plaintext: tuple[PlaintextRow, ...]
    alarms: tuple[Alarm, ...]
    waiting: tuple[Waiting, ...]
    timeline: tuple[Due, ...]
    score: int | None
    checked_at: float | None
    title: Text
    next_command: str | None


def home(
    rows: tuple[AccountRow, ...],
    plaintext: tuple[PlaintextRow, ...],
    *,
    due_days: int,
    now: float,
    checked_at: float | None = None,
    unfinished_imports: int = 0,
    unfinished_move: Move | None = None,
    unfinished_mfa: tuple[HalfEnrolled, ...] = (),
) -> HomeView:
    """Put the page together from the accounts, the plaintext that was found and what was left unfinished."""
    alarms = tuple(_root_alarm(r) for r in rows if r.is_root)
    begun = _interrupted(unfinished_imports) + _half_moved(unfinished_move) + _half_enrolled(unfinished_mfa)
    waiting = begun + _waiting(rows, plaintext, due_days, now)
    scores = [r.score for r in rows if r.score is not None]
    timeline = tuple(
        sorted(
            (
                Due(
                    r.account.account_id,
                    r.account.name,
                    r.account.color,
                    key.due,
                    max(0, int((now - key.due) // DAY)),
                )
                for r in rows
                if (key := r.current) is not None and key.due is not None and not key.root
            ),
            key=lambda due: due.due,
        )
    )
    return HomeView(
        accounts=rows,
        plaintext=plaintext,
        alarms=alarms,
        waiting=waiting,
        timeline=timeline,
        score=round(sum(scores) / len(scores)) if scores else None,
        checked_at=checked_at,
        title=_title(len(alarms), len(waiting), bool(rows)),
        next_command=_next(alarms, waiting, rows),
    )


def _root_alarm(row: AccountRow) -> Alarm:
    return Alarm(
        "root",
        row.account.account_id,
        row.account.name,
        text("A root key for {account} is on this computer", account=row.account.name),
        text(
            "It can do anything in account {id}, including closing it. MFA does not protect it.",
            id=grouped(row.account.account_id),
        ),
    )


def _interrupted(imports: int) -> tuple[Waiting, ...]:
    if not imports:
        return ()
    return (
        Waiting(
            "import",
            None,
            plural(
                imports,
                "The import of {count} key is not finished",
                "The import of {count} keys is not finished",
            ),
            text("Nothing is lost. It can go on where it stopped."),
            text("Carry on"),
            "credguard import",
        ),
    )


def _half_moved(state: Move | None) -> tuple[Waiting, ...]:
    if state is None:
        return ()
    command = move_store.command(state)
    return (
        Waiting(
            "move",
            None,
            move_store.unfinished(state),
            text("Nothing is lost. In a terminal: {command}", command=command),
            text("Copy command"),
            command,
        ),
    )


def _half_enrolled(runs: tuple[HalfEnrolled, ...]) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(
            "mfa",
            run.account_id,
            run.title,
            text("Your keys work. It can go on where it stopped."),
            text("Carry on"),
            half_enrolled.COMMAND,
        )
        for run in runs
    )


def _waiting(
    rows: tuple[AccountRow, ...], plaintext: tuple[PlaintextRow, ...], due_days: int, now: float
) -> tuple[Waiting, ...]:
    result: list[Waiting] = []
    if plaintext:
        result.append(
            Waiting(
                "plaintext",
                None,
                plural(
                    len(plaintext), "{count} key lies in plaintext here", "{count} keys lie in plaintext here"
                ),
                text("Any program can read it") if len(plaintext) == 1 else text("Any program can read them"),
                text("Move to keychain"),
                "credguard import",
            )
        )
    for row in rows:
        if row.rotating is not None:
            result.append(
                Waiting(
                    "resume",
                    row.account.account_id,
                    text("A rotation of {account} is not finished", account=row.account.name),
                    text("Your key works. It can go on where it stopped."),
                    text("Carry on"),
                    "credguard rotate --resume",
                )
            )
    for row in rows:
        key = row.current
        if row.urgency == "late" and key is not None and row.rotating is None and row.grace is None:
            result.append(
                Waiting(
                    "late",
                    row.account.account_id,
                    text(
                        "{account}’s key is {days} days old",
                        account=row.account.name,
                        days=key.age_days or 0,
                    ),
                    text("Changing it takes a minute"),
                    text("Rotate"),
                    f"credguard rotate {quoted(row.account.name)}",
                )
            )
    for row in rows:
        if row.is_root and not row.mfa:
            continue  # the alarm says it already
    return tuple(result)


def quiet_until(view: HomeView, now: float) -> float | None:
    """When the next key is due, on a day on which nothing is to be done; None where nothing will be."""
    ahead = [due.due for due in view.timeline if due.due > now]
    return min(ahead) if ahead and not view.alarms and not view.waiting else None


def freshness(checked_at: float | None, now: float) -> Text:
    """`checked 8 minutes ago`: how old what AWS said is."""
    if checked_at is None:
        return text("not checked yet")
    minutes = int((now - checked_at) // 60)
    if minutes < 1:
        return text("checked just now")
    if minutes < 60:
        return plural(minutes, "checked {count} minute ago", "checked {count} minutes ago")
    if minutes < 24 * 60:
        return plural(minutes // 60, "checked {count} hour ago", "checked {count} hours ago")
    return plural(minutes // (24 * 60), "checked {count} day ago", "checked {count} days ago")


def _title(alarms: int, waiting: int, any_account: bool) -> Text:
    if not any_account and not waiting:
        return text("No accounts yet")
    urgent = {0: None, 1: text("One urgent thing")}.get(
        alarms, text("{n} urgent things", n=_word(alarms, capital=True))
    )
    if urgent is not None and waiting:
        return text("{urgent}, {n} that can wait", urgent=urgent, n=_word(waiting))
    if urgent is not None:
        return urgent
    if waiting == 1:
        return text("One thing that can wait")
    if waiting:
        return text("{n} things that can wait", n=_word(waiting, capital=True))
    return text("All quiet")


def _word(number: int, capital: bool = False) -> Text:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    if number >= len(words):
        return Text(str(number))
    return Text(words[number].capitalize() if capital else words[number])


def _next(
    alarms: tuple[Alarm, ...], waiting: tuple[Waiting, ...], rows: tuple[AccountRow, ...]
) -> str | None:
    begun = next((w for w in waiting if w.kind in {"import", "move", "mfa", "resume"}), None)
    if begun is not None:
        return begun.command
    if waiting:
        return waiting[0].command
    if alarms:
        return f"credguard whoami {quoted(alarms[0].account)}"
    return None if rows else "credguard import"


def status_json(view: HomeView, iso: Any) -> dict[str, Any]:
    """`credguard status --json`."""
    return {
        "accounts": [account_json(r) for r in view.accounts],
        "plaintext": [row_json(p) for p in view.plaintext],
        "alarms": [
            {"kind": a.kind, "account": a.account, "text": f"{a.title}. {a.detail}"} for a in view.alarms
        ],
        "next": view.next_command,
        "score": view.score,
        "checked_at": iso(view.checked_at),
    }
