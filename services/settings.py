"""Every setting: its name, default, bounds and meaning. The only reader of the environment."""

import os
import tempfile
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from services.domain.errors import SettingsError
from services.domain.setting_checks import BOT_SETTINGS, SCHEMES, bot_fault, check_url

PREFIX = "FOOTNOTE_"
MIB = 1024 * 1024
# So many in so long: 60/minute, 100/2 hours.
_SPAN = r"^$|^\d+ ?/ ?(\d+ ?)?(second|minute|hour|day|month|year)s?$"

_UNREAD = "The settings in .env cannot be read ({}): save it in UTF-8, readable for you."


class Settings(BaseSettings):
    """The settings of one process, read once at its start."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(
        Path("data"), description="Folder of the registry, the spool, the indexes and the key."
    )
    host: str = Field("127.0.0.1", description="Address that the service listens on.")
    port: int = Field(8400, ge=1, le=65535, description="Port that the service listens on.")
    public: bool = Field(
        default=False,
        description="Say yes to listening beyond this machine, with TLS in front of it.",
    )
    proxies: str = Field(
        "127.0.0.1", description="Proxies in front whose X-Forwarded-For is believed, with commas."
    )
    owner_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="The first owner key; made and kept in the data folder (mode 0600) if unset.",
    )
    oidc_issuer: str | None = Field(
        None, description="Issuer (OpenID Connect) whose tokens people may sign in with; a URL."
    )
    oidc_audience: str = Field("footnote", description="Audience that those tokens must be for.")
    oidc_user_claim: str = Field("sub", description="Claim of a token that names the person.")
    oidc_groups_claim: str = Field(
        "groups", description="Claim of a token that lists the person's groups."
    )
    budget_questions: str = Field(
        "", pattern=_SPAN, description="Questions of each asker, like 60/minute; empty: no bound."
    )
    budget_tokens: str = Field(
        "", pattern=_SPAN, description="Tokens read and written for each, like 100000/day."
    )
    budget_uploads: str = Field(
        "", pattern=_SPAN, description="Uploads that each key or person has, like 100/minute."
    )
    url: str = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known.get('port', 8400)}",
        description="Where commands find the service; by default at FOOTNOTE_PORT of this machine.",
    )
    language: Literal["auto", "en", "zh"] = Field(
        "auto", description="Language of the command line; auto: that of the locale (LANG)."
    )
    key: SecretStr | None = Field(
        None, description="The key of the command line; the owner key of the data folder if unset."
    )
    source_user: str = Field(
        "", description="Who `footnote sync` signs in as at a source; the key's id at S3."
    )
    source_password: SecretStr | None = Field(None, description="With which password or secret.")
    url_hosts: str = Field(
        "",
        description="Hosts whose web pages `footnote sync` may fetch; *: all public ones, too.",
    )
    hub_url: str = Field(
        "https://huggingface.co", description="Where `footnote models pull` fetches, or a mirror."
    )
    redis_url: str | None = Field(
        None, description="Redis for jobs, budgets and answers of many machines; none: this alone."
    )
    database_url: str | None = Field(None, description="Postgres for the registry; none: SQLite.")
    spool_url: str | None = Field(
        None, description="Bucket for originals, s3+https://endpoint/bucket; none: the data folder."
    )
    spool_key: str = Field("", description="The bucket's access key.")
    spool_secret: SecretStr | None = Field(None, description="Its secret key.")
    embedding_model: str = Field(
        "all-minilm-l6-v2", description="Name from `footnote models`, or a local folder."
    )
    generation_model: str = Field(
        "smollm2-135m-instruct", description="Name from `footnote models`, or a local GGUF file."
    )
    generation_url: str | None = Field(
        None,
        description="Servers of the generator, with commas: OpenAI's chat completions, up to /v1.",
    )
    generation_key: SecretStr | None = Field(None, description="The key of that server.")
    reranking_model: str | None = Field(
        None, description="Name from `footnote models`, or a local folder; none: no reranker."
    )
    rerank_seconds: float = Field(
        1.0, gt=0, le=60, description="Most seconds that the reranker may take of a question."
    )
    gpu_layers: int | Literal["auto"] = Field(
        "auto", description="Layers of the generator on the GPU: a number, or auto (all that fit)."
    )
    index_device: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="Where vectors are searched: auto (a GPU if there is one), gpu, or cpu."
    )
    milvus_url: str | None = Field(None, description="Milvus that holds the vectors; none: FAISS.")
    vector_store: str | None = Field(
        None, description="Or a store of LangChain's that a function opens: file.py:function."
    )
    index_dir: Path | None = Field(None, description="Folder of the indexes; none: of the data.")
    context_tokens: int = Field(
        4096, ge=1024, le=131072, description="Context window of the generator, in tokens."
    )
    answers_at_once: int = Field(
        16, ge=1, le=128, description="Answers that the generator writes at the same time."
    )
    kv_tokens: int = Field(
        0, ge=0, le=4_194_304, description="Tokens whose KV is held for all answers; 0: by memory."
    )
    kv_type: Literal["auto", "f16", "q8_0"] = Field(
        "auto", description="Precision of the KV: q8_0 takes half the memory; auto: what is faster."
    )
    kv_pool: Literal["auto", "unified", "split"] = Field(
        "auto", description="One pool of KV for all answers, one for each, or by what suits."
    )
    flash_attention: Literal["auto", "on", "off"] = Field(
        "auto", description="Flash attention of the generator: on, off, or what suits."
    )
    probe: bool = Field(
        default=True,
        description="Measure at the first start which way of running the generator is fastest.",
    )
    kv_host_mb: int = Field(
        512, ge=0, le=1_048_576, description="KV states kept in host memory, in MiB; 0: none."
    )
    kv_disk_mb: int = Field(
        2048, ge=0, le=16_777_216, description="KV states kept on disk, in MiB; 0: none."
    )
    draft_tokens: int = Field(
        0,
        ge=0,
        le=32,
        description="Tokens drafted from the passages, then checked; 0: none.",
    )
    adapters: str = Field(
        "", description="LoRA adapters of the generator: GGUF files, separated by commas."
    )
    threads: int = Field(
        0, ge=0, le=256, description="Threads of the models; 0: one for each core, four at most."
    )
    passages_per_answer: int = Field(
        6, ge=1, le=50, description="How many passages an answer is written from."
    )
    prompt_tokens: int = Field(
        640, ge=128, le=100000, description="Most tokens of passages in the generator's prompt."
    )
    passage_tokens: int = Field(
        200, ge=32, le=4096, description="Size of a passage, in tokens of the embedding model."
    )
    answer_tokens: int = Field(
        160, ge=16, le=4096, description="Longest answer, in tokens, unless the question says so."
    )
    answers_kept: int = Field(
        1000,
        ge=0,
        le=1_000_000,
        description="Answers kept for the same question asked again; 0: none, also not in Redis.",
    )
    answer_days: int = Field(
        0, ge=0, le=36500, description="Days after which stored answers are deleted; 0: never."
    )
    deadline_s: float = Field(
        120.0, ge=1, le=3600, description="Seconds within which a question is answered."
    )
    questions_running: int = Field(
        16, ge=1, le=256, description="Questions that are answered at the same time."
    )
    questions_waiting: int = Field(
        48, ge=0, le=4096, description="Questions that may wait beyond those being answered."
    )
    upload_bytes: int = Field(
        100 * MIB, ge=1024, le=4096 * MIB, description="Largest file, in bytes."
    )
    question_bytes: int = Field(
        8192, ge=64, le=MIB, description="Longest question or search, in bytes of UTF-8."
    )
    reader_memory_mb: int = Field(
        2048, ge=256, le=65536, description="Memory of the child that reads one file, in MiB."
    )
    reader_seconds: int = Field(
        120, ge=5, le=7200, description="Seconds without progress after which a reader is ended."
    )
    reader_pages: int = Field(2000, ge=1, le=100000, description="Longest PDF read, in pages.")
    text_characters: int = Field(
        20_000_000, ge=1000, le=10**9, description="Longest text that one file may hold."
    )
    worker_threads: int = Field(
        4, ge=1, le=64, description="Files that a worker takes at the same time."
    )
    poll_seconds: float = Field(
        0.2, ge=0.02, le=60, description="How often indexes look for changes, in seconds."
    )
    page_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s#?]+$",
        description="Where people's browsers reach the page: footnotes in chats lead there.",
    )
    chat_identity: Literal["id", "email"] = Field(
        "id", description="Whom grants mean by user:…: PLATFORM:ID, or an address of its directory."
    )
    widget_origins: str = Field(
        "", description="Origins of pages that may hold the widget, separated by commas."
    )
    widget_collections: str = Field(
        "", description="Collections that visitors of those pages may ask, separated by commas."
    )
    slack_bot_token: SecretStr | None = Field(None, description="Slack: bot token (xoxb-…).")
    slack_app_token: SecretStr | None = Field(
        None, description="Slack: app token (xapp-…) of Socket Mode."
    )
    slack_signing_secret: SecretStr | None = Field(
        None, description="Slack: signing secret, for events over HTTP instead."
    )
    slack_url: str = Field("https://slack.com", description="Where Slack is reached.")
    feishu_app_id: str = Field("", description="Feishu or Lark: id of the app.")
    feishu_app_secret: SecretStr | None = Field(None, description="Feishu or Lark: its secret.")
    feishu_encrypt_key: SecretStr | None = Field(
        None, description="Feishu or Lark: encrypt key, for events over HTTP instead."
    )
    feishu_verification_token: SecretStr | None = Field(
        None, description="Feishu or Lark: verification token of the same page."
    )
    feishu_url: str = Field(
        "https://open.feishu.cn", description="Feishu; Lark: https://open.larksuite.com."
    )
    dingtalk_client_id: str = Field("", description="DingTalk: client id of the app.")
    dingtalk_client_secret: SecretStr | None = Field(None, description="DingTalk: its secret.")
    dingtalk_card: str = Field(
        "", description="DingTalk: id of an AI card's template; answers grow in such cards."
    )
    dingtalk_url: str = Field("https://api.dingtalk.com", description="Where DingTalk is reached.")
    wecom_bot_id: str = Field("", description="WeCom: id of the AI bot.")
    wecom_secret: SecretStr | None = Field(None, description="WeCom: its secret.")
    wecom_url: str = Field("wss://openws.work.weixin.qq.com", description="Where WeCom is reached.")
    teams_client_id: str = Field("", description="Teams: client id of the app registration.")
    teams_client_secret: SecretStr | None = Field(None, description="Teams: its client secret.")
    teams_tenant_id: str = Field("", description="Teams: the tenant whose people may ask.")
    teams_login_url: str = Field(
        "https://login.microsoftonline.com", description="Teams: where tokens are fetched."
    )
    teams_keys_url: str = Field(
        "https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="Teams: where the keys of its tokens are published.",
    )
    chats: bool = Field(default=True, description="Say no to serve no chat from this process.")
    webhook_secret: SecretStr | None = Field(
        None, min_length=32, description="Secret of the signed webhook for any other chat."
    )
    webhook_reply_url: str = Field(
        "", description="Where that webhook's answers are sent; empty: into the response."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="Log lines for machines, for people, or by whether it is a terminal."
    )

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values in code win over the environment, which wins over `.env`, others' let be."""
        source: Any = dotenv_settings
        source.env_vars = {name: one for name, one in source.env_vars.items() if _is_own(name)}
        return init_settings, env_settings, dotenv_settings

    @field_validator("data_dir", "index_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().resolve()

    @field_validator(*SCHEMES)
    @classmethod
    def _url(cls, value: str | None, info: ValidationInfo) -> str | None:
        check_url(str(info.field_name), value)
        return value

    @property
    def speaks(self) -> str:
        """The language that the command line speaks: as set, else that of the locale, en or zh."""
        # POSIX, 8.2: the first of these that is set names the language of messages.
        locale = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
        named = next(filter(None, locale), "en") if self.language == "auto" else self.language
        return "zh" if named.startswith("zh") else "en"

    @property
    def index_folder(self) -> Path:
        """The folder of everything that is made from the registry."""
        return self.index_dir or self.data_dir / "index"

    @model_validator(mode="after")
    def _bots_are_whole(self) -> Self:
        if fault := bot_fault(self.model_dump(include=BOT_SETTINGS)):
            raise SettingsError(fault)
        return self

    @classmethod
    def load(cls, **given: Any) -> Self:  # noqa: ANN401 - as pydantic's own constructor
        """Read the settings; SettingsError names the one that is unknown or out of bounds."""
        unknown = sorted(name for name in os.environ if _is_unknown(name, cls))
        if unknown:
            message = f"Unknown setting {unknown[0]}: .env.example lists those that exist."
            raise SettingsError(message)
        try:
            return cls(**given)
        except ValidationError as error:
            raise SettingsError(_first_fault(error)) from error
        except (UnicodeDecodeError, OSError) as error:
            raise SettingsError(_UNREAD.format(error)) from error


def _is_unknown(name: str, settings: type[Settings]) -> bool:
    return _is_own(name) and name.removeprefix(PREFIX).lower() not in settings.model_fields


def _is_own(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    name = str(fault["loc"][0]) if fault["loc"] else ""
    shown = name if name.upper().startswith(PREFIX) else f"{PREFIX}{name}"
    if fault["type"] == "extra_forbidden":
        return f"Unknown setting {shown.upper()}: .env.example lists those that exist."
    told = fault["msg"].removeprefix("Value error, ")
    return f"Setting {shown.upper()} is out of bounds: {told}."


def environment_with(**changed: str) -> dict[str, str]:
    """Return this process's environment with some settings changed."""
    return os.environ | {f"{PREFIX}{name.upper()}": value for name, value in changed.items()}


def clean_environment(**extra: str) -> dict[str, str]:
    """Return an environment without settings and secrets, for children that read files."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | extra


def use_folder(folder: Path) -> None:
    """Let this process and its children make their temporary files in *folder*."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def allow_hub(*, shows_progress: bool) -> None:
    """Let a download through, for the one command that fetches; call before its import."""
    os.environ["HF_HUB_OFFLINE"] = "0"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "0" if shows_progress else "1"


def set_quiet_offline() -> None:
    """Switch off what libraries would send or fetch; call before any of them is imported."""
    on = (
        "HF_HUB_OFFLINE TRANSFORMERS_OFFLINE HF_HUB_DISABLE_TELEMETRY HF_HUB_DISABLE_PROGRESS_BARS "
        "DO_NOT_TRACK UNSTRUCTURED_DISABLE_NOTICE ORT_DISABLE_TELEMETRY"
    )
    os.environ.update(dict.fromkeys(on.split(), "1"))
    os.environ.update(TOKENIZERS_PARALLELISM="false", SCARF_NO_ANALYTICS="true")
    os.environ.update(LANGSMITH_TRACING="false")
