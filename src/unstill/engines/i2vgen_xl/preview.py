"""A glimpse of the clip while it is being made: latents to colours by a straight line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unstill.engines.placement.colours import colours, fitted

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.ports import Frame


class Glimpse:
    """The linear map from latents to colours that fits this picture best.

    Fitted by least squares to the picture itself, whose latents and pixels are both known, so that it holds
    for whatever VAE the checkpoint has, and for these colours above all.
    """

    def __init__(self, picture: Frame, latents: Tensor) -> None:
        """``picture`` uint8 [8h 8w 3] and its ``latents`` float32 [1 4 h w], on the host."""
        self._map = fitted(picture, latents[0])

    def of(self, latents: Tensor) -> Frame:
        """The preview of one frame's latents [4 h w], as `colours` makes it."""
        return colours(latents.float().cpu(), self._map)
