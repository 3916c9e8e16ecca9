"""Which step may follow on which stage, whatever a policy says. Each function raises StepRefused."""

from __future__ import annotations

from ordain.engine.errors import StepRefused
from ordain.models.limits import LIMITS
from ordain.models.registry.stages import ModelStages, Stage


def check_promotion(stages: ModelStages, version: int) -> None:
    """A candidate or a shadow becomes live."""
    _refuse_retired(stages, version)
    if stages.stage(version) is Stage.LIVE:
        raise StepRefused(f"`{stages.model}@{version}` is live already", f"see: {_LIST}")


def check_shadow(stages: ModelStages, version: int) -> None:
    """A candidate is scored beside the live one."""
    _refuse_retired(stages, version)
    stage = stages.stage(version)
    if stage is Stage.LIVE:
        raise StepRefused(f"`{stages.model}@{version}` is live, so its scores count", "promote another one first")
    if stage is Stage.SHADOW:
        raise StepRefused(f"`{stages.model}@{version}` is a shadow already", f"see: {_LIST}")
    if len(stages.shadows) >= LIMITS.shadows:
        several = ", ".join(str(each.version) for each in stages.shadows)
        what = f"the model `{stages.model}` has {LIMITS.shadows} shadows, and each is asked at every decision"
        raise StepRefused(f"{what}: versions {several}", f"promote or retire one first: {_LIST}")


def check_rollback(stages: ModelStages) -> int:
    """The version that was live before the one that is."""
    if not stages.earlier:
        live = f"before `{stages.model}@{stages.live.version}`" if stages.live is not None else "before"
        raise StepRefused(
            f"no version of the model `{stages.model}` was live {live}",
            f"to make another one live: ordain models promote {stages.model} VERSION",
        )
    return stages.earlier[-1]


def check_retirement(stages: ModelStages, version: int) -> None:
    """Any version that is not retired."""
    if stages.stage(version) is Stage.RETIRED:
        raise StepRefused(f"`{stages.model}@{version}` is retired already", f"see: {_LIST}")


def _refuse_retired(stages: ModelStages, version: int) -> None:
    if stages.stage(version) is Stage.RETIRED:
        raise StepRefused(
            f"`{stages.model}@{version}` is retired, and never comes back",
            f"the next version may be what it was: ordain train {stages.model}",
        )


_LIST = "ordain models list"
