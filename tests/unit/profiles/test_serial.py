"""One option, `mfa_serial`, put into AWS files as people really have them, and taken out again."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain.edits import applied
from credguard.domain.errors import CredGuardError
from credguard.profiles.ini import parse
from credguard.profiles.read import put_together, read_aws_files
from credguard.profiles.serial import plan_serials

SERIAL = "arn:aws:iam::482011739056:mfa/m.keller-credguard-x2y3"
LINE = f"mfa_serial = {SERIAL}".encode()


def after(config: bytes, wanted: dict[str, str | None], credentials: bytes = b"") -> tuple[bytes, bytes]:
    """Both files as the edits leave them."""
    files = put_together(parse("/c/config", config), parse("/c/credentials", credentials))
    found = {"/c/config": config, "/c/credentials": credentials}
    for edit in plan_serials(files, wanted):
        found[edit.path] = applied(edit, found[edit.path])
    return found["/c/config"], found["/c/credentials"]


def put(config: bytes) -> bytes:
    return after(config, {"work": SERIAL})[0]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(
            b"[profile work]\r\nregion = eu-west-1\r\n",
            b"[profile work]\r\n" + LINE + b"\r\nregion = eu-west-1\r\n",
            id="windows line ends",
        ),
        pytest.param(b"[profile work]", b"[profile work]\n" + LINE + b"\n", id="a header without an end"),
        pytest.param(
            b"[default]\r\nregion = x\r\n[profile work]",
            b"[default]\r\nregion = x\r\n[profile work]\r\n" + LINE + b"\r\n",
            id="windows, a header without an end",
        ),
        pytest.param(
            b"[profile work]\nregion = eu-west-1",
            b"[profile work]\n" + LINE + b"\nregion = eu-west-1",
            id="an option without an end",
        ),
        pytest.param(
            b"# top\n[profile work] ; mine\n\n# region of work\nregion = eu-west-1 ; kept\n# last\n",
            b"# top\n[profile work] ; mine\n\n# region of work\n"
            + LINE
            + b"\nregion = eu-west-1 ; kept\n# last\n",
            id="comments",
        ),
        pytest.param(
            b"[profile work]\n  region = x\n  s3 =\n    max = 1\n",
            b"[profile work]\n  " + LINE + b"\n  region = x\n  s3 =\n    max = 1\n",
            id="indented options and a nested one",
        ),
        pytest.param(
            b"[profile work]\nmfa_serial=old\nregion = x\n",
            b"[profile work]\n" + LINE + b"\nregion = x\n",
            id="another device is named",
        ),
        pytest.param(
            b"[profile work]\n" + LINE + b"\n", b"[profile work]\n" + LINE + b"\n", id="named already"
        ),
    ],
)  # fmt: skip
def test_one_line_is_put_and_nothing_else_moves(before: bytes, expected: bytes) -> None:
    assert put(before) == expected


@pytest.mark.parametrize(
    "config",
    [
        b"[profile work]\r\nregion = eu-west-1\r\n",
        b"# top\n[profile work] ; mine\nregion = eu-west-1 ; kept",
        b"[default]\nregion=x\n\n[profile work]\n  region = x\n  s3 =\n    max = 1\n[profile other]\n",
    ],
)
def test_taking_it_out_leaves_the_file_as_it_was(config: bytes) -> None:
    there = put(config)
    assert LINE in there
    assert after(there, {"work": None})[0] == config


def test_a_doubled_section_is_refused_as_botocore_refuses_it() -> None:
    with pytest.raises(CredGuardError) as caught:
        put(b"[profile work]\nregion = a\n[default]\n[profile work]\noutput = json\n")
    assert caught.value.code == "aws-file-malformed"


def test_of_two_sections_for_one_profile_the_last_counts_and_is_written() -> None:
    doubled = b"[profile work]\nregion = a\n[default]\n[profile  work]\noutput = json\n"
    written = put(doubled)
    assert written == doubled.replace(b"output", LINE + b"\noutput")
    values = {p.name: dict(p.values) for p in put_together(parse("/c", written), parse("/d", b"")).profiles}
    assert values["work"]["mfa_serial"] == SERIAL
    assert after(written, {"work": None})[0] == doubled


def test_where_the_credentials_file_names_a_device_it_is_named_there() -> None:
    config, credentials = after(
        b"[profile work]\nregion = x\n", {"work": SERIAL}, b"[work]\nmfa_serial = old\nregion = y\n"
    )
    assert config == b"[profile work]\nregion = x\n"
    assert credentials == b"[work]\n" + LINE + b"\nregion = y\n"


def test_a_file_that_starts_with_a_byte_order_mark_is_refused_and_kept(tmp_path: Path) -> None:
    """botocore reads no section of it: what we would write, nobody could read."""
    config = tmp_path / "config"
    content = b"\xef\xbb\xbf[profile work]\nregion = x\n"
    config.write_bytes(content)
    with pytest.raises(CredGuardError) as caught:
        plan_serials(read_aws_files(str(config), str(tmp_path / "credentials")), {"work": SERIAL})
    assert caught.value.code == "aws-file-malformed"
    assert config.read_bytes() == content


_LINES = st.sampled_from(
    [
        "[profile work]", "[profile other]", "[default]", "region = x", "  region = y", "output=json",
        "# note", "; note", "", "s3 =", "  max = 1", "mfa_serial = arn:old",
        "   mfa_serial=arn:other", "key = a # b",
    ]
)  # fmt: skip


@given(st.lists(_LINES, max_size=10), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_whatever_the_file_looks_like_other_lines_stay(lines: list[str], end: str, closed: bool) -> None:
    content = (end.join(lines) + (end if closed else "")).encode()
    written, refused = b"", None
    try:
        written = put(content)
    except CredGuardError as error:
        refused = error.code
    if refused is not None:
        assert refused in {"edit-refused", "aws-file-malformed"}
        return
    kept = [line for line in written.splitlines() if b"mfa_serial" not in line]
    assert kept == [line for line in content.splitlines() if b"mfa_serial" not in line]
    if written != content:
        reader = configparser.RawConfigParser(default_section="", strict=False)
        reader.read_string(written.decode())
        assert reader["profile work"]["mfa_serial"] == SERIAL
