"""What the models' libraries say of themselves goes to nobody: our own words are said where they belong."""

from __future__ import annotations

import logging

CHATTY = ("torchao", "torch.utils._pytree", "diffusers", "transformers", "peft")


def hush() -> None:
    """Before they are imported: some speak while they are."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)


def quiet() -> None:
    """Imports them, and silences what sets its own level while it is imported."""
    hush()
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for each in (diffusers_logging, transformers_logging):
        each.set_verbosity_error()
        each.disable_progress_bar()
