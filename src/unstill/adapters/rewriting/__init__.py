"""The person's own language model, by OpenAI's chat completions. Fits `unstill.core.rewriting.Rewriter`."""

from unstill.adapters.rewriting.endpoint import Endpoint

__all__ = ["Endpoint"]
