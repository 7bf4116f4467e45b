"""Secret: a value that shows itself only when asked explicitly."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret:
    """Holds a secret text. Prints as `•••• (last 4)`; refuses pickling and formatting its content.

    Python cannot promise to wipe memory; what this type promises is that the value does not slip
    into a log line, a repr, an exception or a JSON document by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Call it at the last moment and keep the result in no field."""
        return self._value

    def __repr__(self) -> str:
        return f"•••• ({self._value[-4:]})" if len(self._value) >= 16 else "••••"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # brings hashlib and OpenSSL, and most secrets are only carried

        mine, theirs = (s._value.encode("utf-8", "surrogatepass") for s in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self
