"""The credential_process line, headings, and the order of the edits."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from credguard.domain.edits import applied
from credguard.domain.errors import CredGuardError
from credguard.profiles.edit import our_profile_id, plan_switch, process_line, rekeyed
from credguard.profiles.ini import parse
from credguard.profiles.read import put_together, read_aws_files
from tests.support.aws_files import KEY, SECRET, profiles_of, resolved, write

WORDS = ["/opt/my tools/python", "/opt/$HOME/`x`/$(y)", "/opt/ümlaut & co/日本", "/opt/%PATH%/~x", "plain"]


def test_the_line_means_the_same_to_shlex_and_to_sh() -> None:
    line = process_line(WORDS, "p-3f9c21")
    assert shlex.split(line) == [*WORDS, "p-3f9c21"]
    shown = subprocess.run(
        ["sh", "-c", f"for word in {line}; do printf '%s\\n' \"$word\"; done"],
        capture_output=True,
        check=True,
    )
    assert shown.stdout.decode().splitlines() == [*WORDS, "p-3f9c21"]


@pytest.mark.parametrize("word", ["/it's", "/a\\b", "/a#b", "/a;b", "", "/a\nb"])
def test_a_path_that_no_quoting_carries_is_refused(word: str) -> None:
    with pytest.raises(CredGuardError) as caught:
        process_line([word], "p-1")
    assert caught.value.code == "helper-path"


def test_windows_takes_neither_space_nor_quote() -> None:
    assert process_line([r"C:\Progra~1\py.exe", "-I"], "p-1", "win32") == r"C:\Progra~1\py.exe -I p-1"
    for word in (r"C:\Program Files\py.exe", '"C:\\x"', "C:\\a&b", "C:\\%x%"):
        with pytest.raises(CredGuardError):
            process_line([word], "p-1", "win32")


def test_an_id_that_is_not_opaque_is_a_defect() -> None:
    with pytest.raises(ValueError, match="profile id"):
        process_line(["x"], "my profile")


def test_the_line_is_there_before_the_plaintext_goes(tmp_path: Path) -> None:
    credentials = f"[p]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n".encode()
    paths = write(tmp_path, None, credentials)
    answer = json.dumps({"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": SECRET})
    (tmp_path / "answer").write_text(answer)
    process = process_line(["/bin/cat"], "answer-file").replace("answer-file", str(tmp_path / "answer"))
    first, second = plan_switch(read_aws_files(*paths), "p", process, KEY)
    assert (first.path, second.path) == paths
    Path(first.path).write_bytes(applied(first, None) or b"")
    assert resolved(*paths, "p") == (KEY, SECRET, "shared-credentials-file")
    Path(second.path).write_bytes(applied(second, credentials) or b"")
    assert resolved(*paths, "p") == (KEY, SECRET, "custom-process")


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("default", b"[default]"),
        ("work", b"[profile work]"),
        ("my client", b"[profile 'my client']"),
        ("b\u00fcro", "[profile b\u00fcro]".encode()),
        ("it's mine", b'[profile "it\'s mine"]'),
    ],
)
def test_headings_are_quoted_as_botocore_reads_them(tmp_path: Path, name: str, heading: bytes) -> None:
    files = put_together(parse("/c", None), parse("/k", None))
    (edit,) = plan_switch(files, name, "/bin/x p-1")
    data = applied(edit, None) or b""
    assert data.splitlines()[0] == heading
    assert profiles_of(*write(tmp_path, data, None)) == {name: {"credential_process": "/bin/x p-1"}}


def test_a_shadowed_line_of_another_program_is_replaced_in_its_place() -> None:
    config = b"[profile p]\n  region = x\n  credential_process = /bin/old\n  output = json\n"
    keys = f"[p]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\ncredential_process=/bin/older\n"
    files = put_together(parse("/c", config), parse("/k", keys.encode()))
    first, second = plan_switch(files, "p", "/bin/new p-1", KEY)
    assert applied(first, config) == config.replace(b"/bin/old", b"/bin/new p-1")
    assert applied(second, keys.encode()) == b"[p]\n"


def test_continued_lines_go_whole_and_comments_between_them_stay() -> None:
    token = "aws_session_token = a\n  b\n# c\n  d\n"
    keys = f"[p]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n{token}x=1\n"
    files = put_together(parse("/c", None), parse("/k", keys.encode()))
    _, second = plan_switch(files, "p", "/bin/new p-1", KEY)
    assert applied(second, keys.encode()) == b"[p]\n# c\nx=1\n"


def test_rekeyed_lines_keep_their_form() -> None:
    lines = (b"  AWS_Access_Key_Id : AKIAOLDOLDOLDEXAMPLE \r\n", b"# c\r\n", b"aws_secret_access_key=old\n")
    assert rekeyed(lines, KEY, SECRET) == (
        b"  AWS_Access_Key_Id : " + KEY.encode() + b" \r\n",
        b"# c\r\n",
        b"aws_secret_access_key=" + SECRET.encode() + b"\n",
    )


def test_nothing_secret_shows_in_a_repr() -> None:
    keys = f"[p]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n".encode()
    files = put_together(parse("/c", None), parse("/k", keys))
    plan = plan_switch(files, "p", "/bin/new p-1", KEY)
    assert SECRET not in repr((files, files.profile("p"), plan))


def test_our_own_lines_are_known() -> None:
    for command in (
        ["/opt/my tools/python", "-I", "-S", "/opt/my tools/credguard/provider/client.py"],
        ["/usr/lib/credguard/credguard-credentials"],
        ["/opt/CredGuard.AppImage", "credential-process", "--profile"],
    ):
        assert our_profile_id(process_line(command, "p-3f9c21")) == "p-3f9c21"
    for other in ("/bin/other p-3f9c21", "aws-vault exec x", "", "/x/credguard/provider/client.py 'a b'"):
        assert our_profile_id(other) is None
