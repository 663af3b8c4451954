"""What a role may do: one table."""

from __future__ import annotations

from enum import Enum


class Role(str, Enum):
    """What a token was made for; each may do what the one before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Permission(str, Enum):
    """Something that is asked before it is done."""

    LOOK = "look"
    COUNTS = "counts"
    CAMERAS = "cameras"
    LINES = "lines"
    ZONES = "zones"
    MODELS = "models"
    CONFIGURATION = "configuration"
    TOKENS = "tokens"


VIEWING = frozenset({Permission.LOOK, Permission.COUNTS})
OPERATING = VIEWING | {Permission.CAMERAS, Permission.LINES, Permission.ZONES, Permission.MODELS}
PERMISSIONS = {
    Role.VIEWER: VIEWING,
    Role.OPERATOR: OPERATING,
    Role.ADMIN: OPERATING | {Permission.CONFIGURATION, Permission.TOKENS},
}


def allows(role: Role, permission: Permission) -> bool:
    """Whether the role may."""
    return permission in PERMISSIONS[role]
