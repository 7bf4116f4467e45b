"""Reading and editing AWS files, held against botocore over files of every style."""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credguard.domain.edits import applied, from_json, reverted, split, to_json
from credguard.domain.errors import CredGuardError
from credguard.profiles.edit import plan_switch, process_line
from credguard.profiles.ini import parse
from credguard.profiles.read import PROCESS, importable, put_together, read_aws_files, section_of
from tests.support.aws_files import key_id, profiles_of, secret, write

PROCESS_LINE = process_line(["/opt/my tools/python", "-I", "-S", "/opt/client.py"], "p-3f9c21")
NAMES = [
    "default",
    "work",
    "my client",
    "büro",
    "日本",
    "it's",
    'say "hi"',
    "a.b-c_d",
    "x/y",
    "back\\slash",
    "p#1",
]
OTHER = [
    "region = eu-central-1",
    "output=json",
    "mfa_serial: arn:aws:iam::123456789012:mfa/me",
    "s3 =\n  a = b",
]
NOISE = ["", "# a comment", "; another", "   ", "\t# indented comment"]


@st.composite
def _section(draw: st.DrawFn, heading: str, number: int | None, config: bool) -> list[str]:
    sep = draw(st.sampled_from(["=", " = ", ":", " :  ", "= "]))
    indent = draw(st.sampled_from(["", "", "", "  ", "\t"]))
    case = draw(st.sampled_from([str, str.upper, str.title]))
    options: list[str] = []
    if number is not None:
        options += [
            f"{case('aws_access_key_id')}{sep}{key_id(number)}",
            f"{case('aws_secret_access_key')}{sep}{secret(number)}",
        ]
        if draw(st.booleans()):
            options.append(f"aws_session_token{sep}stale-EXAMPLE")
    if config and draw(st.integers(0, 5)) == 0:
        options.append("credential_process = /bin/old one")
    options += draw(st.lists(st.sampled_from(OTHER), unique=True, max_size=3))
    options = draw(st.permutations(options))
    lines = [f"[{heading}]"]
    for option in options:
        lines += draw(st.lists(st.sampled_from(NOISE), max_size=1))
        lines += [indent + part for part in option.split("\n")]
    return lines + draw(st.lists(st.sampled_from(NOISE), max_size=2))


@st.composite
def aws_files(draw: st.DrawFn) -> tuple[bytes, bytes, list[str]]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=5))
    config: list[str] = draw(st.lists(st.sampled_from(NOISE), max_size=2))
    credentials: list[str] = draw(st.lists(st.sampled_from(NOISE), max_size=2))
    for number, name in enumerate(names):
        where = draw(st.sampled_from(["credentials", "config", "both", "none"]))
        if where in ("credentials", "both"):
            credentials += draw(_section(name, number, config=False))
        if where in ("config", "both", "none") or draw(st.booleans()):
            held = number if where == "config" else None
            config += draw(_section(section_of(name), held, config=True))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    last = draw(st.sampled_from(["", end]))
    return (end.join(config) + last).encode(), (end.join(credentials) + last).encode(), names


@settings(max_examples=150, deadline=None)
@given(aws_files())
def test_an_edit_changes_one_profile_and_can_be_taken_back(case: tuple[bytes, bytes, list[str]]) -> None:
    config, credentials, names = case
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), config, credentials)
        files = read_aws_files(*paths)
        before = profiles_of(*paths)
        assert {p.name for p in files.profiles} == set(before)
        for profile in files.profiles:
            assert profile.access_key_id == before[profile.name].get("aws_access_key_id")
            assert profile.region == before[profile.name].get("region")
        for name in names:
            profile = files.profile(name)
            if profile is None or importable(profile) is not None:
                continue
            plan = plan_switch(files, name, PROCESS_LINE, profile.access_key_id)
            data = {files.config.path: config, files.credentials.path: credentials}
            after = {edit.path: applied(edit, data[edit.path]) or b"" for edit in plan}
            assert [from_json(to_json(edit)) for edit in plan] == list(plan)
            for path, new in after.items():
                Path(path).write_bytes(new)
                _only_whole_lines_differ(data[path], new)
            now = profiles_of(*paths)
            assert now[name][PROCESS] == PROCESS_LINE
            assert not [option for option in now[name] if option.startswith("aws_")]
            for other in set(before) | set(now):
                if other != name:
                    assert now[other] == before[other]
            for edit in plan:
                assert reverted(edit, data[edit.path], after[edit.path]) == data[edit.path]
                Path(edit.path).write_bytes(data[edit.path])


