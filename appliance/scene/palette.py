"""The colours of a scene, as blue, green, red in 0..255."""

from __future__ import annotations

from appliance.scene.actors import Actor

Colour = tuple[float, float, float]

PAINTS: tuple[Colour, ...] = (
    (235, 235, 232),
    (200, 202, 205),
    (150, 152, 155),
    (95, 97, 100),
    (45, 44, 42),
    (40, 40, 165),
    (150, 85, 35),
    (110, 60, 30),
    (60, 95, 50),
    (50, 150, 200),
)
BUS_PAINTS: tuple[Colour, ...] = ((60, 160, 215), (70, 70, 190), (215, 215, 215), (120, 150, 60))
CARGO: tuple[Colour, ...] = ((232, 232, 228), (205, 208, 210), (120, 90, 60), (70, 110, 150))
CLOTHES: tuple[Colour, ...] = (
    (45, 40, 38),
    (120, 70, 35),
    (50, 50, 150),
    (225, 225, 225),
    (90, 130, 60),
    (60, 160, 210),
    (140, 60, 120),
)
TROUSERS: tuple[Colour, ...] = ((60, 45, 35), (110, 80, 55), (40, 40, 42), (130, 135, 140))
SKIN: tuple[Colour, ...] = ((150, 180, 225), (110, 145, 195), (60, 85, 125))
HAIR: tuple[Colour, ...] = ((30, 35, 45), (50, 80, 120), (25, 25, 28), (130, 135, 140))
FIXED: dict[str, Colour] = {
    "glass": (75, 62, 50),
    "tyre": (28, 28, 28),
    "dark": (42, 42, 42),
    "plate": (215, 225, 225),
    "headlamp": (215, 225, 230),
    "tail lamp": (35, 30, 130),
    "roof": (225, 225, 225),
    "stripe": (235, 235, 235),
}
BRAKE_LAMP: Colour = (60, 50, 245)


def colour_of(name: str, actor: Actor) -> Colour:
    """What a named colour is on this actor."""
    looks = actor.looks
    if name in FIXED:
        return BRAKE_LAMP if name == "tail lamp" and actor.braking else FIXED[name]
    if name == "paint":
        return _pick(BUS_PAINTS if actor.kind.name == "bus" else PAINTS, looks[0])
    if name == "cargo roof":
        return _lighter(_pick(CARGO, looks[1]))
    tables = {"cargo": (CARGO, 1), "jacket": (CLOTHES, 2), "trousers": (TROUSERS, 3), "skin": (SKIN, 4), "hair": (HAIR, 5)}
    table, look = tables.get(name, (PAINTS, 6))
    return _pick(table, looks[look])


def _pick(colours: tuple[Colour, ...], look: float) -> Colour:
    return colours[min(int(look * len(colours)), len(colours) - 1)]


def _lighter(colour: Colour) -> Colour:
    blue, green, red = (value + (255 - value) * 0.3 for value in colour)
    return blue, green, red
