"""What an account is called, which company it belongs to, and its colour: facts of the person's own."""

from __future__ import annotations

from dataclasses import replace

from credguard.catalog.accounts import Accounts
from credguard.domain.accounts import COLORS, Account
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.vault.store import SecretStore
from credguard.wire import items

LONGEST = 80  # characters of a name


def describe(
    account_id: str,
    *,
    accounts: Accounts,
    store: SecretStore,
    name: str | None = None,
    company: str | None = None,
    color: str | None = None,
) -> Account:
    """Change what is given; the item in the store first, so that a rebuilt catalog knows it too.

    Raises CredGuardError `no-such-name`, `name-taken`, `usage`, and what the store raises.
    """
    known = accounts.get(account_id)
    if known is None:
        raise CredGuardError(
            "no-such-name", text("No account {id}.", id=account_id), text("All of them: credguard accounts")
        )
    wanted = replace(
        known,
        name=known.name if name is None else _clean(name),
        company=known.company if company is None else _clean(company),
        color=known.color if color is None else color,
    )
    if not wanted.name:
        raise _unfit("An account needs a name.")
    if wanted.color not in COLORS:
        raise CredGuardError(
            "usage",
            text("{color} is no colour of ours.", color=wanted.color),
            text("One of: {list}.", list=", ".join(COLORS)),
        )
    folded = wanted.name.casefold()
    twin = next(
        (a for a in accounts.all() if a.account_id != account_id and a.name.casefold() == folded), None
    )
    if twin is not None:
        raise CredGuardError(
            "name-taken",
            text("Account {id} is called {name} already.", id=twin.account_id, name=twin.name),
            text("Choose another name, so that a command means one of them."),
        )
    if wanted != known:
        store.write(
            items.account(account_id),
            items.account_item(account_id, wanted.name, wanted.company, wanted.color),
        )
        accounts.save(wanted)
    return wanted


def _clean(value: str) -> str:
    found = " ".join(value.split())
    if len(found) > LONGEST or not found.isprintable():
        raise _unfit("A name has {n} characters at the most, all of them visible.")
    return found


def _unfit(template: str) -> CredGuardError:
    return CredGuardError("usage", text(template, n=LONGEST), text("Nothing was changed."))
