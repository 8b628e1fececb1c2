"""Settings of the program itself: environment variables UNSTILL_*, over an optional TOML file.

The file is ``unstill.toml`` in the user's configuration folder, or the one that UNSTILL_CONFIG names.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from unstill.core.durable import why
from unstill.domain.errors import BadSetting, BadSettingsFile, Language, UnknownSetting
from unstill.domain.request import SIDE

PREFIX = "UNSTILL_"
NOT_SETTINGS = ("UNSTILL_CONFIG", "UNSTILL_DEBUG")
"""Variables that are read elsewhere: where the settings file is, and whether tracebacks are shown."""
MOST_BYTES = 2**20
"""Of a settings file."""


class Settings(BaseSettings):
    """Every setting, its default and its limits."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    lang: Language | None = None
    """Language of messages; without it the computer's."""
    keep_prompt: bool = True
    """Whether video files carry the prompt they were made from."""
    log_dir: Path = Field(default_factory=lambda: platformdirs.user_log_path("unstill", appauthor=False))
    webm_codec: Literal["vp9", "av1"] = "vp9"
    """What WebM files hold: vp9 plays everywhere, av1 is smaller and slower to make."""
    max_picture_mebibytes: float = Field(default=20, gt=0, le=1024)
    max_picture_megapixels: float = Field(default=40, gt=0, le=SIDE[1] ** 2 / 1e6)
    max_picture_side: int = Field(default=SIDE[1], ge=SIDE[0], le=SIDE[1])

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


def config_path() -> Path:
    """Where the settings file is, or would be."""
    named = os.environ.get("UNSTILL_CONFIG")
    return (
        Path(named) if named else platformdirs.user_config_path("unstill", appauthor=False) / "unstill.toml"
    )


def load_settings() -> Settings:
    """The settings in force.

    Raises:
        BadSetting, UnknownSetting: a value or a name that cannot be used, and where it stands.
        BadSettingsFile: the file is no TOML, no ordinary file, too large, or UNSTILL_CONFIG names one that is
            not there.
    """
    path = config_path()
    _check_file(path, named=bool(os.environ.get("UNSTILL_CONFIG")))
    try:
        return Settings()
    except ValidationError as error:
        raise _named(error.errors(include_url=False)[0], path) from None
    except (ValueError, RecursionError):  # bad syntax, a file that is not UTF-8, lists in lists in lists
        raise BadSettingsFile(path=path, reason="it is not valid TOML", reason_zh="不是有效的 TOML") from None
    except OSError as error:
        raise BadSettingsFile(path=path, **why(error)) from error


def _check_file(path: Path, *, named: bool) -> None:
    """Nothing is opened that could keep the reader waiting."""
    try:
        size = path.stat().st_size
    except OSError as error:
        if named or not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            missing = isinstance(error, FileNotFoundError)
            said = {"reason": "there is no such file", "reason_zh": "没有这个文件"} if missing else why(error)
            raise BadSettingsFile(path=path, **said) from error
        return
    except ValueError:  # a name that no file can have
        raise BadSettingsFile(path=path, reason="there is no such file", reason_zh="没有这个文件") from None
    if path.is_dir():
        raise BadSettingsFile(path=path, reason="it is a folder", reason_zh="它是一个文件夹")
    if not path.is_file():
        raise BadSettingsFile(path=path, reason="it is not an ordinary file", reason_zh="它不是普通文件")
    if size > MOST_BYTES:
        raise BadSettingsFile(path=path, reason="it is larger than 1 MiB", reason_zh="它超过 1 MiB")


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that look like settings and are none, each with the nearest that is one."""
    known = [*(PREFIX + field.upper() for field in Settings.model_fields), *NOT_SETTINGS]
    names = sorted(n for n in environ if n.upper().startswith(PREFIX) and n.upper() not in known)
    return {name: difflib.get_close_matches(name.upper(), known, n=1, cutoff=0)[0] for name in names}


def _named(problem: Any, path: Path) -> BadSetting | UnknownSetting:
    """pydantic's complaint, with the variable or the entry it is about."""
    field = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        return UnknownSetting(name=field, source=path, known=", ".join(Settings.model_fields))
    variable = PREFIX + field.upper()
    by_variable = variable in {name.upper() for name in os.environ}
    expected, expected_zh = _expected(problem)
    return BadSetting(
        name=variable if by_variable else field,
        value=str(problem["input"])[:80],
        expected=expected,
        expected_zh=expected_zh,
        source="the environment" if by_variable else path,
        source_zh="环境变量" if by_variable else f" {path} ",
    )


def _expected(problem: Any) -> tuple[str, str]:
    kind, context = str(problem["type"]), problem.get("ctx", {})
    if kind == "literal_error":
        return f"one of {context['expected']}", f" {context['expected']} 之一"
    limits = {"greater_than": ("more than", "大于"), "greater_than_equal": ("at least", "至少"),
              "less_than_equal": ("at most", "至多")}  # fmt: skip
    if kind in limits:
        en, zh = limits[kind]
        bound = context.get("gt", context.get("ge", context.get("le")))
        return f"{en} {bound:g}", f"{zh} {bound:g}"
    words = {"bool": ("true or false", " true 或 false"), "int": ("a whole number", "整数"),
             "float": ("a number", "数字"), "path": ("a path", "路径")}  # fmt: skip
    return next((word for start, word in words.items() if kind.startswith(start)), ("usable", "可用的值"))
