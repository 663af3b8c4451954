"""The files of models that count, or have counted: whether they are what they were then."""

from __future__ import annotations

from pathlib import Path

from appliance.errors import Refusal, in_a_sentence
from appliance.models.store import ModelFile, digest_of, find_model
from appliance.swap.journal import Step


def digest_in(found: ModelFile) -> str:
    """The sha256 of a model's file; one with a manifest has been compared with it when it was found."""
    return (found.manifest.sha256 if found.manifest else "") or digest_of(found.path)


def digest_now(model: str, *stores: Path) -> str:
    """The same, of what a name means at this moment; empty where there is none."""
    try:
        return digest_in(find_model(model, *stores))
    except (Refusal, OSError):
        return ""


def as_it_was(before: Step, *stores: Path) -> ModelFile:
    """The file of a model that was kept once; raises ``Refusal`` where it is no more, or another one now."""
    try:
        found = find_model(before.model, *stores)
        digest = digest_in(found)
    except (Refusal, OSError) as error:
        raise Refusal(f"the model {before.model}, which counted before, cannot be brought back: {in_a_sentence(error)}") from None
    if before.digest and digest != before.digest:
        raise Refusal(
            f"the model {before.model}, which counted before, must have the sha256 {before.digest[:12]}… that it had then, found "
            f"{digest[:12]}…; activate it by its name, and it is proved like any other"
        )
    return found
