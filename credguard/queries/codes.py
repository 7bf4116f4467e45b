"""What the Codes page draws and `totp` prints. The window keeps codes, never seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from credguard.domain.text import Text


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code entry without its seed. `deleted_at`: removed, kept for 7 days."""

    entry_id: str
    name: str
    user: str
    account_id: str | None = None
    color: str | None = None
    root: bool = False
    type: str = "totp"
    digits: int = 6
    period: int = 30
    counter: int | None = None
    unreadable: Text | None = None
    deleted_at: float | None = None
    serial: str | None = None
    issuer: str = ""
    algorithm: str = "SHA1"

    def to_json(self) -> dict[str, Any]:
        """A row of `credguard totp list --json`."""
        document: dict[str, Any] = {
            "name": self.name,
            "issuer": self.issuer,
            "account": self.user,
            "type": self.type,
            "algorithm": self.algorithm,
            "digits": self.digits,
        }
        if self.type == "hotp":
            document["counter"] = self.counter
        else:
            document["period"] = self.period
        return document


@dataclass(frozen=True, slots=True)
class CodeNow:
    """A code at a moment. `valid_for` is whole seconds; `used`: this step was sent to AWS already."""

    code: str
    valid_for: int
    next_code: str | None
    used: bool
    period: int
