"""Every setting, its default, its limits and what it is for, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from unstill.domain.countries import country
from unstill.domain.errors import Language
from unstill.domain.request import SIDE
from unstill.settings.addresses import is_address
from unstill.settings.place import config_path

PREFIX = "UNSTILL_"
LOOPBACK = "127.0.0.1"
PORT = 7860


def _about(en: str, zh: str, default: Any = ..., **limits: Any) -> Any:
    if default is not ...:
        limits["default"] = default
    return Field(description=en, json_schema_extra={"zh": zh}, **limits)


def _port(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _names(value: object) -> object:
    """A list out of an environment variable: names with commas between them."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


def _country(value: str) -> str:
    found = country(value)
    if found is None:
        raise PydanticCustomError("country", "no country")
    return found


def _address(value: str) -> str:
    if not is_address(value):
        raise PydanticCustomError("address", "no address")
    return value


def _secret(value: str) -> str:
    """As a header can carry it."""
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise PydanticCustomError("secret", "no key")
    return value


def _database(value: str) -> str:
    """Read as an address by who opens it; here only that it is one of a kind we know."""
    scheme, _, rest = value.partition("://")
    if scheme not in ("postgresql", "postgres") or not rest.strip("/"):
        raise PydanticCustomError("database", "no database")
    return f"postgresql://{rest}"


def _place(value: str) -> str:
    if not (value.startswith("s3://") and len(value) > len("s3://")) and not Path(value).is_absolute():
        raise PydanticCustomError("place", "no place")
    return value


