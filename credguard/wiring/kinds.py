"""Small types that the parts of the composition root share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from credguard.domain.accounts import Identity
    from credguard.domain.machine import Step

Ask = Callable[[str], "str | None"]
Tell = Callable[["tuple[Step, ...]"], None]
T = TypeVar("T")


def nobody(*_: Any) -> None:
    """Told of the steps where nobody listens."""


def usual_serial(identity: Identity) -> str:
    """What the console calls a user's first virtual device, where nothing better is known."""
    return f"arn:{identity.partition}:iam::{identity.account_id}:mfa/{identity.user_name}"


@dataclass(frozen=True, slots=True)
class StoreState:
    """The store as a face shows it. `asks`: a passphrase opens it; `fresh`: it has to be made first, with
    a passphrase; `chosen`: something was stored there before."""

    kind: str
    label: str
    asks: bool
    fresh: bool
    chosen: bool
