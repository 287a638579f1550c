"""Chats over the whole service: real models, and the platforms' wire formats on this machine."""

from collections.abc import Callable

import pytest

from tests.chats.people import PLATFORMS, settings, write
from tests.chats.platforms import Platforms
from tests.e2e.conftest import Service

LEAVE = (
    "# Leave\n\nEvery employee has 23 days of paid leave a year. Unused days expire on 31 March.\n"
)
YEARLY = "# 请假\n\n每位员工每年有23天带薪年假。未使用的年假在3月31日失效。\n"


def test_every_bot_answers_in_both_languages_and_refuses_a_stranger(
    make_service: Callable[..., Service],
) -> None:
    fake = Platforms().start()
    try:
        service = make_service(**settings(fake)).start()
        service.upload("leave.md", LEAVE.encode(), collection="staff")
        service.upload("请假.md", YEARLY.encode(), collection="staff")
        service.wait_until_rested("staff")
        grants = [{"principal": f"user:{one}:ada", "role": "ask"} for one in PLATFORMS]
        assert service.call("PUT", "/v1/collections/staff/grants", {"grants": grants})[0] == 200
        for platform in PLATFORMS:
            write(
                fake, service.call, platform, "ada", "How many days of paid leave are there?", None
            )
            told = fake.wait_said(platform, "#document=")
            assert "23" in told
            said = len(fake.said[platform])
            write(fake, service.call, platform, "ada", "每位员工每年有多少天年假?", None)
            fake.wait(lambda p=platform, n=said: len(fake.said[p]) > n, "nothing")  # type: ignore[misc]
            assert "23天" in fake.wait_said(platform, "#document=")
            write(
                fake, service.call, platform, "eve", "How many days of paid leave are there?", None
            )
            assert "23 days" not in fake.wait_said(platform, "do not answer this question")
        assert service.stop() == 0
    finally:
        fake.stop()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"slack_bot_token": "xoxb-1"}, "FOOTNOTE_SLACK_APP_TOKEN"),
        ({"feishu_app_id": "cli"}, "FOOTNOTE_FEISHU_APP_SECRET"),
        ({"teams_client_id": "c", "teams_client_secret": "s"}, "FOOTNOTE_TEAMS_TENANT_ID"),
        ({"webhook_secret": "short"}, "FOOTNOTE_WEBHOOK_SECRET"),
    ],
)
def test_a_bot_that_is_set_up_by_half_stops_the_start(
    make_service: Callable[..., Service], given: dict[str, str], told: str
) -> None:
    service = make_service(**given)
    started = service.run("serve")

    assert started.returncode == 1
    assert told in started.stderr
