"""Which bots there are, by the settings: the only place that imports platforms' libraries late."""

from pydantic import SecretStr

from services.bots import Bot
from services.bots.concierge import Concierge
from services.settings import Settings

_EMAIL = "email"


def open_bots(settings: Settings, concierge: Concierge) -> list[Bot]:
    """Return the bots that are set up; the settings have seen to it that each is whole."""
    if not settings.chats:
        return []
    makers = (_slack, _feishu, _dingtalk, _wecom, _teams, _webhook)
    made = (maker(settings, concierge) for maker in makers)
    return [bot for bot in made if bot is not None]


def _slack(settings: Settings, concierge: Concierge) -> Bot | None:
    if settings.slack_bot_token is None:
        return None
    from services.bots.slack import SlackApp, SlackBot

    app = SlackApp(
        _told(settings.slack_bot_token),
        _told(settings.slack_app_token),
        _told(settings.slack_signing_secret),
        settings.slack_url,
        asks_emails=settings.chat_identity == _EMAIL,
    )
    return SlackBot(app, concierge)


def _feishu(settings: Settings, concierge: Concierge) -> Bot | None:
    if not settings.feishu_app_id:
        return None
    from services.bots.feishu import FeishuApp, FeishuBot

    app = FeishuApp(
        settings.feishu_app_id,
        _told(settings.feishu_app_secret),
        _told(settings.feishu_encrypt_key),
        _told(settings.feishu_verification_token),
        settings.feishu_url,
        asks_emails=settings.chat_identity == _EMAIL,
    )
    return FeishuBot(app, concierge)


def _dingtalk(settings: Settings, concierge: Concierge) -> Bot | None:
    if not settings.dingtalk_client_id:
        return None
    from services.bots.dingtalk import DingTalkApp, DingTalkBot

    app = DingTalkApp(
        settings.dingtalk_client_id,
        _told(settings.dingtalk_client_secret),
        settings.dingtalk_card,
        settings.dingtalk_url,
    )
    return DingTalkBot(app, concierge)


def _wecom(settings: Settings, concierge: Concierge) -> Bot | None:
    if not settings.wecom_bot_id:
        return None
    from services.bots.wecom import WeComApp, WeComBot

    secret = _told(settings.wecom_secret)
    return WeComBot(WeComApp(settings.wecom_bot_id, secret, settings.wecom_url), concierge)


def _teams(settings: Settings, concierge: Concierge) -> Bot | None:
    if not settings.teams_client_id:
        return None
    from services.bots.teams import TeamsBot
    from services.bots.teams_tokens import TeamsApp

    app = TeamsApp(
        settings.teams_client_id,
        _told(settings.teams_client_secret),
        settings.teams_tenant_id,
        settings.teams_login_url,
        settings.teams_keys_url,
        asks_emails=settings.chat_identity == _EMAIL,
    )
    return TeamsBot(app, concierge)


def _webhook(settings: Settings, concierge: Concierge) -> Bot | None:
    secret = _told(settings.webhook_secret)
    if not secret:
        return None
    from services.bots.webhook import WebhookBot

    return WebhookBot(secret, settings.webhook_reply_url, concierge)


def _told(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
