"""Ways into the vault changed as the window does it: in a child; the window holds no key and no seed."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.services import Services
from credguard.vault.far_care import Child
from credguard.vault.remote import Agent
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.talk import AtHand
from credguard.wire import places
from tests.support import key_program
from tests.support.agent import KEY, ROOT, SEED, Desk, until_true
from tests.support.agent import desk as desk
from tests.support.stores import PASSPHRASE

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


class Window:
    """The window's services, and the person before them."""

    def __init__(self, desk: Desk) -> None:
        self.keys = desk.folder / "keys"
        self.keys.mkdir()
        self.asked: list[str] = []
        self.told: list[str] = []
        self.answer: str | None = PASSPHRASE
        self.pin: str | None = None
        self.cancel = threading.Event()
        self.cancels = False
        self.services = Services(
            passphrase=self._ask,
            starts_agent=True,
            environ=desk.env,
            hands=lambda: AtHand(self._pin, None, self._tell, self.cancel),
            program=key_program.program(self.keys),
        )

    def _ask(self, question: str) -> str | None:
        self.asked.append(question)
        return self.answer

    def _pin(self, left: int | None) -> Secret | None:
        return Secret(self.pin) if self.pin else None

    def _tell(self, event: str) -> None:
        self.told.append(event)
        if event == "touch" and self.cancels:
            self.cancel.set()

    @property
    def child(self) -> Child:
        care = self.services._far_care
        assert care is not None
        return care._child


@pytest.fixture
def window(desk: Desk) -> Iterator[Window]:
    made = Window(desk)
    yield made
    made.services.close()


def test_a_key_comes_and_goes_and_the_vault_is_opened_once(window: Window, desk: Desk) -> None:
    services, care = window.services, window.services.vault
    key_program.plug_in(window.keys, pin="1234")
    key_program.finger(window.keys)
    window.pin = "1234"
    added = care.add_security_key("desk key")
    assert (added.type, added.label, added.opens) == ("fido2", "desk key", ("keys", "codes"))
    assert window.told.count("ended") >= 1
    assert care.rename(added, "home key").label == "home key"
    assert care.prove(added, None).proved is not None  # type: ignore[arg-type] nothing is typed for a key
    assert len(window.asked) == 1
    services.close_beside_agent()
    services.unlock_with("fido2", ask_pin=lambda left: Secret("1234"))
    removed, ended = services.without_agent(lambda: care.remove(added))
    assert ended
    assert removed.access_keys == (KEY,)
    assert removed.codes == ("Northwind",)
    assert [way.slot.type for way in care.state().ways] == ["passphrase"]
    with pytest.raises(CredGuardError):
        services.unlock_with("fido2", ask_pin=lambda left: Secret("1234"))
    assert desk.reopened().get("totp/e-1") is not None


def test_passphrase_and_recovery_code_are_changed(window: Window, desk: Desk) -> None:
    care, code = window.services.vault, generate()
    (slot,) = desk.reopened().slots()
    care.new_recovery(code)
    changed = care.change_passphrase(slot, Secret("six other words EXAMPLE"), True)
    assert changed.id == slot.id
    window.services.close_beside_agent()
    window.services.unlock_with("recovery", code)
    window.services.lock()
    window.services.unlock(Secret("six other words EXAMPLE"))
    assert window.services.code("e-1").code.isdigit()


def test_a_wrong_passphrase_is_asked_again_and_no_answer_is_locked(window: Window) -> None:
    window.answer = "wrong one"
    with pytest.raises(CredGuardError) as caught:
        window.services.vault.open()
    assert caught.value.code == "wrong-passphrase"
    assert len(window.asked) == 3
    window.answer = None
    with pytest.raises(Locked):
        window.services.vault.open()


def test_a_touch_is_called_off_and_the_vault_stays_open_for_the_next_change(window: Window) -> None:
    key_program.plug_in(window.keys)
    window.cancels = True
    with pytest.raises(CredGuardError) as caught:
        window.services.vault.add_security_key("desk key")
    assert caught.value.code == "key-cancelled"
    window.cancels = False
    window.cancel.clear()
    key_program.finger(window.keys)
    assert window.services.vault.add_security_key("desk key").label == "desk key"
    assert len(window.asked) == 1  # the child went on


def test_what_a_person_does_not_type_ends_the_proof(window: Window, desk: Desk) -> None:
    (slot,) = desk.reopened().slots()

    class Nobody:
        def passphrase(self, question: str) -> Secret:
            raise Locked("key-cancelled", text("Called off."), text("Test it whenever you like."))

        def recovery_code(self) -> Secret:
            raise AssertionError

    with pytest.raises(Locked) as caught:
        window.services.vault.prove(slot, Nobody())
    assert caught.value.code == "key-cancelled"


def test_the_child_is_killed_in_the_middle(window: Window) -> None:
    window.services.vault.open()
    process = window.child._process
    assert process is not None

    def kill(event: str) -> None:
        if event == "touch":
            process.send_signal(signal.SIGKILL)

    key_program.plug_in(window.keys)
    window._tell = kill  # type: ignore[method-assign]
    with pytest.raises(CredGuardError) as caught:
        window.services.vault.add_security_key("desk key")
    assert caught.value.code == "care-ended"
    assert [way.slot.type for way in window.services.vault.state().ways] == ["passphrase"]
    key_program.finger(window.keys)
    assert window.services.vault.add_security_key("desk key").label == "desk key"


