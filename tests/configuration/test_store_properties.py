"""Whatever is done in whatever order: the file is a site, and it is its newest revision."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.configuration import changes
from appliance.configuration.reading import etag_of, read_site
from appliance.configuration.store import ConfigurationStore, Wish
from appliance.errors import Refusal
from appliance.messages.questions import Answer
from tests.configuration.sites import CAMERAS, LINES, NAMES, TEXT

Step = Callable[[ConfigurationStore, Wish], object]
CHANGES = st.one_of(
    st.builds(changes.add_camera, CAMERAS),
    st.builds(changes.replace_camera, NAMES, CAMERAS),
    st.builds(changes.remove_camera, NAMES),
    st.builds(changes.add_line, NAMES, LINES),
    st.builds(changes.remove_line, NAMES, st.sampled_from(["entry", "gate", "0"])),
    st.builds(changes.set_value, st.just("site"), NAMES),
    st.builds(changes.set_value, st.sampled_from(["tracker.lost_s", "slots", "cameras.0.stall_s"]), st.integers(-1, 9)),
    st.builds(changes.remove_value, st.sampled_from(["tracker", "data_dir", "cameras.0.lines", "detector.confidence"])),
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    CHANGES.map(lambda change: lambda store, wish: store.change(change, wish)),
    st.integers(1, 9).map(lambda number: lambda store, wish: store.roll_back(number, wish)),
    st.sampled_from([TEXT, "", "a: [", "cameras: [{name: a, source: b}]\ndetector: {model: m}"]).map(
        lambda text: lambda store, wish: store.put(text, wish)
    ),
)
WISHES = st.sampled_from(
    [Wish(), Wish("anna", ask=lambda request: Answer(True, "")), Wish(ask=lambda request: Answer(False, "no")), Wish(is_dry=True)]
)


@given(st.lists(st.tuples(STEPS, WISHES), max_size=12))
@settings(max_examples=60)
def test_any_changes_leave_a_site_that_is_its_newest_revision(steps: list[tuple[Step, Wish]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "site.yaml"
        path.write_text(TEXT)
        store = ConfigurationStore(path, Path(folder) / "data")
        for step, wish in steps:
            with suppress(Refusal):
                step(store, wish)
            content = path.read_bytes()
            read_site(content, "")
            newest = store.history(1)[0]
            assert newest.etag == etag_of(content)
            assert store.revision(newest.number).content == content
