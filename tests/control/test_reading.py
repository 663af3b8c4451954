"""What the configuration says, whole and in parts, also where somebody has made a faulty one of it by hand."""

from __future__ import annotations

from pathlib import Path

from appliance.access.roles import Role
from appliance.messages import Answer
from tests.control.alone import SITE, Alone, a_machine, alone, bearer

FAULTY = "# mine\ncameras: [\n"


def test_a_faulty_file_is_shown_and_mended_over_http(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        admin = bearer(here, Role.ADMIN)
        file = tmp_path / "site.yml"
        for content in (FAULTY.encode(), b"\xff\xfe"):
            file.write_bytes(content)
            shown = await here.client.get("/api/v1/config", headers=admin)
            assert (shown.status_code, shown.content) == (200, content)
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
