"""The window's vault beside its agent: a new one with its recovery code; changes that give it new keys."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Iterator

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.services import Services
from credguard.vault.remote import Agent
from credguard.wire import items, places
from tests.support.agent import KEY, Desk, until_true
from tests.support.agent import desk as desk
from tests.support.stores import PASSPHRASE

Made = Callable[..., Services]


@pytest.fixture
def window(desk: Desk) -> Iterator[Made]:
    with contextlib.ExitStack() as stack:

        def make(keeps: Callable[[Secret], bool] | None = None) -> Services:
            services = Services(
                passphrase=lambda question: PASSPHRASE, starts_agent=True, environ=desk.env, keeps_code=keeps
            )
            stack.callback(services.close)
            return services

        yield make


@pytest.mark.parametrize("kept", [True, False])
def test_a_vault_made_by_its_first_secret_has_the_code_that_was_kept(window: Made, kept: bool) -> None:
    for path in glob.glob(places.vault_file() + "*"):
        os.unlink(path)
    shown: list[Secret] = []

    def keeps(code: Secret) -> bool:
        assert not os.path.exists(places.vault_file()), "asked before anything is made"
        shown.append(code)
        return kept

    services = window(keeps)
    services.store.write(items.profile("p-new"), items.profile_item("p-new", "new", KEY, "482011739056"))
    assert len(shown) == 1
    kinds = sorted(way.slot.type for way in services.vault.state().ways)
    assert kinds == (["passphrase", "recovery"] if kept else ["passphrase"])
    services.lock()
    if kept:
        services.unlock(shown[0])
        assert services.lock_state().open == ("keys", "codes")


def test_a_lock_closes_what_was_opened_beside_the_agent(window: Made) -> None:
    services = window()
    services.credentials("work")
    care = services._far_care
    assert care is not None
    for close in (services.lock, services.close_beside_agent):
        services.vault.open()
        process = care._child._process
        assert process is not None
        assert process.poll() is None
        assert not services._sealed_backend.vault.is_open, "never in the window's own process"
        close()
        assert process.returncode == 0


def test_a_removed_way_ends_the_agent_and_leaves_no_alarm(window: Made) -> None:
    services = window()
    services.credentials("work")
    assert Agent().open_parts() == ("keys", "codes")
    code = services.vault.new_code()
    services.vault.add_recovery(code)
    assert Agent().open_parts() == ("keys", "codes"), "a new way in is no new key"
    removed, ended = services.without_agent(lambda: services.vault.remove(services.vault.find("recovery")))
    assert ended
    assert removed.access_keys == (KEY,)
    until_true(lambda: Agent().open_parts() == ())
    assert services.credentials("work").access_key_id == KEY
    assert Agent().open_parts() == ("keys", "codes")


def test_the_last_way_in_has_to_stay_and_says_why(window: Made) -> None:
    vault = window().vault
    (only,) = vault.state().ways
    assert only.stays is not None
    assert "Nothing else would open" in str(only.stays)
    vault.add_recovery(vault.new_code())
    assert [way.stays for way in vault.state().ways] == [None, None]


def test_what_is_open_is_asked_of_the_agent_and_opened_by_asking(window: Made) -> None:
    services = window()
    assert services.openness().state == "locked"
    assert services.open_by_asking()
    assert services.openness().state == "open"
    assert Agent().open_parts() == ("keys", "codes")
    services.vault.open()  # beside the agent, for its ways in: that gives no program a key
    Agent().lock()
    until_true(lambda: services.openness().state == "locked")
    services.settings.set("codes_store", "keychain")
    assert services.openness().state == "keys-locked"


def test_a_qr_code_opens_the_vault_for_itself_and_closes_it_again(window: Made) -> None:
    """The agent gives no seed, so it is read beside it: nothing of it stays in the window."""
    services = window()
    services.unlock(Secret(PASSPHRASE))
    made = services.code_qr("e-1")
    assert len(made) > 20
    assert len(made) == len(made[0])
    assert not services._sealed_backend.vault.is_open
    assert "_whole" not in services.__dict__
    assert services.codes_now(["e-1"]).keys() == {"e-1"}, "the agent holds the codes as before"
    with pytest.raises(CredGuardError) as caught:
        services.code_qr("gone")
    assert caught.value.code == "no-such-code"
    assert not services._sealed_backend.vault.is_open
