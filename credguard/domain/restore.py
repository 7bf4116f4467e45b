"""What a restore does with each item of a backup: pure rules over two sets of items, ours and theirs.

Nothing is ever removed, and nothing that differs is replaced unless a person (or `--keep theirs`) says so.
What one side merely does not know yet is filled in. Applying a merge and merging again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from credguard.domain.secret import Secret
from credguard.domain.text import Text, text

Item: TypeAlias = Mapping[str, object]
Kind: TypeAlias = Literal["key", "account", "code", "profile", "other"]
State: TypeAlias = Literal["new", "same", "filled", "differs"]
Keep: TypeAlias = Literal["mine", "theirs"]

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("access-key/", "key"), ("account/", "account"), ("totp/", "code"), ("profile/", "profile"),
)  # fmt: skip
#: A profile is restored after the key it names, so that no moment has one without the other.
_ORDER: tuple[Kind, ...] = ("key", "account", "code", "profile", "other")
#: Items that belong to one computer or one moment, and are in no backup.
LEFT_OUT = ("session/", "index/", "vault/")
#: The key of the sealed copies in `backups/`: the one that is here goes with the copies that are here.
_OF_THIS_COMPUTER = "file-backup"

#: What has to be equal; other fields are facts that one side may not know yet.
_WEIGHTY: dict[Kind, tuple[str, ...]] = {
    "key": ("secret",),
    "account": ("name", "company", "color"),
    "code": (
        "secret", "type", "algorithm", "digits", "period", "issuer", "account", "name", "serial",
        "account_id", "deleted_at",
    ),
    "profile": ("name", "access_key_id"),
}  # fmt: skip
_FILLED: dict[Kind, tuple[str, ...]] = {
    "key": ("account_id", "arn", "created"),
    "code": ("serial", "account_id"),
    "profile": ("account_id",),
}
_SAME_CODE = ("secret", "type", "algorithm", "digits", "period")
_WORDS = {
    "name": text("name"),
    "company": text("company"),
    "color": text("colour"),
    "type": text("kind"),
    "algorithm": text("algorithm"),
    "digits": text("digits"),
    "period": text("seconds"),
    "issuer": text("issuer"),
    "account": text("user"),
    "serial": text("MFA device"),
    "account_id": text("account"),
    "access_key_id": text("key"),
}


@dataclass(frozen=True, slots=True)
class Held:
    """An item and when it was changed (seconds since 1970; None where the store does not know)."""

    item: Item = field(repr=False)
    changed: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one item. `mine` and `theirs` are what to write when that side is kept; None =
    nothing. `differs` says what differs, never a secret; `newer` = the side that was changed later."""

    name: str
    kind: Kind
    state: State
    label: str
    mine: Item | None = field(default=None, repr=False)
    theirs: Item | None = field(default=None, repr=False)
    differs: tuple[Text, ...] = ()
    newer: Keep | None = None
    twin: str | None = None

    def to_write(self, keep: Keep) -> Item | None:
        return self.mine if keep == "mine" else self.theirs


def kind_of(name: str) -> Kind:
    """What the item called `name` is."""
    return next((kind for start, kind in _KINDS if name.startswith(start)), "other")


def is_kept_in_backups(name: str) -> bool:
    """Sessions, the index and vault notes belong to one computer: they are in no backup."""
    return not name.startswith(LEFT_OUT)


def merge(ours: Mapping[str, Held], theirs: Mapping[str, Held]) -> tuple[Row, ...]:
    """One row for each item of `theirs`, in the order in which they are to be written."""
    names = sorted(filter(is_kept_in_backups, theirs), key=lambda n: (_ORDER.index(kind_of(n)), n))
    return tuple(_row(name, ours, theirs, _portable(name, theirs[name])) for name in names)


