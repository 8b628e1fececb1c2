"""Prompts translated in a child process, so that a server that only waits has no torch in it.

The program is ``unstill.translating``; the child starts on first use and ends when it has idled.
"""

from unstill.adapters.prompt_child.interpreter import COMMAND, SETTINGS, PromptChild

__all__ = ["COMMAND", "SETTINGS", "PromptChild"]
