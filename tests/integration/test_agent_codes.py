"""Codes of a screen through the agent: in one question, never a seed; a long list in parts."""

from __future__ import annotations

import pytest

from credguard.domain import otp
from credguard.domain.errors import CredGuardError, Locked
from credguard.vault.remote import Agent
from credguard.wire import frames
from credguard.workflows.agent_codes import BATCH, AgentCodes
from tests.support.agent import SEED, Desk, Here
from tests.support.agent import desk as desk
from tests.support.agent import here as here
from tests.support.many_codes import item
from tests.support.stores import passphrase


def fill(desk: Desk, count: int, account: str = "maria") -> None:
    vault = desk.reopened()
    with vault._threads, vault._alone():
        made = dict(map(item, range(count)))
        if account != "maria":
            made = {name: value.replace('"maria"', f'"{account}"') for name, value in made.items()}
        vault._change(vault._current(), "codes", {name: (value, 1.0) for name, value in made.items()})
    vault.close()


def test_a_screen_of_codes_is_one_question(here: Here) -> None:
    codes = AgentCodes(here.agent, here.clock)
    found = codes.show_many(["e-1", "gone"])
    assert list(found) == ["e-1"]
    assert found["e-1"].code == codes.show("e-1").code
    assert not found["e-1"].entry.secret
    raw = here.agent.ask("codes-now", ids=["e-1"])
    assert SEED not in str(raw)


def test_a_pause_comes_along_and_can_be_ended(here: Here) -> None:
    codes = AgentCodes(here.agent, here.clock)
    entry = codes.get("e-1")
    for _ in range(2):
        codes.send(entry)
        codes.note_answer(entry, False)
    pause = codes.show_many(["e-1"])["e-1"].pause
    assert pause == otp.Pause(here.clock.now() + 180, "device")
    codes.try_again("e-1")
    assert codes.show("e-1").pause is None


@pytest.mark.parametrize("ids", [None, "e-1", [1], ["x"] * (BATCH + 1)])
def test_a_question_that_is_none_of_ours_is_refused(here: Here, ids: object) -> None:
    with pytest.raises(CredGuardError):
        here.agent.ask("codes-now", ids=ids)
    assert Agent().ask("codes-now", ids=["e-1"])["codes"]


def test_more_than_fits_into_one_answer_comes_in_parts(desk: Desk) -> None:
    fill(desk, 3000, account="é" * 250)
    made = Here()
    try:
        codes = AgentCodes(made.agent, made.clock)
        one = frames.encode(made.agent.ask("codes", deleted=False, at=0))
        assert frames.MOST // 2 < len(one) <= frames.MOST
        assert len(codes.entries()) == 3000
        found = codes.everything()
        assert [e.entry_id for e in found if isinstance(e, otp.OtpEntry)] == [
            f"e-{n:05}" for n in range(3000)
        ]
        assert len(codes.show_many([f"e-{n:05}" for n in range(BATCH + 50)])) == BATCH + 50
    finally:
        made.close()


def test_codes_that_are_locked_while_the_keys_are_open_are_no_empty_list(desk: Desk) -> None:
    desk.settings.set("lock_codes_minutes", 1)
    made = Here()
    try:
        codes = AgentCodes(made.agent, made.clock)
        made.agent.ask("names")
        made.pass_time(40)
        made.agent.ask("get", name="profile/p-work")
        made.pass_time(40)
        assert made.agent.open_parts() == ("keys",)
        for call in (lambda: codes.show_many(["e-1"]), codes.everything):
            with pytest.raises(Locked) as caught:
                call()
            assert caught.value.code == "part-locked"
        made.agent.unlock(passphrase())
        assert list(codes.show_many(["e-1"])) == ["e-1"]
    finally:
        made.close()