Region = Annotated[str, AfterValidator(_country)]
Address = Annotated[str, AfterValidator(_address)]
Secret = Annotated[str, AfterValidator(_secret)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Database = Annotated[str, AfterValidator(_database)]
Place = Annotated[str, AfterValidator(_place)]
Workers = Annotated[Annotated[int, Field(ge=0, le=64)] | Literal["ray"], BeforeValidator(_port)]
Port = Annotated[Annotated[int, Field(ge=0, le=65535)] | Literal["auto"], BeforeValidator(_port)]


class Settings(BaseSettings):
    """Every setting."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    lang: Language | None = _about(
        "language of messages; without it the computer's", "消息语言；默认随系统", None
    )
    keep_prompt: bool = _about(
        "whether files carry the words they were made from", "文件是否保存生成时的描述", True
    )
    log_dir: Path = _about(
        "where `incidents.log` is written when something unforeseen happens",
        "发生意外错误时 `incidents.log` 的位置",
        default_factory=lambda: platformdirs.user_log_path("unstill", appauthor=False),
    )
    webm_codec: Literal["vp9", "av1"] = _about(
        "what WebM files hold: vp9 plays everywhere, av1 is smaller and slower to make",
        "WebM 的编码：vp9 到处能播，av1 更小但更慢",
        "vp9",
    )
    visible_label: Literal["auto", "always", "never"] = _about(
        "the visible AI mark on generated video; auto: on where messages are in Chinese",
        "生成视频上的可见 AI 标识；auto：中文环境下默认开启",
        "auto",
    )
    licences: Literal["any", "commercial"] = _about(
        "which models `auto` may choose; commercial: none whose licence forbids commercial use, asks to "
        "register, or is unclear about it (limits of revenue stay, and are shown)",
        "`auto` 可选的模型；commercial：不选许可禁止商用、须登记或不明确的（收入上限会显示，但不排除）",
        "any",
    )
    region: Region | None = _about(
        "country of use (ISO 3166, such as DE, or EU): `auto` leaves out models whose licence does",
        "使用地区（ISO 3166，例如 CN）：`auto` 不选许可不适用于该地区的模型",
        None,
    )
    c2pa_certificate: Path | None = _about(
        "certificate chain (PEM) to sign videos with; needs the extra c2pa",
        "用于签名视频的证书链（PEM），需要 c2pa 组件",
        None,
    )
    c2pa_key: Path | None = _about("its private key (PEM)", "对应的私钥（PEM）", None)
    max_picture_mebibytes: float = _about(
        "largest picture file that is opened, in MiB", "可打开的最大图片文件（MiB）", 20, gt=0, le=1024
    )
    max_picture_megapixels: float = _about(
        "largest picture that is opened, in millions of pixels", "可打开的最大图片（百万像素）",
        40, gt=0, le=SIDE[1] ** 2 / 1e6,
    )  # fmt: skip
    max_picture_side: int = _about(
        "longest side of a picture that is opened, in pixels",
        "图片最长边（像素）",
        SIDE[1],
        ge=SIDE[0],
        le=SIDE[1],
    )

    # --- models' files

    weights: Names = _about(
        "a folder that has a model's files, for all models or as id=folder; commas between several",
        "已有模型文件的文件夹，可写成 id=文件夹，多个用逗号分隔",
        (),
    )
    models_dir: Path | None = _about(
        "where fetched models are kept; without it the folder models in data_dir",
        "下载的模型存放的文件夹；默认为 data_dir 下的 models",
        None,
    )
    hf_endpoint: Address | None = _about(
        "a mirror of the model hub; without it the variable HF_ENDPOINT",
        "模型站的镜像地址；默认取环境变量 HF_ENDPOINT",
        None,
    )
    source: Literal["auto", "hub", "mirror", "modelscope"] = _about(
        "where models are fetched from; auto: the fastest of those that answer",
        "从哪里下载模型；auto：选择最快的来源",
        "auto",
    )

    # --- prompts

    rewrite_url: Address | None = _about(
        "a language model of yours that rewrites prompts when asked: a server of OpenAI's chat completions",
        "可按要求改写描述的语言模型服务（OpenAI chat completions 接口）",
        None,
    )
    rewrite_model: str = _about(
        "the name of that language model, as its server knows it",
        "该语言模型在服务上的名称",
        "default",
        min_length=1,
    )
    rewrite_key: Secret | None = _about("a key for that server", "访问该服务的 key", None, min_length=1)

    # --- the server

    host: str = _about("address that the server listens on", "服务监听的地址", LOOPBACK, min_length=1)
    port: Port = _about(
        "port that the server listens on; auto takes the next free one from 7860 on",
        "服务监听的端口；auto 从 7860 起选空闲端口",
        PORT,
    )
    data_dir: Path = _about(
        "where the server keeps jobs, pictures, videos, keys and logs",
        "服务保存任务、图片、视频、key 和日志的文件夹",
        default_factory=lambda: platformdirs.user_data_path("unstill", appauthor=False),
    )
    auth: Literal["auto", "keys", "none"] = _about(
        "who may use the server; auto: keys are asked for once there is one, and always beyond this computer",
        "谁可以使用服务；auto：有 key 时或对外开放时需要 key",
        "auto",
    )
    claim: bool = _about(
        "whether the first browser to open the page becomes the server's operator, without a key",
        "首个打开页面的浏览器是否无需 key 即成为管理者",
        False,
    )
    api_key: str | None = _about(
        "a key that the server accepts, and that the command line sends",
        "服务接受、命令行发送的 key",
        None,
        min_length=8,
    )
    server: str | None = _about(
        "the server that `unstill jobs` and `--server` speak to", "`unstill jobs` 等命令使用的服务地址", None
    )
    hosts: Names = _about("further names this server is reached by", "访问此服务的其他主机名", ())
    origins: Names = _about("pages of other sites that may use the API", "允许调用 API 的其他网站", ())
    log_format: Literal["plain", "json"] = _about("form of log lines on stderr", "stderr 日志格式", "plain")
    log_level: Literal["debug", "info", "warning", "error"] = _about(
        "least level that is logged", "日志级别", "info"
    )
    workers: Workers = _about(
        "worker processes on the CPU (graphics cards have one each), or ray: those of a Ray cluster; 0: none",
        "CPU 工作进程数（有显卡时每张卡一个）；ray：使用 Ray 集群；0：不启动",
        1,
    )
    queue_limit: int = _about("videos that may wait in all", "排队视频总数上限", 50, ge=1, le=100_000)
    queue_limit_per_key: int = _about(
        "videos of one key that may wait", "单个 key 的排队上限", 10, ge=1, le=100_000
    )
    running_per_key: int | None = _about(
        "videos of one key that are made at a time, on all workers; without it any number",
        "单个 key 同时生成的视频数；默认不限",
        None,
        ge=1,
        le=100_000,
    )
    max_video_mebibytes: float = _about(
        "largest video that is uploaded, in MiB", "可上传的最大视频（MiB）", 100, gt=0, le=1024
    )
    outputs_gibibytes: float = _about(
        "disk space that videos may take, in GiB", "视频可占用的磁盘空间（GiB）", 20, gt=0
    )
    free_gibibytes: float = _about("disk space that is left free, in GiB", "保留的磁盘空间（GiB）", 2, ge=0)
    keep_deleted_hours: float = _about(
        "how long deleted videos can be restored", "已删除视频可恢复的时间（小时）", 24, ge=0, le=24 * 365
    )
    grace_s: float = _about(
        "seconds that running videos get to finish when the server stops",
        "停止服务时等待正在生成的视频的秒数",
        20,
        ge=0,
        le=86400,
    )
    lease_s: float = _about(
        "seconds a worker's claim lasts without renewal", "工作进程租约的秒数", 20, ge=0.2, le=3600
    )
    idle_s: float = _about("seconds an idle worker process is kept", "空闲工作进程保留的秒数", 600, ge=1)
    stage_s: float = _about("seconds a stage may take without moving", "某阶段无进展的最长秒数", 60, ge=1)
    rate_per_s: float = _about("requests a second of one client", "单个客户端每秒请求数", 50, gt=0)
    burst: int = _about("requests of one client at once", "单个客户端的突发请求数", 500, ge=1)

    # --- many machines

    database_url: Database | None = _about(
        "a PostgreSQL database that several servers share, postgresql://user:password@host/name; without it "
        "a file in data_dir",
        "多个服务共用的 PostgreSQL 数据库地址；默认为 data_dir 中的文件",
        None,
    )
    storage: Place | None = _about(
        "where pictures and videos are kept: a folder that all servers share, or s3://bucket/prefix; without "
        "it data_dir",
        "图片和视频的存放位置：共享文件夹或 s3://桶/前缀；默认为 data_dir",
        None,
    )
    s3_endpoint: Address | None = _about(
        "address of S3-compatible storage; without it that of AWS", "S3 兼容存储的地址；默认为 AWS", None
    )
    s3_region: str | None = _about("region of the storage", "存储所在区域", None, min_length=1)
    s3_key_id: str | None = _about(
        "access key id for the storage; without it as AWS tools find it",
        "存储的 access key id；默认按 AWS 工具的方式查找",
        None,
        min_length=1,
    )
    s3_secret: Secret | None = _about(
        "secret access key for it", "对应的 secret access key", None, min_length=1
    )
    ray_address: str = _about(
        "the Ray cluster of workers=ray: auto, or host:port of its head",
        "workers=ray 时的 Ray 集群地址",
        "auto",
        min_length=1,
    )
    ray_pools: str | None = _about(
        "how many workers of which kind the cluster may have, such as cpu=2,gpu24=0-8; without it as it is",
        "集群中各类工作进程的数量，例如 cpu=2,gpu24=0-8；默认按集群现有资源",
        None,
        min_length=1,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())
