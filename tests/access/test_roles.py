"""The table of roles."""

from __future__ import annotations

import pytest

from appliance.access.roles import PERMISSIONS, Permission, Role, allows

ALLOWED = {
    Role.VIEWER: "look counts",
    Role.OPERATOR: "look counts cameras lines zones models",
    Role.ADMIN: "look counts cameras lines zones models configuration tokens",
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_each_role_may_exactly_this(role: Role, permission: Permission) -> None:
    assert allows(role, permission) == (permission.value in ALLOWED[role].split())


def test_no_role_is_left_out_and_each_may_what_the_one_before_it_may() -> None:
    assert list(PERMISSIONS) == list(Role)
    steps = list(PERMISSIONS.values())
    assert all(fewer < more for fewer, more in zip(steps, steps[1:], strict=False))
    assert steps[-1] == {*Permission}
