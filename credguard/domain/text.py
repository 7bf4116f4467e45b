"""Text: a sentence for a person as a translatable template plus its values.

Rules, checks, errors and steps hold Text. A face translates the template and makes the values
harmless for its medium (terminal codes, markup, CSV formulas), in one place per face.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = "str | int | float | Text"


def _as_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Text:
    """A template in `str.format` style with named fields, and the values for them."""

    template: str
    values: tuple[tuple[str, Value], ...] = ()

    def render(
        self,
        translate: Callable[[str], str] = _as_is,
        escape: Callable[[str], str] = _as_is,
    ) -> str:
        """The sentence: `translate` is applied to the template, `escape` to each value."""
        if not self.values:
            return translate(self.template)
        shown = {
            name: value.render(translate, escape) if isinstance(value, Text) else escape(str(value))
            for name, value in self.values
        }
        return translate(self.template).format(**shown)

    def __str__(self) -> str:
        return self.render()

    def to_json(self) -> dict[str, Any]:
        """A plain document; `from_json` is its inverse."""
        return {
            "template": self.template,
            "values": {n: v.to_json() if isinstance(v, Text) else v for n, v in self.values},
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Text:
        """The Text that `to_json` wrote."""
        values = data.get("values", {})
        return Text(
            str(data["template"]),
            tuple((n, Text.from_json(v) if isinstance(v, dict) else v) for n, v in values.items()),
        )


def text(template: str, **values: Value) -> Text:
    """`text("{name} is {days} days old", name=…, days=…)`."""
    return Text(template, tuple(values.items()))


def plural(count: int, one: str, many: str, **values: Value) -> Text:
    """The template for `count`, which is also the value `{count}`."""
    return text(one if count == 1 else many, count=count, **values)


def quoted(name: str) -> str:
    """`name` as one word of a command that a person may copy into a shell: nothing in it is run."""
    if not set(name) & set('"$`\\!'):
        return f'"{name}"'
    import shlex

    return shlex.quote(name)
