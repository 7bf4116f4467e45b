"""An AWS file as botocore reads it, and where each line of it belongs.

botocore reads with the standard library's `RawConfigParser`, so values and errors come from that parser;
the lines are then walked by its rules to know which of them belong to which option. Where the two
disagree the file is not edited. Source: botocore `configloader.py`, CPython `configparser.py`.
"""

from __future__ import annotations

import configparser
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from credguard.domain.edits import Lines, split
from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text

_HEADER = configparser.RawConfigParser.SECTCRE
_OPTION = configparser.RawConfigParser.OPTCRE
_NONSPACE = re.compile(r"\S")
_BOM = b"\xef\xbb\xbf"
_LARGEST = 4 << 20  # bytes; a file of credentials is a thousand times smaller


@dataclass(frozen=True, slots=True)
class Option:
    """One `name = value`. `lines` are the indexes (0-based) of the lines it stands on, comments apart."""

    name: str
    value: str = field(repr=False)
    lines: tuple[int, ...]
    indent: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One `[name]`. `line` is the index of its heading; `inherited` came from `[DEFAULT]`."""

    name: str
    line: int
    options: tuple[Option, ...]
    inherited: Mapping[str, str] = field(default_factory=dict, repr=False)

    def option(self, name: str) -> Option | None:
        return next((o for o in self.options if o.name == name), None)

    def values(self) -> dict[str, str]:
        """All values, those of `[DEFAULT]` included, as botocore sees them."""
        return {**self.inherited, **{o.name: o.value for o in self.options}}


@dataclass(frozen=True, slots=True)
class IniFile:
    """A file that was read. `data` is None where there is none."""

    path: str
    data: bytes | None = field(repr=False)
    lines: Lines = field(default=(), repr=False)
    sections: tuple[Section, ...] = ()

    def section(self, name: str) -> Section | None:
        return next((s for s in self.sections if s.name == name), None)


def read_ini(path: str) -> IniFile:
    """The file at `path`; a missing one is empty.

    Raises CredGuardError `aws-file-unreadable` (cannot be opened) or `aws-file-malformed` (the AWS tools
    cannot read it either; the sentence names the line).
    """
    data: bytes | None
    try:
        if stat.S_ISFIFO(os.stat(path).st_mode):
            # Reading would wait for a writer, for ever where there is none, and nothing can be put back.
            raise CredGuardError(
                "aws-file-unreadable",
                text("{path} is a pipe, not a regular file.", path=shown(path)),
                text("Name a file in its place. Nothing was changed."),
            )
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        data = None
    except OSError as error:
        raise CredGuardError(
            "aws-file-unreadable",
            text("{path} cannot be read: {reason}.", path=shown(path), reason=error.strerror or "unknown"),
            text("Check who owns the file, and its mode. Nothing was changed."),
        ) from None
    if data is not None and len(data) > _LARGEST:
        raise malformed(path, None, text("it is larger than any file of credentials"))
    return parse(path, data)


def parse(path: str, data: bytes | None) -> IniFile:
    """`data` read as the file at `path`; raises CredGuardError `aws-file-malformed`."""
    if data is None:
        return IniFile(path, None)
    if data.startswith(_BOM):
        raise malformed(path, 1, text("it begins with a byte order mark, which the AWS tools cannot read"))
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise malformed(path, line, text("the text is not UTF-8")) from None
    values = _parsed(path, content)
    lines = split(data)
    sections = _walk(lines, values)
    return IniFile(path, data, lines, sections)


def _parsed(path: str, content: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        # As an open text file gives lines: universal newlines, nothing else ends a line.
        parser.read_file(re.split(r"(?<=\n)", content.replace("\r\n", "\n").replace("\r", "\n")))
    except configparser.MissingSectionHeaderError as error:
        raise malformed(path, error.lineno, text("it stands before any [section]")) from None
    except configparser.DuplicateSectionError as error:
        why = text("the section [{name}] stands there a second time", name=error.section)
        raise malformed(path, error.lineno, why) from None
    except configparser.DuplicateOptionError as error:
        why = text(
            "{name} stands a second time in [{section}]", name=_plain(error.option), section=error.section
        )
        raise malformed(path, error.lineno, why) from None
    except configparser.ParsingError as error:
        line = error.errors[0][0] if error.errors else None
        raise malformed(path, line, text("it is neither a [section] nor name = value")) from None
    except configparser.Error:
        raise malformed(path, None, text("its form is not known")) from None
    for section in parser.sections():
        for option in parser.options(section):
            value = parser.get(section, option)
            nested = value.splitlines() if value.startswith("\n") else ()
            if any(line.strip() and "=" not in line for line in nested):
                why = text(
                    "the lines under {name} in [{section}] have no =", name=_plain(option), section=section
                )
                raise malformed(path, None, why)
    return parser


def _walk(lines: Lines, values: configparser.RawConfigParser) -> tuple[Section, ...]:
    """Which lines belong to what: the parser's own loop, keeping line numbers."""
    heads: list[tuple[str, int, dict[str, tuple[list[int], str]]]] = []
    current: dict[str, tuple[list[int], str]] | None = None
    option: str | None = None
    level = 0
    for number, raw in enumerate(lines):
        line = raw.decode("utf-8")
        value = line.strip()
        if not value or value[0] in "#;":
            continue
        match = _NONSPACE.search(line)
        indent = match.start() if match else 0
        if current is not None and option and indent > level:
            current[option][0].append(number)
            continue
        level = indent
        header = _HEADER.match(value)
        if header:
            current, option = {}, None
            heads.append((header.group("header"), number, current))
            continue
        found = _OPTION.match(value)
        if current is None or found is None:
            continue
        option = values.optionxform(found.group("option").rstrip())
        current[option] = ([number], line[:indent])
    inherited = {str(k): str(v) for k, v in values.defaults().items()}
    sections = []
    for name, number, options in heads:
        if name == values.default_section:
            continue
        own = tuple(
            Option(key, values.get(name, key), tuple(where), indent)
            for key, (where, indent) in options.items()
        )
        known = {o.name for o in own}
        sections.append(Section(name, number, own, {k: v for k, v in inherited.items() if k not in known}))
    return tuple(sections)


def malformed(path: str, line: int | None, why: Text) -> CredGuardError:
    """The sentence for a file that no AWS tool can read."""
    what = (
        text("{path} cannot be read: {why}.", path=shown(path), why=why)
        if line is None
        else text("{path} cannot be read at line {line}: {why}.", path=shown(path), line=line, why=why)
    )
    return CredGuardError(
        "aws-file-malformed",
        what,
        text("Mend that line: the AWS tools cannot read the file either. Nothing was changed."),
    )


def shown(path: str) -> str:
    """The path as people write it: `~/.aws/credentials`."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if home != "/" and path.startswith(home + os.sep) else path


def _plain(name: str) -> str:
    """An option's name for a sentence; a line that went astray may hold more than a name."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_.-]{0,40}", name) else "an option"
