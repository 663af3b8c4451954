"""What a machine begins with that was cut off: the model that was kept last, unless somebody has changed the file since."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.clock import wall_ns
from appliance.configuration.changes import set_value
from appliance.configuration.reading import etag_of
from appliance.configuration.revisions import Revision, Revisions
from appliance.configuration.store import FILE_NAME as REVISIONS
from appliance.configuration.store import ConfigurationStore
from appliance.swap.booting import kept_at_last
from appliance.swap.journal import Journal, Step
from appliance.swap.saving import Kept

TEXT = "cameras: []\ndetector: {model: first}\ndata_dir: /proc/nowhere\n"


class Site:
    """Its file, and what it remembers of swaps."""

    def __init__(self, folder: Path) -> None:
        self.file, self.data = folder / "site.yaml", folder / "data"
        self.file.write_text(TEXT)
        self.data.mkdir()

    def name(self, model: str) -> None:
        """As somebody does with an editor."""
        self.file.write_text(TEXT.replace("first", model))

    def add(self, *steps: str, swap: int = 1, model: str = "other@2") -> None:
        with Journal(self.data) as journal:
            for step in steps:
                journal.add(Step(swap, wall_ns(), model, step, author="anna", in_file="first" if step == "staged" else ""))

    def steps(self) -> list[tuple[str, str]]:
        with Journal(self.data) as journal:
            return [(step.model, step.step) for step in journal.steps()]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_nothing_was_ever_swapped(site: Site) -> None:
    assert kept_at_last(site.file, site.data) is None
    assert list(site.data.iterdir()) == [], "looking makes no journal"


@pytest.mark.parametrize("reached", ["staged", "accepted", "agrees", "forced", "loaded", "learned", "taken", "switched"])
def test_what_was_cut_off_in_a_step_is_over(site: Site, reached: str) -> None:
    site.add(*dict.fromkeys(("staged", reached)))
    assert kept_at_last(site.file, site.data) is None
    with Journal(site.data) as journal:
        last = journal.steps()[-1]
    assert (last.step, last.author) == ("cut off", "anna")
    assert last.sentence == f"the machine has ended at '{reached}'; first counts"
    # Once.
    assert kept_at_last(site.file, site.data) is None
    assert [step for _, step in site.steps()].count("cut off") == 1


def test_what_was_kept_counts_though_the_file_does_not_name_it(site: Site) -> None:
    site.add("staged", "kept")
    for _ in range(2):
        # As often as the power goes.
        assert kept_at_last(site.file, site.data) == Kept("other@2", "anna", 1, frozenset({"first"}))
    site.name("other@2")
    assert kept_at_last(site.file, site.data) is None
    assert site.steps()[-1] == ("other@2", "written")
    # From now on the file is somebody's own.
    site.name("first")
    assert kept_at_last(site.file, site.data) is None
    assert site.steps()[-1] == ("other@2", "written")


def test_what_was_under_way_after_it_does_not_matter(site: Site) -> None:
    site.add("staged", "kept")
    site.add("staged", "switched", swap=2, model="third")
    kept = kept_at_last(site.file, site.data)
    assert kept is not None
    assert kept.model == "other@2"
    assert site.steps()[2] == ("third", "cut off")


def test_another_model_that_somebody_wrote_counts(site: Site) -> None:
    site.add("staged", "kept")
    site.name("mine")
    assert kept_at_last(site.file, site.data) is None
    assert site.steps()[-1] == ("other@2", "overruled")
    site.name("first")
    assert kept_at_last(site.file, site.data) is None


def test_who_takes_back_what_was_written_by_hand_has_his_way(site: Site) -> None:
    """The power goes after the file was written, and before that is noted."""
    site.add("staged", "kept")
    ConfigurationStore(site.file, site.data).change(set_value("detector.model", "other@2"))
    site.name("first")
    assert kept_at_last(site.file, site.data) is None
    assert site.steps()[-1] == ("other@2", "overruled")


@pytest.mark.parametrize(("is_edited", "is_kept"), [(False, True), (True, False)])
def test_a_writer_that_was_cut_off_tells_by_the_file(site: Site, is_edited: bool, is_kept: bool) -> None:
    site.add("staged", "kept")
    store = ConfigurationStore(site.file, site.data)
    store.heal()
    former = site.file.read_bytes()
    content = former.replace(b"first", b"other@2")
    with Revisions(site.data / REVISIONS, site.file) as revisions:
        revisions.announce(Revision(2, wall_ns(), "anna", "detector.model", etag_of(content)), former, content)
    if is_edited:
        site.file.write_bytes(former + b"slots: 4\n")
    assert (kept_at_last(site.file, site.data) is not None) == is_kept


def test_revisions_that_nobody_can_read_hide_nothing(site: Site) -> None:
    site.add("staged", "kept")
    (site.data / REVISIONS).write_bytes(b"no database, whatever it is called" * 200)
    assert kept_at_last(site.file, site.data) is not None
