"""`rotate --due` and `--resume`: what stands in the way of one key keeps none of the others waiting."""

from __future__ import annotations

from typing import Any

from credguard.catalog.journal import RunRow
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.services import Services
from credguard.workflows.rotation import RotationReport


class _Busy(Services):
    def rotate_resume(self, run: RunRow | str, tell: Any = None) -> RotationReport:
        assert isinstance(run, RunRow)
        if run.run_id == "first":
            raise CredGuardError("busy", text("At work."), text("Later."), kept=text("All is safe."))
        return RotationReport(run.run_id, "done", run.subject, None, (), ())


def test_one_that_is_busy_leaves_the_others_their_turn() -> None:
    runs = tuple(RunRow(name, "rotation", f"AKIA{name}", 0.0) for name in ("first", "second"))
    one, other = _Busy(environ={}).run_due(runs)
    assert one.failure is not None
    assert (one.failure.code, one.old_key, one.state) == ("busy", "AKIAfirst", "planned")
    assert str(one.kept) == "All is safe."
    assert (other.failure, other.state) == (None, "done")
