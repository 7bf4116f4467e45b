"""The settings file and its table."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.settings import TABLE, Settings, find


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(str(tmp_path / "settings.json"))


def test_defaults_without_a_file(settings: Settings) -> None:
    assert settings.all() == {setting.name: setting.default for setting in TABLE}
    assert not settings.is_set("theme")


def test_every_default_fits_and_every_name_is_there_once() -> None:
    assert len({s.name for s in TABLE}) == len(TABLE)
    for setting in TABLE:
        assert setting.problem(setting.default) is None, setting.name
        assert str(setting.meaning)


def test_set_and_get(settings: Settings) -> None:
    settings.set("grace_days", 14)
    settings.set("store", "sealed")
    settings.set("helper", ["/usr/bin/python3", "-I", "-S", "/opt/with space/client.py"])
    again = Settings(settings.path)
    assert again.get("grace_days") == 14
    assert again.get("store") == "sealed"
    assert again.get("helper") == ("/usr/bin/python3", "-I", "-S", "/opt/with space/client.py")
    assert stat.S_IMODE(Path(settings.path).stat().st_mode) == 0o600
    again.reset("grace_days")
    assert settings.get("grace_days") == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grace_days", 0),
        ("grace_days", 91),
        ("grace_days", True),
        ("grace_days", "7"),
        ("store", "cloud"),
        ("theme", 1),
        ("helper", "python"),
    ],
)
def test_what_does_not_fit_changes_nothing(settings: Settings, name: str, value: object) -> None:
    settings.set("due_days", 30)
    before = Path(settings.path).read_bytes()
    with pytest.raises(CredGuardError) as caught:
        settings.set(name, value)
    assert caught.value.code == "setting-not-possible"
    assert Path(settings.path).read_bytes() == before


def test_what_a_person_types(settings: Settings) -> None:
    settings.change("grace_days", " 14 ")
    settings.change("theme", "dark")
    assert (settings.get("grace_days"), settings.get("theme")) == (14, "dark")
    with pytest.raises(CredGuardError):
        settings.change("grace_days", "soon")
    assert find("grace_days").parse("-3") == -3


def test_settings_of_a_newer_version_are_kept(settings: Settings) -> None:
    Path(settings.path).write_text('{"hologram": {"on": true}, "due_days": 60}')
    settings.set("theme", "dark")
    assert json.loads(Path(settings.path).read_text())["hologram"] == {"on": True}


def test_a_damaged_value_falls_to_its_default_unless_it_pins_a_store(settings: Settings) -> None:
    Path(settings.path).write_text('{"theme": "plaid", "store": "stone"}')
    assert settings.get("theme") == "system"
    with pytest.raises(CredGuardError) as caught:
        settings.get("store")
    assert caught.value.code == "settings-unreadable"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b""])
def test_a_damaged_file_is_a_sentence_and_is_left_alone(settings: Settings, content: bytes) -> None:
    Path(settings.path).write_bytes(content)
    for call in (lambda: settings.get("store"), lambda: settings.set("theme", "dark")):
        with pytest.raises(CredGuardError) as caught:
            call()
        assert caught.value.code == "settings-unreadable"
    assert Path(settings.path).read_bytes() == content


def test_processes_do_not_overwrite_one_another(settings: Settings) -> None:
    code = (
        "import sys\nfrom credguard.settings import Settings\n"
        "s = Settings(sys.argv[1])\n"
        "for n in range(20):\n    s.set(sys.argv[2], int(sys.argv[3]) + n)\n"
    )
    jobs = [("due_days", "30"), ("soon_days", "5"), ("clipboard_seconds", "40")]
    running = [subprocess.Popen([sys.executable, "-c", code, settings.path, *job]) for job in jobs]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert [settings.get(name) for name, _ in jobs] == [49, 24, 59]
