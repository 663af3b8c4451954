"""The program behind an acceptance, and behind looking into a model that is brought: ``python -m appliance.detect.trial``.

It runs what may crash; see ``throwaway``.
"""

from __future__ import annotations

import msgspec

from appliance.detect.acceptance import AcceptanceRequest
from appliance.detect.throwaway import begin, stay_within_limit


def main() -> None:
    """Answer the request, line by line."""
    request, say = begin()
    from appliance.detect.gates import judge

    stay_within_limit()

    for news in judge(AcceptanceRequest.model_validate_json(request)):
        say(msgspec.json.encode(news))


if __name__ == "__main__":
    main()
