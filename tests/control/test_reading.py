"""What the configuration says, whole and in parts, also where somebody has made a faulty one of it by hand."""

from __future__ import annotations

from pathlib import Path

from appliance.access.roles import Role
from appliance.config import CameraSettings
from appliance.control.shown_configuration import CameraInTheFile, DirectionsInTheFile, LineOrZone
from appliance.counted import DirectionNames, LineSettings, ZoneSettings
from appliance.messages.questions import Answer
from tests.control.alone import SITE, Alone, a_machine, alone, bearer

FAULTY = "# mine\ncameras: [\n"


def test_a_faulty_file_is_shown_and_mended_over_http(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        admin, operator = bearer(here, Role.ADMIN), bearer(here, Role.OPERATOR)
        file = tmp_path / "site.yml"
        for content in (FAULTY.encode(), b"\xff\xfe"):
            file.write_bytes(content)
            shown = await here.client.get("/api/v1/config", headers=admin)
            assert (shown.status_code, shown.content) == (200, content)
            # There may be a password in it, which nobody has found yet.
            refused = await here.client.get("/api/v1/config", headers=operator)
            assert (refused.status_code, str(file) in refused.json()["detail"]) == (503, True), refused.text
        headers = {**admin, "if-match": shown.headers["etag"], "content-type": "application/yaml"}
        with a_machine(tmp_path, Answer(True, "")):
            mended = await here.client.put("/api/v1/config", content=SITE, headers=headers)
            assert mended.status_code == 200, mended.text
            stale = await here.client.put("/api/v1/config", content=SITE + "#", headers=headers)
        assert (stale.status_code, file.read_text()) == (412, SITE)

    alone(tmp_path, play)


def test_where_there_is_no_file_it_is_not_the_request_that_is_wrong(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        headers = {**bearer(here, Role.ADMIN), "if-match": "*", "content-type": "application/yaml"}
        (tmp_path / "site.yml").unlink()
        for answer in (
            await here.client.get("/api/v1/config", headers=headers),
            await here.client.get("/api/v1/config/revisions", headers=headers),
            await here.client.put("/api/v1/config", content=SITE, headers=headers),
        ):
            assert (answer.status_code, "there is no such file" in answer.json()["detail"]) == (503, True)

    alone(tmp_path, play)


GATE = """# Of the yard.
cameras:
- name: gate
  source: rtsp://127.0.0.1:9/live
  stall_s: 5
  lines:
  - name: doorstep
    from: [0, 0.5]
    to: [1, 0.5]   # from left to right
  zones:
  - {name: island, points: [[0, 0], [1, 0], [1, 1]], directions: {forward: inbound}}
detector: {model: demo}
"""


def test_a_program_edits_lines_without_yaml(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        operator, path = bearer(here, Role.OPERATOR), "/api/v1/cameras/gate"
        shown = await here.client.get(f"{path}/settings", headers=operator)
        camera = shown.json()
        assert shown.status_code == 200, shown.text
        # As it stands there, and nothing that does not.
        assert camera == {
            "name": "gate",
            "source": "rtsp://127.0.0.1:9/live",
            "stall_s": 5,
            "lines": [{"name": "doorstep", "from": [0, 0.5], "to": [1, 0.5]}],
            "zones": [{"name": "island", "points": [[0, 0], [1, 0], [1, 1]], "directions": {"forward": "inbound"}}],
        }
        headers = {**operator, "if-match": shown.headers["etag"]}
        with a_machine(tmp_path, Answer(True, "")):
            same = await here.client.put(path, json=camera, headers=headers)
            assert (same.status_code, same.json()["revision"], same.json()["diff"]) == (200, None, ""), same.text
            camera["lines"][0]["to"] = [0.9, 0.5]
            changed = await here.client.put(path, json=camera, headers=headers)
            assert changed.status_code == 200, changed.text
            assert (await here.client.put(path, json=camera, headers=headers)).status_code == 412
        number = changed.json()["revision"]
        full = (await here.client.get(f"/api/v1/config/revisions/{number}", headers=operator)).json()
        assert (full["number"], full["author"], full["etag"]) == (number, "operator", changed.json()["etag"])
        assert full["text"] == (tmp_path / "site.yml").read_text()
        assert "# Of the yard." in full["text"]
        assert ["0.9" in line for line in full["diff"].splitlines() if line.startswith("+ ")] == [True]

    alone(tmp_path, play, GATE)


def test_a_password_that_somebody_has_written_by_hand_is_in_no_difference(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        headers = {**bearer(here, Role.ADMIN), "if-match": "*", "content-type": "application/yaml"}
        viewer = bearer(here, Role.VIEWER)
        (tmp_path / "site.yml").write_text(GATE.replace("127.0.0.1:9", "me:hunter2@127.0.0.1:9"))
        with a_machine(tmp_path, Answer(True, "")):
            mended = await here.client.put("/api/v1/config", content=GATE, headers=headers)
        assert mended.status_code == 200, mended.text
        full = await here.client.get(f"/api/v1/config/revisions/{mended.json()['revision']}", headers=viewer)
        assert full.status_code == 200
        assert ("***@127.0.0.1:9" in full.json()["diff"], "hunter2" in full.text) == (True, False)

    alone(tmp_path, play, GATE)


def test_what_is_not_there_or_not_readable_is_told_so(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        viewer = bearer(here, Role.VIEWER)
        for path, status in (("cameras/roof/settings", 404), ("config/revisions/99", 404), ("config/revisions/0", 422)):
            assert (await here.client.get(f"/api/v1/{path}", headers=viewer)).status_code == status
        assert (await here.client.get("/api/v1/cameras/gate/settings")).status_code == 401
        (tmp_path / "site.yml").write_text(FAULTY)
        assert (await here.client.get("/api/v1/cameras/gate/settings", headers=viewer)).status_code == 503

    alone(tmp_path, play, GATE)


def test_http_knows_every_setting_of_the_file() -> None:
    for shown, settings in (
        (CameraInTheFile, CameraSettings),
        (LineOrZone, LineSettings),
        (DirectionsInTheFile, DirectionNames),
    ):
        [one, other] = [{field.alias or name for name, field in model.model_fields.items()} for model in (shown, settings)]
        assert one == other
    assert ZoneSettings.model_fields.keys() <= LineOrZone.model_fields.keys()
    camera = CameraInTheFile.model_validate({"name": "gate", "source": "0"}).model_dump(mode="json", by_alias=True)
    assert camera == CameraSettings(name="gate", source="0").model_dump(mode="json", by_alias=True)


def test_who_comes_from_elsewhere_needs_a_token_for_the_document_too(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        viewer, elsewhere = bearer(here, Role.VIEWER), {"host": "machine.example"}
        path = "/api/v1/openapi.json"
        statuses = [
            (await here.client.get(path, headers=headers)).status_code for headers in ({}, elsewhere, {**elsewhere, **viewer})
        ]
        assert statuses == [200, 401, 200]
        ready = await here.client.get("/readyz", headers=elsewhere)
        assert (ready.status_code, "decode" in ready.text) == (503, False)

    alone(tmp_path, play)
