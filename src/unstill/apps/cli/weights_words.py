"""What the commands around models' files say, in both languages. `words` holds the rest and reads all."""

from __future__ import annotations

from collections.abc import Mapping

WEIGHTS_TEXTS: Mapping[str, tuple[str, str]] = {
    "files": ("Files", "文件"),
    "licence_notes": ("Terms", "条款"),
    "others": (
        "Not on this computer; `unstill models pull ID` fetches one, `unstill models recommend` says which "
        "suit this machine, `unstill models show ID` tells all of one:",
        "以下不在本机：用 `unstill models pull ID` 下载，`unstill models recommend` 查看哪些适合本机，"
        "`unstill models show ID` 查看详情：",
    ),
    "weights_ready": ("{size} in {folder} ({origin})", "{size}，位于 {folder}（{origin}）"),
    "weights_missing": (
        "not here; `unstill models pull {id}` fetches them ({size})",
        "本机没有；用 `unstill models pull {id}` 下载（{size}）",
    ),
    "weights_waiting": (
        "not all here; `unstill models pull {id}` goes on ({size} have come)",
        "尚未下载完；用 `unstill models pull {id}` 继续（已有 {size}）",
    ),
    "weights_unusable": ("cannot be used: {problem}", "无法使用：{problem}"),
    "origin_folder": ("your own folder", "自己的文件夹"),
    "origin_store": ("fetched by unstill", "由 unstill 下载"),
    "origin_hub cache": ("the hub client's cache", "模型站客户端的缓存"),
    "licence_of": ("The model {id} comes under its own licence:", "模型 {id} 有自己的许可："),
    "licence_line": ("  {text}", "  {text}"),
    "ask_licence": (
        "Accept this and fetch the files ({size})? [y/N] ",
        "接受以上许可并下载文件（{size}）吗？[y/N] ",
    ),
    "pulled": (
        "{id} is here, {size}, every byte checked. Use it: unstill generate photo.jpg --model {id}",
        "{id} 已就绪，{size}，逐字节校验无误。用法：unstill generate photo.jpg --model {id}",
    ),
    "pulled_elsewhere": (
        "{id} is here, {size}, in {path}, which is not ours to check. "
        "Use it: unstill generate photo.jpg --model {id}",
        "{id} 已就绪，{size}，位于 {path}（非 unstill 下载，未作校验）。"
        "用法：unstill generate photo.jpg --model {id}",
    ),
    "pull_files": ("Files of {id}", "{id} 的文件"),
    "verified": (
        "{files} files of {id}, {size}: every byte is as recorded in weights.lock.",
        "{id} 的 {files} 个文件，{size}：与 weights.lock 的记录完全一致。",
    ),
    "verified_alone": (
        "{files} files of {id}, {size}, can be read. There is no record to compare their bytes with.",
        "{id} 的 {files} 个文件，{size}，可以读取；没有可供比对的记录。",
    ),
    "weights_removed": (
        "{id} is removed, {size} are free again. weights.lock keeps what its files have to be.",
        "已删除 {id}，释放 {size}。weights.lock 仍保留其文件的校验记录。",
    ),
    "percent": ("{stage}: {percent} % of {size}", "{stage}：{size} 的 {percent} %"),
    # advise
    "motion_amount": ("Motion", "动态"),
    "sharpness": ("Sharpness", "清晰度"),
    "measured_little": ("{value}, little: {usual} and more is usual", "{value}，偏小：一般在 {usual} 以上"),
    "measured_enough": ("{value}, enough", "{value}，足够"),
    "measured_blurred": ("{value}, blurred: {usual} and more is usual", "{value}，模糊：一般在 {usual} 以上"),
    "measured_sharp": ("{value}, sharp enough", "{value}，足够清晰"),
    "advice": ("Advice", "建议"),
    "try_next": ("Try next", "下一步"),
    "nothing_wrong": (
        "nothing to be seen in the clip itself; what bothers you may be among these:",
        "从片段本身看不出问题；如果不满意，可参考：",
    ),
    "advice_line": ("{symptom}: {text}", "{symptom}：{text}"),
    "advice_does_not_fit": (
        "The advice is for generative models; {model} moves the camera.",
        "这些建议适用于生成式模型；{model} 只移动镜头。",
    ),
}

WEIGHTS_STAGES: Mapping[str, tuple[str, str]] = {
    "weights_ask": ("Asking what there is", "查询文件列表"),
    "weights_probe": ("Looking for the fastest source", "选择最快的来源"),
    "weights_fetch": ("Fetching", "下载"),
    "weights_copy": ("Copying", "复制"),
    "weights_check": ("Checking", "校验"),
    "weights_place": ("Putting in place", "整理"),
}
