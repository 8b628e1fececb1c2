"""Reading the settings, and saying what is wrong with them and where that stands."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from unstill.core.durable import why
from unstill.domain.errors import BadSetting, BadSettingsFile, Language, UnknownSetting
from unstill.settings.addresses import HIDDEN, shown
from unstill.settings.fields import PREFIX, Settings
from unstill.settings.place import config_path

NOT_SETTINGS = ("UNSTILL_CONFIG", "UNSTILL_DEBUG")
"""Variables that are read elsewhere: where the settings file is, and whether tracebacks are shown."""
MOST_BYTES = 2**20
"""Of a settings file."""
SECRET = frozenset({"api_key", "database_url", "rewrite_key", "s3_key_id", "s3_secret"})
"""Settings that are never shown."""


Flags = Mapping[str, object]


@dataclass(frozen=True)
class Described:
    """One setting in force."""

    name: str
    value: object
    source: Literal["flag", "environment", "file", "default"]
    about: str


def load_settings(flags: Flags | None = None) -> Settings:
    """The settings in force. What the command line gave (``flags``, None for nothing) goes before all else.

    Raises:
        BadSetting, UnknownSetting: a value or a name that cannot be used, and where it stands.
        BadSettingsFile: the file is no TOML, no ordinary file, too large, or UNSTILL_CONFIG names one that is
            not there.
    """
    path = config_path()
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    _check_file(path, named=bool(os.environ.get("UNSTILL_CONFIG")))
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _named(error.errors(include_url=False)[0], path, given) from None
    except (ValueError, RecursionError):  # bad syntax, a file that is not UTF-8, lists in lists in lists
        raise BadSettingsFile(path=path, reason="it is not valid TOML", reason_zh="不是有效的 TOML") from None
    except OSError as error:
        raise BadSettingsFile(path=path, **why(error)) from error


def described(settings: Settings, language: Language, flags: Flags | None = None) -> list[Described]:
    """Every setting with its value, where that comes from and what it is for."""
    found = []
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        zh = extra.get("zh") if isinstance(extra, dict) else None
        about = str(zh) if language == "zh" and zh else field.description or ""
        source = _source(name, settings, flags or {})
        found.append(Described(name, getattr(settings, name), source, about))
    return found


def _source(name: str, settings: Settings, flags: Flags) -> Literal["flag", "environment", "file", "default"]:
    if flags.get(name) is not None:
        return "flag"
    if _by_variable(name):
        return "environment"
    return "file" if name in settings.model_fields_set else "default"


def _by_variable(field: str) -> bool:
    """Whether the environment sets it; an empty variable does not."""
    variable = PREFIX + field.upper()
    return any(name.upper() == variable and value for name, value in os.environ.items())


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


def _named(problem: Any, path: Path, flags: Flags) -> BadSetting | UnknownSetting:
    """pydantic's complaint, with the option, the variable or the entry it is about."""
    field = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        return UnknownSetting(name=field, source=path, known=", ".join(Settings.model_fields))
    expected, expected_zh = _expected(problem)
    value = HIDDEN if field in SECRET else shown(str(problem["input"]))
    said = {"value": value, "expected": expected, "expected_zh": expected_zh}
    if field in flags:
        option = f"--{field.replace('_', '-')}"
        return BadSetting(name=option, source="the command line", source_zh="命令行", **said)
    if _by_variable(field):
        return BadSetting(name=PREFIX + field.upper(), source="the environment", source_zh="环境变量", **said)
    return BadSetting(name=field, source=path, source_zh=f" {path} ", **said)


def _expected(problem: Any) -> tuple[str, str]:
    kind, context = str(problem["type"]), problem.get("ctx", {})
    if problem["loc"][0] == "port":
        return "a port from 0 to 65535, or auto", "0 到 65535 的端口，或 auto"
    if problem["loc"][0] == "workers":
        return "a number from 0 to 64, or ray", "0 到 64 的整数，或 ray"
    if kind == "database":
        return (
            "an address such as postgresql://user:password@host/name",
            "形如 postgresql://用户:密码@主机/库名 的地址",
        )
    if kind == "place":
        return "a folder, from / on, or s3://bucket/prefix", "以 / 开头的文件夹，或 s3://桶/前缀"
    if kind == "literal_error":
        return f"one of {context['expected']}", f" {context['expected']} 之一"
    if kind == "country":
        return "the code of a country, such as DE, or EU", "国家或地区代码，例如 CN，或 EU"
    if kind == "secret":
        return "a key of letters, digits and signs", "由字母、数字和符号组成的 key"
    if kind == "address":
        return "an address such as https://mirror.example", "形如 https://mirror.example 的地址"
    if kind == "string_too_short":
        least = context["min_length"]
        return f"at least {least} characters long", f"至少 {least} 个字符"
    limits = {"greater_than": ("more than", "大于"), "greater_than_equal": ("at least", "至少"),
              "less_than_equal": ("at most", "至多")}  # fmt: skip
    if kind in limits:
        en, zh = limits[kind]
        bound = context.get("gt", context.get("ge", context.get("le")))
        return f"{en} {bound:g}", f"{zh} {bound:g}"
    words = {"bool": ("true or false", " true 或 false"), "int": ("a whole number", "整数"),
             "float": ("a number", "数字"), "path": ("a path", "路径")}  # fmt: skip
    return next((word for start, word in words.items() if kind.startswith(start)), ("usable", "可用的值"))
