"""What may change while a machine runs."""

from __future__ import annotations

import pytest

from appliance.config import SiteSettings
from appliance.errors import Refusal
from appliance.reloading import refuse_other_changes, with_live_model


def site(model: str, **more: object) -> SiteSettings:
    return SiteSettings.model_validate({"cameras": [], "detector": {"model": model, **more}})


def test_a_file_that_still_names_the_model_before_is_not_held_up() -> None:
    here = site("third")
    for model in ("first", "second", "third"):
        refuse_other_changes(here, with_live_model(site(model), "third", {"first", "second"}))


@pytest.mark.parametrize("wanted", [site("fourth"), site("second", confidence=0.9)])
def test_another_detector_is(wanted: SiteSettings) -> None:
    with pytest.raises(Refusal, match="found another 'detector'"):
        refuse_other_changes(site("third"), with_live_model(wanted, "third", {"first", "second"}))
