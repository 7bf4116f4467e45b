"""The vault under every order of changes, with slots of every kind: each remaining slot opens exactly what it
should, each removed one nothing, through kills, locks and other processes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed import format as layout
from credguard.vault.sealed.body import compartment_of
from credguard.vault.sealed.credentials import Credential, Passphrase
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.vault import SealedVault
from tests.support.stores import CHEAP, passphrase
from tests.support.ways import KINDS, Way, new_way

NAMES = ("access-key/A", "access-key/B", "profile/p", "totp/x", "totp/y")
TICKS = ("keep-previous", "create", "write", "sync", "read-back", "rename", "sync-folder")
PARTS = (("keys", "codes"), ("keys",), ("codes",))


class Killed(BaseException):
    pass


#: What a credential that opens no slot of the vault is told, by its kind.
MISSES = {
    "wrong-passphrase", "wrong-recovery-code", "no-keychain-slot", "key-foreign", "no-such-slot"
}  # fmt: skip


class Vaults(RuleBasedStateMachine):
    ways = Bundle("ways")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = str(Path(self.folder.name) / "vault.cgv")
        self.kill: str | None = None
        self.items: dict[str, set[str | None]] = {}
        self.known: list[Way] = []
        self.removed: list[Way] = []
        self.count = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    def _fault(self, tick: str) -> None:
        if tick == self.kill:
            self.kill = None
            raise Killed

    def _opened(self, way: Way | None = None) -> SealedVault:
        vault = SealedVault(self.path, fault=self._fault)
        vault.unlock((way or self.first).credential)
        return vault

    @initialize()
    def begin(self) -> None:
        self.first = Way(Passphrase(passphrase(), CHEAP), ("keys", "codes"))
        self.vault = SealedVault(self.path, fault=self._fault)
        self.vault.create(passphrase(), CHEAP)
        self.first.slot_id = self.vault.slots()[0].id
        self.known.append(self.first)

    def _do(self, change: object) -> bool:
        """False where it was killed on the way: then the process is gone, and the next one opens anew."""
        try:
            change()  # type: ignore[operator]
        except Killed:
            self.vault = self._opened()
            return False
        except CredGuardError as error:
            if error.code != "vault-rekeyed":
                raise
            self.vault = self._opened()
            change()  # type: ignore[operator]
        return True

    @rule(name=st.sampled_from(NAMES), dies=st.one_of(st.none(), st.sampled_from(TICKS)))
    def store(self, name: str, dies: str | None) -> None:
        self.count += 1
        value, before = str(self.count), self.items.get(name, {None})
        self.kill = dies
        done = self._do(lambda: self.vault.put(name, value))
        self.kill = None
        self.items[name] = {value} if done else {*before, value}

    @rule(name=st.sampled_from(NAMES))
    def forget(self, name: str) -> None:
        self._do(lambda: self.vault.remove(name))
        self.items[name] = {None}

    @rule(target=ways, kind=st.sampled_from(KINDS), parts=st.sampled_from(PARTS),
          dies=st.one_of(st.none(), st.sampled_from(TICKS)))  # fmt: skip
    def add(self, kind: str, parts: tuple[str, ...], dies: str | None) -> Way:
        self.count += 1
        way = new_way(kind, parts)
        self.kill = dies

        def change() -> None:
            changes = SlotChanges(self.vault, way.keychain)
            way.slot_id = changes.add(way.credential, f"way {self.count}", parts).id

        done = self._do(change)
        self.kill = None
        if not done:
            found = [slot for slot in self.vault.slots() if slot.label == f"way {self.count}"]
            way.slot_id = found[0].id if found else ""
            way.there = {bool(found)}
        self.known.append(way)
        return way

    @rule(way=consumes(ways), dies=st.one_of(st.none(), st.sampled_from(TICKS)))
    def remove(self, way: Way, dies: str | None) -> None:
        if way.there == {False}:
            return
        if way.keychain is not None:
            way.keychain.steal()
        self.kill = dies
        self._do(lambda: SlotChanges(self.vault, way.keychain).remove(way.slot_id))
        self.kill = None
        still = way.slot_id in {slot.id for slot in self.vault.slots()}
        way.there = {still}

    @rule()
    def lock_and_open(self) -> None:
        self.vault.close()
        self.vault = self._opened()

    @rule(name=st.sampled_from(NAMES))
    def another_process_writes(self, name: str) -> None:
        self.count += 1
        self._opened().put(name, str(self.count))
        self.items[name] = {str(self.count)}

    @rule(way=ways, name=st.sampled_from(NAMES))
    def another_process_writes_with(self, way: Way, name: str) -> None:
        """It may open a part only: what it does not open it neither writes nor changes."""
        if way.there != {True}:
            return
        self.count += 1
        other, closed = self._opened(way), compartment_of(name) not in way.opens
        code = _code_of(lambda: other.put(name, str(self.count)))
        assert code == ("compartment-locked" if closed else "")
        if not closed:
            self.items[name] = {str(self.count)}

    @rule(way=ways)
    def prove(self, way: Way) -> None:
        if way.there == {True}:
            self._do(lambda: SlotChanges(self.vault).prove(way.slot_id, way.credential))
            found = {slot.id: slot.proved for slot in self.vault.slots()}
            assert found[way.slot_id]

    @rule(known=st.booleans())
    def change_the_first_passphrase(self, known: bool) -> None:
        self.count += 1
        new = Passphrase(Secret(f"first {self.count}"), CHEAP)
        old = Way(self.first.credential, self.first.opens, there={False})
        self._do(lambda: SlotChanges(self.vault).change_passphrase(self.first.slot_id, new, known))
        self.first.credential = new
        self.removed.append(old)

    def _proved(self, way: Way) -> None:
        assert way.bundle is not None
        layout.verify(Path(self.path).read_bytes(), way.bundle.head)

    @invariant()
    def each_way_opens_exactly_what_it_should(self) -> None:
        for way in [*self.known, *self.removed[-2:]]:
            vault = SealedVault(self.path)
            code = _code(vault, way.credential)
            assert code in {"", *MISSES}
            assert (code == "") in way.there
            if code:
                # Its old keys, kept by whoever had it, are nobody's.
                assert way.bundle is None or _code_of(lambda w=way: self._proved(w)) == "vault-changed"  # type: ignore[misc]
                continue
            way.bundle = vault.loaded().bundle
            assert set(vault.opened) == set(way.opens)
            for name, values in self.items.items():
                which = "codes" if name.startswith("totp/") else "keys"
                if which in way.opens:
                    found = vault.get(name)
                    assert found in values
                    values.intersection_update({found})
                else:
                    assert name not in vault.names()


def _code(vault: SealedVault, credential: Credential) -> str:
    return _code_of(lambda: vault.unlock(credential))


def _code_of(call: Callable[[], object]) -> str:
    try:
        call()
    except CredGuardError as error:
        return error.code
    return ""


TestVaults = Vaults.TestCase
TestVaults.settings = settings(
    max_examples=25, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
)
