"""The one error type of the project: what happened, what is safe, what to do."""

from __future__ import annotations

from credguard.domain.text import Text


class CredGuardError(Exception):
    """Something a person can understand and act on.

    `code` is in kebab-case and listed in docs/errors.md; `what` says what happened, `next` what to do;
    `kept` says what is safe (filled in by the engine from the machine where an adapter cannot know it);
    `retry` is true where the same call may well succeed a moment later; `detail` is for Activity only
    (AWS's own code and request id), never a secret.
    """

    def __init__(
        self,
        code: str,
        what: Text,
        next: Text,  # noqa: A002 the field's name in the documentation
        kept: Text | None = None,
        retry: bool = False,
        detail: str = "",
    ) -> None:
        super().__init__(str(what))
        self.code = code
        self.what = what
        self.next = next
        self.kept = kept
        self.retry = retry
        self.detail = detail
        self.changed = False  # whether something had changed before it (`Stopped:` instead of `Not changed:`)


class AnswerLost(CredGuardError):
    """The request may have taken effect, but nobody saw the answer. Look before doing it again."""


class Locked(CredGuardError):
    """The store is locked and there is no way to ask (exit code 4)."""


#: The codes that Locked is raised with: what a journal kept of one becomes a Locked again.
LOCKED_CODES = ("store-locked", "vault-locked", "compartment-locked")