@settings(max_examples=150, deadline=None)
@given(aws_files(), st.sampled_from(["front", "back", "under", "other-section"]), st.booleans())
def test_later_changes_stay_when_an_edit_is_taken_back(
    case: tuple[bytes, bytes, list[str]], how: str, twice: bool
) -> None:
    config, credentials, names = case
    files = put_together(parse("/c", config), parse("/k", credentials))
    for name in names:
        profile = files.profile(name)
        if profile is None or importable(profile) is not None:
            continue
        plan = plan_switch(files, name, PROCESS_LINE, profile.access_key_id)
        data = {"/c": config, "/k": credentials}
        changed = {}
        for edit in plan:
            new = applied(edit, data[edit.path]) or b""
            changed[edit.path] = _edited_by_a_person(new, how)
        present = {**data, **changed}
        there = put_together(parse("/c", present["/c"]), parse("/k", present["/k"]))
        for edit in reversed(plan):
            back = reverted(edit, data[edit.path], present[edit.path])
            if twice:
                back = reverted(edit, data[edit.path], back)
            present[edit.path] = back or b""
        end = put_together(parse("/c", present["/c"]), parse("/k", present["/k"]))
        mine = end.profile(name)
        assert mine is not None
        assert mine.access_key_id == profile.access_key_id
        assert mine.secret == profile.secret
        assert mine.credential_process in (None, "/bin/old one")
        for found in there.profiles:
            if found.name != name:
                kept = end.profile(found.name)
                assert kept is not None
                assert kept.values == found.values


def _only_whole_lines_differ(old: bytes, new: bytes) -> None:
    """Every line that stays is the same bytes, in the same order; only ours and those of keys differ."""
    known = (b"aws_access_key_id", b"aws_secret_access_key", b"aws_session_token", b"credential_process")
    end = b"\r\n" if b"\r\n" in new else b"\n"
    if old and not old.endswith(b"\n") and not new.endswith(old.rsplit(b"\n", 1)[-1]):
        old += end  # a last line without an end gets one when another follows
    for line in difflib.ndiff([repr(x) for x in split(old)], [repr(x) for x in split(new)]):
        body = line[4:].strip("'\"").replace("\\t", "").strip().lower().encode()
        if line.startswith("- "):
            assert body.startswith(known)
        elif line.startswith("+ "):
            assert body.startswith((b"credential_process", b"[", b"\\n", b"\\r\\n"))


def _edited_by_a_person(data: bytes, how: str) -> bytes:
    if how == "front":
        return b"# seen\n" + data
    end = b"" if data.endswith(b"\n") or not data else b"\n"
    if how == "back":
        return data + end + b"# the end\n"
    if how == "under":
        return data.replace(b"]\n", b"]\n# under it\n", 1)
    return data + end + b"[profile later]\nregion = eu-west-1\n"


@given(st.text(min_size=1, max_size=20).filter(lambda t: not set(t) & set("\r\n\x00") and "]" not in t))
def test_any_profile_name_has_a_heading_that_reads_back(name: str) -> None:
    data = f"[{section_of(name)}]\nregion = x\n".encode("utf-8", "replace")
    try:
        found = put_together(parse("/c", data), parse("/k", None)).profile(name)
    except CredGuardError:
        return
    # Names that no heading can carry are refused by the plan, which reads what it would write.
    if found is None:
        files = put_together(parse("/c", None), parse("/k", None))
        with pytest.raises(CredGuardError, match=r"."):
            plan_switch(files, name, PROCESS_LINE)
