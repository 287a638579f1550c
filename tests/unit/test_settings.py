"""Settings: what is wrong is named in one line; the language is that of the locale."""

from pathlib import Path

import pytest

from services.domain.errors import SettingsError
from services.settings import Settings


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("FOOTNOTE_PRT", "8400", "Unknown setting FOOTNOTE_PRT"),
        ("FOOTNOTE_PORT", "0", "FOOTNOTE_PORT is out of bounds"),
        ("FOOTNOTE_PORT", "eighty", "FOOTNOTE_PORT is out of bounds"),
        ("FOOTNOTE_LANGUAGE", "fr", "FOOTNOTE_LANGUAGE is out of bounds"),
        ("FOOTNOTE_SLACK_BOT_TOKEN", "xoxb-1", "FOOTNOTE_SLACK_APP_TOKEN"),
        ("FOOTNOTE_REDIS_URL", "foo", "FOOTNOTE_REDIS_URL is out of bounds: a URL .* redis://"),
        ("FOOTNOTE_REDIS_URL", "http://x", "FOOTNOTE_REDIS_URL is out of bounds"),
        ("FOOTNOTE_DATABASE_URL", "mysql://u:p@h/db", "FOOTNOTE_DATABASE_URL .* postgresql://"),
        ("FOOTNOTE_GENERATION_URL", "http://a/v1,b", "FOOTNOTE_GENERATION_URL"),
        ("FOOTNOTE_WIDGET_ORIGINS", "example.com", "FOOTNOTE_WIDGET_ORIGINS"),
        ("FOOTNOTE_WECOM_URL", "https://x", "FOOTNOTE_WECOM_URL .* wss://"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=told):
        Settings.load()


def test_addresses_that_people_set_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_REDIS_URL", "unix:///run/redis.sock")
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", "postgresql://u:p@h/db")
    monkeypatch.setenv("FOOTNOTE_GENERATION_URL", "http://a:8080/v1, https://b/v1")
    monkeypatch.setenv("FOOTNOTE_WIDGET_ORIGINS", "http://localhost:3000")

    assert Settings.load().redis_url == "unix:///run/redis.sock"


def test_a_secret_in_a_wrong_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", "mysql://me:hidden@host/db")

    with pytest.raises(SettingsError) as told:
        Settings.load()

    assert "hidden" not in str(told.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("# 你好\nFOOTNOTE_PORT=8400\n".encode("gbk"), "save it in UTF-8"),
        (b"FOOTNOTE_PRT=8400\n", "Unknown setting FOOTNOTE_PRT"),
    ],
)
def test_a_file_of_settings_that_is_wrong_says_so(data: bytes, told: str) -> None:
    Path(".env").write_bytes(data)

    with pytest.raises(SettingsError, match=told):
        Settings.load()


@pytest.mark.parametrize(
    ("set_up", "speaks"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "FOOTNOTE_LANGUAGE": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8", "FOOTNOTE_LANGUAGE": "zh"}, "zh"),
    ],
)
def test_the_language_is_as_set_or_that_of_the_locale(
    monkeypatch: pytest.MonkeyPatch, set_up: dict[str, str], speaks: str
) -> None:
    for name, value in set_up.items():
        monkeypatch.setenv(name, value)

    assert Settings.load().speaks == speaks
