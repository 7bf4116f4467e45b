"""Arbitrary bytes where AWS files and CSVs are expected: read exactly as botocore does, or one sentence."""

from __future__ import annotations

import tempfile
from pathlib import Path

from botocore.exceptions import ConfigParseError
from hypothesis import given, settings
from hypothesis import strategies as st

from credguard.domain.edits import split
from credguard.domain.errors import CredGuardError
from credguard.exchange.console_csv import ConsoleCsv, parse_csv, removal
from credguard.profiles.ini import IniFile, parse
from credguard.profiles.read import put_together
from tests.support.aws_files import profiles_of, write

PIECES = [
    "[a]", "[profile a]", "[default]", "[DEFAULT]", "[profile 'x y']", "[", "]", "a", "b = 1", "b=1", "c: 2",
    "aws_access_key_id = AKIAZQ4NORTHWEXAMPLE", "  indented = 3", "\tmore", "# note", "; note", "", " ", "=",
    "\u2028", "\x0c", "\x85x = 1", "s3 =", "  k = v", "é = ü", "x = y # z", "[profile a] # c",
]  # fmt: skip
ENDS = ["\n", "\r\n", "\r"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(ENDS)), max_size=12))
def test_both_files_are_read_as_botocore_reads_them(pieces: list[tuple[str, str]]) -> None:
    data = "".join(text + end for text, end in pieces).encode()
    with tempfile.TemporaryDirectory() as folder:
        for config, credentials in ((data, None), (None, data)):
            paths = write(Path(folder) / ("c" if config else "k"), config, credentials)
            try:
                expected = profiles_of(*paths)
            except ConfigParseError:
                expected = None
            try:
                files = put_together(parse(paths[0], config), parse(paths[1], credentials))
            except CredGuardError as error:
                assert (error.code, expected) == ("aws-file-malformed", None)  # noqa: PT017 both outcomes are right
                continue
            assert expected is not None
            found = {p.name: {k: v for k, v in p.values.items() if "\n" not in v} for p in files.profiles}
            flat = {
                n: {k: v for k, v in values.items() if isinstance(v, str) and "\n" not in v}
                for n, values in expected.items()
            }
            assert found == flat
            _lines_say_what_the_values_say(files.config if config else files.credentials)


def _lines_say_what_the_values_say(ini: IniFile) -> None:
    for section in ini.sections:
        assert section.name in ini.lines[section.line].decode()
        for option in section.options:
            first = ini.lines[option.lines[0]].decode()
            assert option.name in first.casefold()
            assert "".join(option.value.split()) in "".join(
                "".join(ini.lines[n].decode().split()) for n in option.lines
            )


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(alphabet='Access key ID,Secret\n\r"=AKIAZQ4', max_size=120).map(str.encode)
)
def test_any_bytes_as_csv_give_keys_or_one_sentence(data: bytes) -> None:
    try:
        found = parse_csv("/downloads/x.csv", data)
    except CredGuardError as error:
        assert error.code in ("csv-wrong", "csv-secret")  # noqa: PT017 both outcomes are right
    else:
        assert isinstance(found, ConsoleCsv)
        assert found.keys


@given(st.sampled_from(ENDS[:2]), st.booleans(), st.booleans(), st.permutations(range(5)))
def test_columns_in_any_order_case_and_quoting(end: str, bom: bool, quoted: bool, order: list[int]) -> None:
    head = ["User name", "Password", "ACCESS KEY ID", "Secret Access Key", "Console login link"]
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    row = ["alice", 'p,"w', "AKIAZQ4NORTHWEXAMPLE", secret, "https://123456789012.signin.aws.amazon.com"]

    def line(cells: list[str]) -> str:
        shown = [
            '"' + c.replace('"', '""') + '"' if quoted or set(c) & set(',"') else c
            for c in (cells[n] for n in order)
        ]
        return ",".join(shown)

    data = (("\ufeff" if bom else "") + line(head) + end + line(row) + end).encode()
    found = parse_csv("/downloads/credentials.csv", data)
    assert [(k.access_key_id, k.secret.reveal(), k.user) for k in found.keys] == [(row[2], secret, "alice")]
    assert found.has_password
    edit = removal(found, data)
    assert not edit.deletes
    (hunk,) = edit.hunks
    assert secret.encode() not in hunk.added[0]
    assert hunk.removed[0] == split(data)[1]
