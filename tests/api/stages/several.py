"""A churn model of several versions, of which each has the trees of the first and a card of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from served import install_models, settings_in

from ordain.api.lifecycle.who import APPROVER, OPERATOR, Person
from ordain.api.settings import Settings
from ordain.api.stages.model_record import stages_on_record
from ordain.api.stages.model_steps import ModelSteps, Taken, model_steps
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.registry.stages import ModelStages, Step

ASHA, BELA = Person("asha", APPROVER), Person("bela", OPERATOR)


def registry_of(settings: Settings) -> Registry:
    return Registry(settings.models, settings.keys)


def add_version(settings: Settings, figures: Mapping[str, float] | None = None, **data: object) -> int:
    """One more version, with other figures, and other `data` of its card."""
    registry = registry_of(settings)
    first = registry.stored("churn", 1)

    def card_of(version: int) -> Card:
        told = tuple(
            replace(each, value=(figures or {}).get(each.name, each.value)) for each in first.card.report.figures
        )
        return first.card.model_copy(
            update={
                "version": version,
                "report": replace(first.card.report, figures=told),
                "data": first.card.data.model_copy(update=data),
            }
        )

    return registry.save("churn", first.files, card_of).version


def figure(settings: Settings, name: str) -> float:
    """Of the first version."""
    return next(each.value for each in registry_of(settings).card("churn", 1).report.figures if each.name == name)


def installed_in(folder: Path, models: Path, live: int | None = None) -> Settings:
    """Settings with the trained model, of which no version is live unless one is named."""
    install_models(models, folder, live)
    return settings_in(folder)


@contextmanager
def steps_in(settings: Settings) -> Iterator[ModelSteps]:
    with model_steps(settings) as steps:
        yield steps


def take(settings: Settings, step: Step, version: int | None, person: Person = ASHA, **more: Any) -> Taken:
    with steps_in(settings) as steps:
        return steps.take(step, "churn", version, person, more.pop("reason", ""), **more)


def stages(settings: Settings) -> ModelStages:
    return stages_on_record(settings).get("churn") or ModelStages("churn")


def live(settings: Settings) -> int | None:
    found = stages(settings).live
    return None if found is None else found.version


def copied(settings: Settings, folder: Path) -> Settings:
    """The same installation in another folder."""
    shutil.copytree(settings.models.parent, folder, dirs_exist_ok=True)
    return settings_in(folder)
