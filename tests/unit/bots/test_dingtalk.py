"""What DingTalk answers to a reply."""

from typing import Any

import anyio
import pytest

from services.bots import Reply
from services.bots.dingtalk import DingTalkApp, _PlainTalk
from services.bots.outgoing import PlatformError


class Refusing:
    """Outgoing calls that the platform takes, and refuses in its answer."""

    async def call(self, *_: object) -> dict[str, Any]:
        """Answer as the platform does where it refuses."""
        return {"errcode": 310000, "errmsg": "keywords not in content"}


def test_a_refused_reply_is_a_failure() -> None:
    talk = _PlainTalk(
        DingTalkApp("id", "secret"),
        Refusing(),  # type: ignore[arg-type]  # it is called alone
        "https://oapi.dingtalk.com/robot",
        {"senderStaffId": "s1"},
    )

    with pytest.raises(PlatformError, match="keywords not in content"):
        anyio.run(talk.end, Reply("Leave is 26 days.", "en"))
