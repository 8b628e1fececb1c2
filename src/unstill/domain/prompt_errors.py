"""What can go wrong with prompts that are translated or written anew."""

from __future__ import annotations

from unstill.domain.errors import BadRequest, UnstillError, Words


class TranslationFailed(UnstillError):
    """The translator is here and did not do it."""

    code, status = "translation_failed", 503
    en = Words(
        "The prompt was not translated: {reason}.", "Try again, or write it in English; nothing was changed."
    )
    zh = Words("描述没有翻译：{reason_zh}。", "请重试，或直接用英文书写；原文没有改动。")


class NoRewriter(BadRequest):
    """Nobody named an endpoint: by default prompts go nowhere."""

    code, status = "no_rewriter", 409
    en = Words(
        "No language model for rewriting prompts is set.",
        "Set UNSTILL_REWRITE_URL (such as http://127.0.0.1:11434/v1) and UNSTILL_REWRITE_MODEL.",
    )
    zh = Words(
        "没有设置用于改写描述的语言模型。",
        "请设置 UNSTILL_REWRITE_URL（例如 http://127.0.0.1:11434/v1）和 UNSTILL_REWRITE_MODEL。",
    )


class RewriteFailed(UnstillError):
    """The endpoint that the settings name gave no prompt."""

    code, status = "rewrite_failed", 502
    en = Words(
        "{host} did not rewrite the prompt: {reason}.",
        "Check rewrite_url, rewrite_model and rewrite_key; the prompt is as it was.",
    )
    zh = Words(
        "{host} 没有改写描述：{reason_zh}。",
        "请检查 rewrite_url、rewrite_model 和 rewrite_key；描述没有改动。",
    )