def _portable(name: str, held: Held) -> Held:
    """A profile names the session it serves; sessions are not restored."""
    if kind_of(name) == "profile" and held.item.get("session") is not None:
        return Held({**held.item, "session": None}, held.changed)
    return held


def _row(name: str, ours: Mapping[str, Held], theirs: Mapping[str, Held], their: Held) -> Row:
    kind, label = kind_of(name), label_of(name, their.item)
    mine = ours.get(name)
    if mine is None:
        twin = _twin(ours, theirs, their.item) if kind == "code" else None
        if twin is not None:
            return Row(name, kind, "same", label, twin=twin)
        return Row(name, kind, "new", label, their.item, their.item)
    if name == _OF_THIS_COMPUTER or mine.item == their.item:
        return Row(name, kind, "same", label)
    ours_filled, theirs_filled = _filled(kind, mine.item, their.item), _filled(kind, their.item, mine.item)
    weighty = _WEIGHTY.get(kind)
    if weighty is None:
        differing = [] if mine.item == their.item else [text("the content differs")]
    else:
        differing = [
            _sentence(f, mine.item.get(f), their.item.get(f))
            for f in weighty
            if ours_filled.get(f) != theirs_filled.get(f)
        ]
    to_write = None if ours_filled == mine.item else ours_filled
    if not differing:
        return Row(name, kind, "filled" if to_write else "same", label, to_write, to_write)
    return Row(
        name, kind, "differs", label, to_write, theirs_filled, tuple(differing), _newer(mine, their)
    )  # fmt: skip


def _filled(kind: Kind, base: Item, other: Item) -> dict[str, object]:
    """`base` with what it does not know taken from `other`; a counter never goes back."""
    found = dict(base)
    for name in _FILLED.get(kind, ()):
        if found.get(name) is None and other.get(name) is not None:
            found[name] = other[name]
    if kind == "code":
        counters = [c for c in (base.get("counter"), other.get("counter")) if isinstance(c, int)]
        if counters and found.get("counter") != max(counters):
            found["counter"] = max(counters)
    return found


def _newer(mine: Held, their: Held) -> Keep | None:
    if not mine.changed or not their.changed or mine.changed == their.changed:
        return None
    return "mine" if mine.changed > their.changed else "theirs"


def _twin(ours: Mapping[str, Held], theirs: Mapping[str, Held], code: Item) -> str | None:
    """The name of our code that makes the same numbers under another id, and stays."""
    for name, held in ours.items():
        if name.startswith("totp/") and _makes_the_same(held.item, code):
            # Ours may be gone already, or become what theirs of that name is.
            becomes = (held.item, theirs[name].item) if name in theirs else (held.item,)
            stays = all(_makes_the_same(one, code) for one in becomes)
            removed = any(one.get("deleted_at") is not None for one in becomes)
            if stays and (not removed or code.get("deleted_at") is not None):
                return label_of(name, held.item)
    return None


def _makes_the_same(one: Item, other: Item) -> bool:
    return all(one.get(f) == other.get(f) for f in _SAME_CODE)


def _sentence(name: str, mine: object, theirs: object) -> Text:
    if name == "deleted_at":
        if mine is None or theirs is None:
            return text("removed in the backup") if mine is None else text("removed here")
        return text("removed at another time")
    if name == "secret" or isinstance(mine, Secret) or isinstance(theirs, Secret):
        return text("the secret differs")
    return text(
        "{field}: {mine} here, {theirs} in the backup",
        field=_WORDS.get(name, text("{name}", name=name)),
        mine=_shown(mine),
        theirs=_shown(theirs),
    )


def _shown(value: object) -> Text | str:
    if value is None or value == "":
        return text("none")
    return str(value)


def label_of(name: str, item: Item) -> str:
    """What a person calls the item."""
    rest = name.partition("/")[2]
    if kind_of(name) == "key":
        return str(item.get("access_key_id") or rest)
    if kind_of(name) == "other":
        return name
    return str(item.get("name") or rest)
