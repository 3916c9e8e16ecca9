"""Which step may follow on which stage, whatever a policy says. Each function raises StepRefused."""

from __future__ import annotations

from ordain.engine.errors import StepRefused
from ordain.engine.lifecycle.bucket import percent
from ordain.models.limits import LIMITS
from ordain.models.registry.stages import ModelStages, Stage


def check_promotion(stages: ModelStages, version: int, share: int = 0) -> None:
    """A candidate or a shadow becomes live or, with a `share` of 10,000 buckets, partly live; what is partly live may
    have another share, or become live."""
    _refuse_retired(stages, version)
    partly = stages.partly_live
    if stages.stage(version) is Stage.LIVE:
        raise StepRefused(f"`{stages.model}@{version}` is live already", f"see: {_LIST}")
    if partly is not None and partly.version != version:
        raise StepRefused(
            f"`{stages.model}@{partly.version}` scores for {percent(partly.share)} % of the subjects now",
            f"make it live for all, or end that: ordain models rollback {stages.model}",
        )
    if share and stages.live is None:
        raise StepRefused(
            f"no version of the model `{stages.model}` is live, so none would score for the rest",
            f"make it live for all: ordain models promote {stages.model} {version}",
        )
    if partly is not None and partly.share == share:
        raise StepRefused(
            f"`{stages.model}@{version}` scores for {percent(share)} % of the subjects already",
            "name another --share, or none to make it live for all",
        )


def check_shadow(stages: ModelStages, version: int) -> None:
    """A candidate is scored beside the live one."""
    _refuse_retired(stages, version)
    stage = stages.stage(version)
    if stage is Stage.LIVE:
        raise StepRefused(f"`{stages.model}@{version}` is live, so its scores count", "promote another one first")
    if stage is Stage.PARTLY_LIVE:
        what = f"`{stages.model}@{version}` is partly live, so its scores count"
        raise StepRefused(what, f"end that first: ordain models rollback {stages.model}")
    if stage is Stage.SHADOW:
        raise StepRefused(f"`{stages.model}@{version}` is a shadow already", f"see: {_LIST}")
    if len(stages.shadows) >= LIMITS.shadows:
        several = ", ".join(str(each.version) for each in stages.shadows)
        what = f"the model `{stages.model}` has {LIMITS.shadows} shadows, and each is asked at every decision"
        raise StepRefused(f"{what}: versions {several}", f"promote or retire one first: {_LIST}")


def check_rollback(stages: ModelStages) -> int:
    """The version that was live before the one that is; while another one is partly live, the one that is live."""
    if stages.partly_live is not None and stages.live is not None:
        return stages.live.version
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