def test_the_child_ends_with_the_page_and_with_the_window(window: Window, desk: Desk) -> None:
    window.services.vault.open()
    process = window.child._process
    assert process is not None
    window.services.close_beside_agent()
    assert process.returncode == 0
    code = (
        "import os; from credguard.services import Services; from tests.support.stores import PASSPHRASE\n"
        "s = Services(starts_agent=True, passphrase=lambda q: PASSPHRASE); s.vault.open()\n"
        "print(s._far_care._child._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    pid = int(desk.run([sys.executable, "-c", code], {"PYTHONPATH": str(ROOT)}).stdout)
    until_true(lambda: not Path(f"/proc/{pid}").exists() or _is_dead(pid))


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


# ── what is in the window's memory ───────────────────────────────────────────────────────────────
_AS_THE_WINDOW = """
import sys
from credguard.domain.secret import Secret
from credguard.services import Services
from tests.support.stores import PASSPHRASE

s = Services(passphrase=lambda q: PASSPHRASE, starts_agent=True)
{make}
s.unlock(Secret(PASSPHRASE))
print([row.name for row in s.codes()], s.code("e-1").code if s.codes() else "", flush=True)
s.credentials("work") if s.codes() else None
(way,) = s.vault.state().ways
s.vault.rename(way.slot, "mine")
s.vault.change_passphrase(way.slot, Secret(PASSPHRASE), True)
s.close_beside_agent()
{control}
print("done", flush=True)
sys.stdin.readline()
s.close()
"""
_MAKE = """
import glob, os
from credguard.wire import places
for file in glob.glob(places.vault_file() + "*"):
    os.unlink(file)
s.create_vault(Secret(PASSPHRASE))
"""
_CONTROL = """
from credguard.vault.sealed.vault import SealedVault
held = SealedVault(places.vault_file()) if "places" in dir() else None
from credguard.wire import places
held = SealedVault(places.vault_file())
held.open(Secret(PASSPHRASE))
"""


def _memory(pid: int) -> bytes:
    """All that the process may read or write, but what is mapped from files that no one wrote to."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            where, mode = line.split()[:2]
            if "r" not in mode or "w" not in mode:
                continue
            first, last = (int(part, 16) for part in where.split("-"))
            try:
                memory.seek(first)
                found.append(memory.read(last - first))
            except (OSError, ValueError, OverflowError):
                continue
    return b"".join(found)


def _secrets(vault: SealedVault) -> dict[str, bytes]:
    """Every key of the vault, and the seed, as they may lie in a memory."""
    bundle = vault.loaded().bundle
    raw = {"head": bundle.head, **{f"key of {name}": key for name, key in bundle.compartments.items()}}
    found = {"seed": SEED.encode(), "seed as bytes": base64.b32decode(SEED)}
    for name, key in raw.items():
        found |= {name: key, f"{name}, base64": base64.b64encode(key), f"{name}, hex": key.hex().encode()}
    return found


@on_linux
@pytest.mark.parametrize(
    ("make", "control"), [("", ""), (_MAKE, ""), ("", _CONTROL)], ids=["used", "made", "control"]
)
def test_the_window_holds_no_seed_and_no_key_of_the_vault(desk: Desk, make: str, control: str) -> None:
    before = _secrets(desk.reopened()) if not make else {}
    process = subprocess.Popen(
        [sys.executable, "-c", _AS_THE_WINDOW.format(make=make, control=control)],
        env={**desk.env, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        first, last = process.stdout.readline(), process.stdout.readline()
        assert last == "done\n", process.stderr.read()
        assert first.startswith("[]" if make else "['Northwind']")
        memory = _memory(process.pid)
        after = _secrets(desk.reopened())
        assert PASSPHRASE.encode() in memory  # it was typed here: so the search finds what is there
        there = {name for known in (before, after) for name, value in known.items() if value in memory}
        if control:
            assert there >= {"seed", "head", "key of keys", "key of codes"}
        elif make:
            assert there - {"seed", "seed as bytes"} == set()
        else:
            assert there == set()
    finally:
        process.kill()
        process.communicate(timeout=10)
    assert os.path.exists(places.vault_file())
    until_true(lambda: Agent().open_parts() == ())


def test_codes_that_need_a_key_are_opened_by_a_touch_after_the_keys_by_passphrase(window: Window) -> None:
    services, care = window.services, window.services.vault
    key_program.plug_in(window.keys)
    key_program.finger(window.keys)
    care.add_security_key("one")
    care.add_recovery(care.new_code())
    services.without_agent(lambda: care.need_key("codes", True))
    services.close_beside_agent()
    assert care.state().needs_key("codes")
    services.unlock(Secret(PASSPHRASE))
    assert services.openness().state == "codes-locked"
    assert services.credentials("work").access_key_id == KEY
    with pytest.raises(Locked):
        services.code("e-1")
    touched = window.told.count("touch")
    assert services.open_by_asking()
    assert window.told.count("touch") == touched + 1
    assert services.openness().state == "open"
    assert services.code("e-1").code.isdigit()
    window.answer = ""  # nothing typed: the key
    care.need_key("codes", False)
    window.answer = PASSPHRASE
    services.close_beside_agent()
    services.lock()
    services.unlock(Secret(PASSPHRASE))
    assert services.openness().state == "open"
