"""What a person means by NAME: an account's name, `account/user`, a profile, a key id or account id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.queries.accounts import AccountRow, KeyRow


@dataclass(frozen=True, slots=True)
class Target:
    """The account, the key that is meant, and the profile if one was named."""

    row: AccountRow
    key: KeyRow | None
    profile_id: str | None = None


def resolve(name: str, rows: tuple[AccountRow, ...]) -> Target:
    """The one thing `name` means; exact before case-blind.

    Raises CredGuardError `no-such-name` (with the nearest name) or `several-fit` (with the list).
    """
    wanted = "".join(name.split()) if name.replace(" ", "").isdigit() else name
    for fold in (_same, str.casefold):
        found = _unique(_matches(wanted, rows, fold))
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            listed = ", ".join(sorted({_label(t) for t in found}))
            raise CredGuardError(
                "several-fit",
                text('"{name}" fits several: {list}.', name=name, list=listed),
                text("Name one of them in full."),
            )
    names = [r.account.name for r in rows] + [p.name for r in rows for k in r.keys for p in k.profiles]
    near = get_close_matches(name.casefold(), [n.casefold() for n in names], 1, 0.6)
    meant = next((n for n in names if near and n.casefold() == near[0]), None)
    raise CredGuardError(
        "no-such-name",
        text('No account "{name}".', name=name),
        text("Did you mean {near}?", near=meant)
        if meant
        else text("All of them: credguard accounts")
        if rows
        else text("No accounts yet. Move keys in with: credguard import"),
    )


def _same(value: str) -> str:
    return value


def _label(target: Target) -> str:
    return target.key.name if target.key else target.row.account.name


def _unique(targets: list[Target]) -> list[Target]:
    seen: dict[tuple[str, str | None], Target] = {}
    for target in targets:
        key = (target.row.account.account_id, target.key.access_key_id if target.key else None)
        seen.setdefault(key, target)
    return list(seen.values())


def _matches(name: str, rows: tuple[AccountRow, ...], fold: Callable[[str], str]) -> list[Target]:
    wanted = fold(name)
    found: list[Target] = []
    for row in rows:
        account = row.account
        if wanted in {fold(account.name), fold(account.account_id), fold(account.alias or account.name)}:
            found.append(Target(row, row.current))
        for key in row.keys:
            if wanted in {fold(key.access_key_id), fold(key.name)} and (fold(key.name) != fold(account.name)):
                found.append(Target(row, key))
            found += [
                Target(row, key, link.profile_id)
                for link in key.profiles
                if wanted in {fold(link.name), fold(link.profile_id)}
            ]
    return found
