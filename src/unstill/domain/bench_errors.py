"""What can go wrong around `unstill bench`. See `errors` for how these are made."""

from __future__ import annotations

from unstill.domain.errors import BadRequest, OutOfMemory, UnstillError, Words


class NoBench(BadRequest):
    """A model that has nothing to measure."""

    code = "no_bench"
    en = Words("There is no bench for {model}.", "These models have one: {known}.")
    zh = Words("{model} 没有性能测试。", "可以测试的模型：{known}。")


class BenchTooSlow(BadRequest):
    """The usual cases on a computer without a graphics card: nobody starts hours of work by accident."""

    code = "bench_too_slow"
    en = Words(
        "Without a graphics card the usual cases would take about: {cases}.",
        "Use --tiny to try the bench in seconds, or name a case yourself, such as `--case 64x64/1/1`.",
    )
    zh = Words(
        "没有显卡时，常用测试大约需要：{cases_zh}。",
        "用 --tiny 可在几秒内试运行，也可以自己指定用例，例如 `--case 64x64/1/1`。",
    )


class NoMemoryForBench(OutOfMemory):
    """The model itself does not fit into the computer's memory."""

    code = "no_memory_for_bench"
    en = Words(
        "The full-size model takes {needed} GiB of memory; {free} GiB are free.",
        "Close other programs, or use --tiny.",
    )
    zh = Words("完整模型需要 {needed} GiB 内存，目前可用 {free} GiB。", "请关闭其他程序，或使用 --tiny。")


class NothingToCap(UnstillError):
    """A memory limit on a device without memory of its own."""

    code = "nothing_to_cap"
    en = Words(
        "The memory of {device} cannot be capped.",
        "Leave out --cap-gib here; it needs a CUDA graphics card.",
    )
    zh = Words("无法限制 {device} 的显存。", "请去掉 --cap-gib，它需要 CUDA 显卡。")


class StockFailed(UnstillError):
    """What ours is compared with does not run here."""

    code = "stock_failed"
    en = Words(
        "The pipeline of {library} failed: {reason}.",
        "Leave out --against, or install another version of {library}; the log has the details.",
    )
    zh = Words(
        "{library} 自带的流程运行失败：{reason}。",
        "请去掉 --against，或安装其他版本的 {library}；详情见日志。",
    )
