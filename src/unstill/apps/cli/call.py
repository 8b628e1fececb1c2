"""One call of the program: its services, its screen, and whether it was asked to stop."""

from __future__ import annotations

from dataclasses import dataclass

from unstill.apps.cli.screen import Screen
from unstill.apps.cli.stopping import Stop
from unstill.core.services import Services


@dataclass
class Call:
    """What every command is handed."""

    services: Services
    screen: Screen
    stop: Stop
    written: int = 0
    """Videos finished so far."""
    answered: bool = False
    """Whether the JSON answer is out already."""
