"""What settings must look like: addresses, and what a chat platform's bot needs."""

from collections.abc import Mapping
from urllib.parse import urlsplit

_WEB = ("https", "http")
# The setting's name, and what its URLs, with commas between them, may begin with.
SCHEMES = {
    **dict.fromkeys(
        (
            "url",
            "oidc_issuer",
            "hub_url",
            "generation_url",
            "widget_origins",
            "slack_url",
            "feishu_url",
            "dingtalk_url",
            "teams_login_url",
            "teams_keys_url",
            "webhook_reply_url",
        ),
        _WEB,
    ),
    "wecom_url": ("wss", "ws"),
    "redis_url": ("redis", "rediss", "unix"),
    "database_url": ("postgresql",),
}
# Who sets one of a line sets all of it.
_TOGETHER = (
    ("feishu_app_id", "feishu_app_secret"),
    ("feishu_encrypt_key", "feishu_verification_token"),
    ("dingtalk_client_id", "dingtalk_client_secret"),
    ("wecom_bot_id", "wecom_secret"),
    ("teams_client_id", "teams_client_secret", "teams_tenant_id"),
)
_SLACK = ("slack_bot_token", "slack_app_token", "slack_signing_secret")
BOT_SETTINGS = {*(name for names in _TOGETHER for name in names), *_SLACK}


def check_url(name: str, value: str | None) -> None:
    """Raise ValueError, which repeats no secret, unless each URL of the setting has a scheme of its
    own and names a place.
    """
    for one in filter(None, map(str.strip, (value or "").split(","))):
        parts = urlsplit(one)
        if parts.scheme not in SCHEMES[name] or not (parts.netloc or parts.scheme == "unix"):
            begins = " or ".join(f"{scheme}://" for scheme in SCHEMES[name])
            message = f"a URL that begins with {begins} is expected"
            raise ValueError(message)
        if name == "widget_origins" and (parts.path or parts.query):
            raise ValueError(
                "an origin is https://NAME or https://NAME:PORT, with nothing behind it"
            )


def bot_fault(values: Mapping[str, object]) -> str | None:
    """Return what of BOT_SETTINGS is missing, given their *values*; None if nothing is."""
    for names in _TOGETHER:
        absent = [name for name in names if not values[name]]
        if absent and len(absent) < len(names):
            return f"Setting FOOTNOTE_{absent[0].upper()} is missing: the bot needs it, too."
    bot, app, signing = (bool(values[name]) for name in _SLACK)
    if bot != (app or signing):
        return (
            "Slack needs FOOTNOTE_SLACK_BOT_TOKEN and FOOTNOTE_SLACK_APP_TOKEN "
            "(or FOOTNOTE_SLACK_SIGNING_SECRET for HTTP)."
        )
    return None
