"""The file of a site that has nothing yet."""

from __future__ import annotations

import socket
from pathlib import Path

from appliance.configuration.rendering import scalar
from appliance.errors import Refusal
from appliance.results import write_whole

PORT = 8088
LONGEST_NAME = 64

TEXT = """\
# A site. Everything is changed in the panel or here, which is the same: the panel writes this file and leaves its comments alone.
# 'appliance config schema' tells all that may stand here.
site: {site}

# What is watched, each camera with its lines and zones.
cameras: []

# The model is a path to an ONNX file, or the name of one in engines/. 'demo' knows painted streets and nothing else:
# for real ones bring a YOLO model.
detector:
  model: demo

# The panel. Only this computer may look in; any other address here wants a token first: 'appliance token create'.
control:
  bind: 127.0.0.1
  port: {port}

# Counts, revisions of this file, tokens, and logins of cameras.
data_dir: {data_dir}
"""


def write_first_site(path: Path) -> None:
    """A site without cameras, with a panel to add them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"a site shall begin in {path.parent}, which cannot be: {error.strerror}", usage=True) from None
    write_whole(path, TEXT.format(site=name_of(socket.gethostname()), port=PORT, data_dir=scalar(str(path.parent.absolute()))))


def name_of(host: str) -> str:
    """A host's name as that of a site, which has no dots."""
    letters = [letter if letter.isalnum() or letter in "-_" else "-" for letter in host.partition(".")[0]]
    return "".join(letters)[:LONGEST_NAME].strip("-") or "site"
