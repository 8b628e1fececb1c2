"""Moves and effects in words, English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

MOVE_NAMES: Mapping[str, tuple[str, str]] = {
    "dolly_in": ("push in", "推近"),
    "dolly_out": ("pull back", "后拉"),
    "zoom_in": ("zoom in", "变焦放大"),
    "zoom_out": ("zoom out", "变焦缩小"),
    "dolly_zoom": ("dolly zoom", "希区柯克变焦"),
    "pan_left": ("pan left", "左摇"),
    "pan_right": ("pan right", "右摇"),
    "tilt_up": ("tilt up", "上摇"),
    "tilt_down": ("tilt down", "下摇"),
    "truck_left": ("truck left", "左移"),
    "truck_right": ("truck right", "右移"),
    "crane_up": ("crane up", "升镜头"),
    "crane_down": ("crane down", "降镜头"),
    "orbit": ("orbit", "环绕"),
    "roll": ("roll", "旋转镜头"),
    "handheld": ("hand-held", "手持"),
    "static": ("static", "固定镜头"),
}
EFFECT_NAMES: Mapping[str, tuple[str, str]] = {
    "clouds": ("drifting clouds", "流云"),
    "water": ("water shimmer", "水波"),
    "snow": ("snow", "飘雪"),
    "rain": ("rain", "下雨"),
    "dust": ("dust motes", "浮尘"),
    "petals": ("petals", "花瓣"),
    "fog": ("fog", "雾气"),
    "flicker": ("flicker", "闪烁"),
}
PLACES: Mapping[str, tuple[str, str]] = {
    "clouds": ("sky", "天空"),
    "water": ("water", "水面"),
    "flicker": ("light", "光源"),
}
"""What an effect needs in the picture; the others can be anywhere."""
