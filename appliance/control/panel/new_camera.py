"""A camera that somebody wants to add: what was filled in, where it cannot be, and its way into the site's file."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from itertools import count

from pydantic import ValidationError

from appliance.config import CameraSettings, Pace
from appliance.configuration.changes import add_camera
from appliance.configuration.refusals import Faulty, Taken
from appliance.control.door import Caller
from appliance.control.house import House
from appliance.control.reach import OutOfReach, within_reach
from appliance.control.routes.configuration import store_of, told, wish_of
from appliance.decode.source import is_file
from appliance.errors import Refusal
from appliance.login import forget_login, keep_login, login_from

NAME, SOURCE, USER, PASSWORD = "name", "source", "user", "password"
SECRETS = "secrets"
# What every decoder says of a camera that wants to know who calls.
LOCKED = "a login is wanted"


class AtField(Refusal):
    """What stands in this field cannot be."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence, usage=True)
        self.field = field


@dataclass(frozen=True, slots=True)
class NewCamera:
    """As it was filled in."""

    name: str
    source: str
    user: str = ""
    password: str = ""

    @property
    def login(self) -> str | None:
        """``user:password``; None where it has none. Raises ``AtField``."""
        try:
            return login_from(self.user, self.password) or None
        except Refusal as refusal:
            raise AtField(USER, refusal.sentence) from None

    def settings(self) -> CameraSettings:
        """Raises ``AtField`` for what cannot be a camera."""
        if not self.source:
            raise AtField(SOURCE, "an address, a file or the number of a webcam is wanted")
        if self.login and "://" not in self.source:
            raise AtField(USER, "only a camera with an address has a login")
        # A file is shown as a camera would have filmed it, not as fast as it goes.
        pace = Pace.PLAYED if is_file(self.source) else Pace.AUTO
        try:
            return CameraSettings(name=self.name, source=self.source, pace=pace)
        except ValidationError as error:
            first = error.errors()[0]
            field = NAME if NAME in first["loc"] else SOURCE
            raise AtField(field, first["msg"].removeprefix("Value error, ")) from None

    def save(self, house: House, caller: Caller) -> None:
        """Have the machine watch it; raises ``Refusal`` and leaves everything as it was where it does not. May take seconds."""
        settings, login = self.settings(), self.login
        item = settings.model_dump(mode="json", include={NAME, SOURCE})
        if settings.pace is not Pace.AUTO:
            item["pace"] = settings.pace.value
        if login:
            item["login"] = keep_login(house.ledger.parent / SECRETS, self.name, login)
        try:
            allowed = within_reach(caller.role, add_camera(item), item.get("login", ""))
            told(caller, f"camera {self.name}", store_of(house).change(allowed, wish_of(house, caller, "*", False)))
        except BaseException as error:
            if login:
                forget_login(item["login"])
            if isinstance(error, Taken):
                raise AtField(NAME, f"there is a camera '{self.name}' already") from None
            if isinstance(error, (Faulty, OutOfReach)):
                raise AtField(SOURCE, error.sentence) from None
            raise


def field_of(sentence: str) -> str:
    """Where a sentence about what a camera shows belongs."""
    return PASSWORD if LOCKED in sentence else SOURCE


def free_name(taken: Container[str]) -> str:
    """For who does not want to think of one."""
    return next(name for name in map("camera-{}".format, count(1)) if name not in taken)
