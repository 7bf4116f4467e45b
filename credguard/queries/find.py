"""Finding an account or a code by a few letters: what the palette lists. No network."""

from __future__ import annotations

from dataclasses import dataclass

from credguard.queries.accounts import AccountRow
from credguard.queries.codes import CodeRow


@dataclass(frozen=True, slots=True)
class Found:
    """One result. `letters` are the places in `title` that were meant; `entry_id` is None without a code."""

    title: str
    user: str
    color: str
    account: AccountRow | None
    entry_id: str | None
    letters: tuple[int, ...] = ()


def match(wanted: str, title: str) -> tuple[int, ...] | None:
    """Where the letters of `wanted` stand in `title`: they begin words, or follow the letter before.

    `nosa` finds No(rthwind) Sa(ndbox). Spaces in `wanted` and case count for nothing; None = no match.
    """
    letters = "".join(wanted.casefold().split())
    text = title.lower()
    starts = {n for n in range(len(text)) if text[n].isalnum() and (n == 0 or not text[n - 1].isalnum())}

    def walk(at: int, before: int) -> tuple[int, ...] | None:
        if at == len(letters):
            return ()
        places = [before + 1] if before >= 0 else []
        places += [n for n in sorted(starts) if n > before and n not in places]
        for place in places:
            if place < len(text) and text[place] == letters[at]:
                rest = walk(at + 1, place)
                if rest is not None:
                    return (place, *rest)
        return None

    return walk(0, -1)


def find(
    wanted: str, accounts: tuple[AccountRow, ...], codes: tuple[CodeRow, ...], most: int = 6
) -> tuple[Found, ...]:
    """The best results first: by the name, then by account number, user or company; all without `wanted`."""
    own: dict[str, list[CodeRow]] = {}
    for code in codes:
        if code.unreadable is None and code.entry_id:
            own.setdefault(code.account_id or "", []).append(code)
    things: list[Found] = []
    for account in accounts:
        known = account.account
        listed = own.pop(known.account_id, [])
        for code in listed:
            things.append(Found(known.name, code.user, known.color, account, code.entry_id))
        if not listed:
            things.append(Found(known.name, account.user, known.color, account, None))
    for rest in own.values():
        things += [Found(c.title or c.name, c.user, c.color or "", None, c.entry_id) for c in rest]
    ranked: list[tuple[tuple[int, int], Found]] = []
    for number, thing in enumerate(things):
        rank = _rank(wanted.strip(), thing)
        if rank is not None:
            order, letters = rank
            found = Found(thing.title, thing.user, thing.color, thing.account, thing.entry_id, letters)
            ranked.append(((order, number), found))
    return tuple(found for _, found in sorted(ranked, key=lambda pair: pair[0])[:most])


def _rank(wanted: str, thing: Found) -> tuple[int, tuple[int, ...]] | None:
    if not wanted:
        return 0, ()
    letters = match(wanted, thing.title)
    if letters is not None:
        return (0 if letters[0] == 0 else 1), letters
    number = thing.account.account.account_id if thing.account else ""
    company = thing.account.account.company if thing.account else ""
    digits = "".join(wanted.split())
    if digits.isdigit() and number.startswith(digits):
        return 2, ()
    if match(wanted, thing.user) is not None or match(wanted, company) is not None:
        return 3, ()
    return None
