"""The configuration of a site: one YAML file is the truth, every change of it is whole, recorded, and can be taken back.

A change is judged as a whole, announced to the revisions, written, asked of the running machine, and confirmed; where the
machine refuses, the former file is put back, byte for byte. So file, machine and revisions never differ, whoever is killed
whenever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from appliance.clock import wall_ns
from appliance.config import SiteSettings, home_expanded
from appliance.configuration.changes import Change
from appliance.configuration.difference import in_words, unified
from appliance.configuration.files import SiteFile
from appliance.configuration.reading import SiteText, etag_of, read_site, validated
from appliance.configuration.refusals import Faulty, MachineRefused, Missing, NoAnswer, Stale
from appliance.configuration.revisions import Revision, Revisions, RevisionTexts
from appliance.configuration.rewriting import rewritten
from appliance.errors import Refusal
from appliance.messages.questions import Answer, Request

FILE_NAME = "revisions.sqlite"
BY_HAND = "edited by hand"
FIRST = "as it was found"

Ask = Callable[[Request], Answer | None]
"""Asks the running machine to read its file again, or whether it could, and gives its answer; None where it gives none."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The file at one moment."""

    text: str
    settings: SiteSettings
    etag: str


@dataclass(frozen=True, slots=True)
class Wish:
    """How a change is meant: by whom, for which state of the file, for which machine, and whether only to tell what would be."""

    author: str = ""
    if_match: str | None = None
    """The ETag that the file must have; None takes it as it is."""
    ask: Ask | None = None
    """None where no machine runs."""
    is_dry: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did, or would do."""

    configuration: Configuration
    summary: str
    diff: str
    revision: Revision | None
    """None for a dry run, and where nothing is different."""


class ConfigurationStore:
    """Reads and changes the file at ``path``; several of them, in several processes, may do so at once.

    ``data_dir`` is where the revisions are kept; left out, it is the one that the file names, which must be without faults then.
    """

    def __init__(self, path: Path, data_dir: Path | None = None, now_ns: Callable[[], int] = wall_ns) -> None:
        self._file, self._now_ns = SiteFile(path), now_ns
        self._known: tuple[tuple[str, SiteText], ...] = ()
        self._data_dir = home_expanded(data_dir or self.read().settings.data_dir)

    @property
    def origin(self) -> str:
        """What the file is called in sentences."""
        return f"the configuration {self._file.path}"

    def read(self) -> Configuration:
        """The file as it is now; raises ``Faulty`` where it is none."""
        content = self._file.read()
        site = self._site(content)
        return Configuration(site.text, site.settings, etag_of(content))

    def change(self, change: Change, wish: Wish = Wish()) -> Outcome:  # frozen
        """Change some values; all else in the file stays as it is."""
        with self._alone(wish) as (revisions, former):
            site = self._site(former)
            tree = deepcopy(site.tree)
            change(tree)
            # Before anything is written into the text: only what can stand there is wanted.
            validated(tree, "the change")
            wanted = rewritten(site, tree, self.origin)
            content = wanted.text.encode()
            self._remember(content, wanted)
            return self._become(content, former, revisions, wish)

    def put(self, text: str, wish: Wish = Wish()) -> Outcome:  # frozen
        """Another text in the place of the whole file."""
        with self._alone(wish) as (revisions, former):
            return self._become(text.encode(), former, revisions, wish)

    def roll_back(self, number: int, wish: Wish = Wish()) -> Outcome:  # frozen
        """The text of a revision once more, which is a new revision."""
        with self._alone(wish) as (revisions, former):
            return self._become(_wanted(revisions, number).content, former, revisions, wish, f"back to revision {number}: ")

    def history(self, most: int = 100, before: int | None = None) -> list[Revision]:
        """The newest revisions first; with ``before``, those that are older than that one."""
        with self._alone(Wish(), only_looks=True) as (revisions, _):
            return revisions.listed(most, before)

    def revision(self, number: int) -> RevisionTexts:
        """One revision with its texts; raises ``Missing`` where it is not kept."""
        with self._alone(Wish(), only_looks=True) as (revisions, _):
            return _wanted(revisions, number)

    def heal(self, ask: Ask | None = None) -> None:
        """Bring file, revisions and machine together again, at the start: a writer may have been killed, or a person at work."""
        with self._alone(Wish(ask=ask)):
            pass

    @contextmanager
    def _alone(self, wish: Wish, *, only_looks: bool = False) -> Iterator[tuple[Revisions, bytes]]:
        """Inside, the file is nobody else's, and its newest revision is what is in it, unless that is faulty.

        Who only looks finishes nothing: a change that the machine may not have heard of is for who can ask it.
        """
        with self._file.alone(), Revisions(self._data_dir / FILE_NAME, self._file.target) as revisions:
            is_open = (only_looks or wish.is_dry) and revisions.announced() is not None
            if not is_open:
                self._finish(revisions, wish.ask)
            former = self._file.read()
            if not is_open:
                self._notice(revisions, former)
            if wish.if_match is not None and wish.if_match != etag_of(former):
                raise Stale(f"{self.origin} has been changed meanwhile; read it again, it is {etag_of(former)} now")
            yield revisions, former

    def _finish(self, revisions: Revisions, ask: Ask | None) -> None:
        """End what a writer that was killed has begun."""
        begun = revisions.announced()
        if begun is None:
            return
        number = begun.revision.number
        if etag_of(self._file.read()) == begun.revision.etag:
            try:
                if ask is not None:
                    # Nobody knows whether the machine has been asked.
                    _ask(ask, Request())
            except NoAnswer:
                # It reads the file when it starts.
                revisions.confirm(number)
            except MachineRefused:
                with self._file.replaced(begun.former):
                    revisions.forget(number)
            else:
                revisions.confirm(number)
        else:
            revisions.forget(number)
        self._file.sweep()

    def _notice(self, revisions: Revisions, content: bytes) -> None:
        """Record what somebody else has made of the file; what is faulty is no revision, and stays as the former of the next."""
        newest = revisions.newest()
        if newest is not None and newest.revision.etag == etag_of(content):
            return
        with suppress(Faulty):
            now = self._site(content).settings
            before = content if newest is None else newest.content
            summary = FIRST if newest is None else f"{BY_HAND}: {in_words(self._settings(before), now)}"
            revisions.record(self._new(revisions, "", summary, content), before, content)

    def _become(self, content: bytes, former: bytes, revisions: Revisions, wish: Wish, prefix: str = "") -> Outcome:
        """Write, ask and confirm; or leave everything as it was."""
        site = self._site(content)
        before = self._settings(former)
        summary = f"{prefix}{in_words(before, site.settings)}" if content != former else "nothing is different"
        diff = unified(former.decode("utf-8", "replace"), site.text, "before", "after")
        configuration = Configuration(site.text, site.settings, etag_of(content))
        if content == former:
            return Outcome(configuration, summary, diff, None)
        if wish.is_dry:
            if wish.ask is not None:
                _ask(wish.ask, Request(is_trial=True, text=site.text))
            return Outcome(configuration, summary, diff, None)
        revision = self._new(revisions, wish.author, summary, content)
        revisions.announce(revision, former, content)
        try:
            with self._file.replaced(content):
                if wish.ask is not None:
                    _ask(wish.ask, Request())
        except BaseException as error:
            revisions.forget(revision.number)
            if wish.ask is not None and (isinstance(error, NoAnswer) or not isinstance(error, Refusal)):
                # It may have become what it was asked for, and hears of the former file now.
                with suppress(OSError, Refusal):
                    wish.ask(Request())
            raise
        # The change is in force; where this fails, whoever comes next confirms it.
        with suppress(Refusal):
            revisions.confirm(revision.number)
        return Outcome(configuration, summary, diff, revision)

    def _new(self, revisions: Revisions, author: str, summary: str, content: bytes) -> Revision:
        return Revision(revisions.next_number(), self._now_ns(), author, summary, etag_of(content))

    def _site(self, content: bytes) -> SiteText:
        """What the bytes say; what was read last is not read again."""
        etag = etag_of(content)
        for known, site in self._known:
            if known == etag:
                return site
        site = read_site(content, self.origin)
        self._remember(content, site)
        return site

    def _remember(self, content: bytes, site: SiteText) -> None:
        self._known = (*self._known[-1:], (etag_of(content), site))

    def _settings(self, content: bytes) -> SiteSettings | None:
        try:
            return self._site(content).settings
        except Faulty:
            return None


def _ask(ask: Ask, request: Request) -> None:
    """Have the machine become what its file says, or tell whether it could; raises ``MachineRefused``."""
    answer = ask(request)
    if answer is None:
        raise NoAnswer("the running machine has not answered in time; its configuration stays as it was")
    if not answer.is_done:
        raise MachineRefused(f"the running machine stays as it was: {answer.sentence}")


def _wanted(revisions: Revisions, number: int) -> RevisionTexts:
    found = revisions.at(number)
    if found is None:
        newest = revisions.newest()
        last = 0 if newest is None else newest.revision.number
        raise Missing(f"revision {number} is wanted, but there is none of that number; the newest is {last}", usage=True)
    return found
