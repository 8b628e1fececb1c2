"""What `unstill bench` says, in both languages. `words` reads it."""

from __future__ import annotations

from collections.abc import Mapping

BENCH_TEXTS: Mapping[str, tuple[str, str]] = {
    "bench": ("bench", "性能测试"),
    "bench_head": ("{model} on {device}, {dtype}, {weights}", "{model}，设备 {device}，{dtype}，{weights}"),
    "bench_weights_random": ("random weights of the full size", "完整规模的随机权重"),
    "bench_weights_tiny": (
        "a tiny model with random weights: its figures say nothing about the real one",
        "随机权重的微型模型：数值不代表真实模型",
    ),
    "bench_weights_folder": ("the model's own weights", "模型自带权重"),
    "bench_floor_measured": (
        "The floor counts with what a product of matrices reached on this processor.",
        "下限按本机处理器实测的矩阵乘法速度计算。",
    ),
    # heads of the table
    "bench_what": ("What", "项目"),
    "bench_size": ("Size", "尺寸"),
    "bench_frames": ("Frames", "帧数"),
    "bench_steps": ("Steps", "步数"),
    "bench_placement": ("Placement", "放置方式"),
    "bench_seconds": ("Seconds", "秒"),
    "bench_step_seconds": ("s a step", "秒/步"),
    "bench_peak": ("Peak GiB", "峰值 GiB"),
    "bench_floor": ("Of the floor", "占理论下限"),
    "bench_seconds_ratio": ("Ours / its s", "用时比"),
    "bench_peak_ratio": ("Ours / its GiB", "显存比"),
    "bench_predicted": ("Predicted GiB", "预测 GiB"),
    "bench_off": ("Off", "偏差"),
    "bench_difference": ("Difference", "差异"),
    # what was measured
    "bench_kind_ours": ("ours", "本程序"),
    "bench_kind_diffusers": ("diffusers", "diffusers"),
    "bench_kind_rung": ("placement", "放置方式"),
    "bench_kind_numerics": ("{dtype}", "{dtype}"),
    "bench_kind_cap": ("capped", "限制显存"),
    "bench_failed": ("failed", "失败"),
    # lengths of time in a sentence
    "bench_hours": ("{case} {count} hours", "{case} {count} 小时"),
    "bench_minutes": ("{case} {count} minutes", "{case} {count} 分钟"),
}

BENCH_STAGES: Mapping[str, tuple[str, str]] = {"warm_up": ("Warming up", "预热")}
