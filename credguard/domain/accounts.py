"""Accounts, identities and ARNs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

IdentityKind: TypeAlias = Literal["root", "user", "assumed-role", "federated"]

#: Given out in this order, so that neighbours stay apart for every kind of colour sight.
COLORS = ("blue", "sky", "teal", "pink", "violet", "orange", "gold", "green")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a key is, as `sts:GetCallerIdentity` tells."""

    arn: str
    account_id: str

    @property
    def kind(self) -> IdentityKind:
        resource = self.arn.split(":", 5)[5] if self.arn.count(":") >= 5 else ""
        if resource == "root":
            return "root"
        if resource.startswith("assumed-role/"):
            return "assumed-role"
        if resource.startswith("federated-user/"):
            return "federated"
        return "user"

    @property
    def is_root(self) -> bool:
        return self.kind == "root"

    @property
    def user_name(self) -> str | None:
        """The IAM user's name without its path, or None for anything that is no user."""
        resource = self.arn.split(":", 5)[5] if self.arn.count(":") >= 5 else ""
        return resource.rsplit("/", 1)[-1] if resource.startswith("user/") else None

    @property
    def partition(self) -> str:
        return self.arn.split(":", 2)[1] if self.arn.startswith("arn:") else "aws"


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS account as this computer knows it."""

    account_id: str
    name: str
    company: str = ""
    color: str = "blue"
    alias: str | None = None
    partition: str = "aws"
    root_mfa: bool | None = None


def grouped(account_id: str) -> str:
    """`1234 5678 9012`: for the eye only; copying gives digits."""
    return " ".join(account_id[i : i + 4] for i in range(0, len(account_id), 4))


def next_color(taken: list[str]) -> str:
    """The first colour nobody has, else the one used least."""
    return min(COLORS, key=lambda color: (taken.count(color), COLORS.index(color)))
