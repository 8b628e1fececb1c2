"""What can go wrong with models' files on this computer. `source_errors` has what goes wrong on the way."""

from __future__ import annotations

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import BadRequest, Cancelled, DiskFull, Language, UnstillError, Words
from unstill.domain.sizes import size_text


class WeightsMissing(UnstillError):
    """``terms`` is what a fetch would cost and demand; see `missing`."""

    code, status = "weights_missing", 409
    en = Words(
        "The files of the model {model} are not on this computer.",
        "Fetch them with `unstill models pull {model}`, or name a folder that has them with --weights.",
    )
    zh = Words(
        "本机没有模型 {model} 的文件。",
        "请运行 `unstill models pull {model}` 下载，或用 --weights 指定已有的文件夹。",
    )

    def _fitting_hint(self, language: Language) -> str | None:
        model, terms, terms_zh = (self.facts.get(name) for name in ("model", "terms", "terms_zh"))
        if not terms:
            return None
        if language == "zh":
            return (
                f"请运行 `unstill models pull {model}` 下载（{terms_zh}），或用 --weights 指定已有的文件夹。"
            )
        fetch = f"Fetch them with `unstill models pull {model}` ({terms})"
        return f"{fetch}, or name a folder that has them with --weights."


class NothingFits(UnstillError):
    """Left to choose, unstill finds no model: ``why`` nothing that is here does, and ``advice``, each with
    its Chinese."""

    code, status = "nothing_fits", 409
    en = Words("No model whose files are here can do this: {why}.", "Leave out some of what is asked.")
    zh = Words("本机已有的模型都做不到：{why_zh}。", "请去掉一部分要求。")

    def _fitting_hint(self, language: Language) -> str | None:
        return str(self.facts.get("advice_zh" if language == "zh" else "advice") or "") or None


def missing(card: ModelCard) -> WeightsMissing:
    """What to say of a model whose files are not here."""
    terms, terms_zh = terms_of(card)
    return WeightsMissing(param="model", model=card.id, terms=terms, terms_zh=terms_zh)


def terms_of(card: ModelCard) -> tuple[str, str]:
    """How large a model's files are and under which licence they come, in English and Chinese."""
    size = [size_text(card.download_bytes)] if card.download_bytes else []
    return "; ".join([*size, f"licence: {card.licence}"]), "，".join(
        [*size, f"许可：{card.licence_in('zh')}"]
    )


class WeightsIncomplete(WeightsMissing):
    """A folder was named, and something in it is missing."""

    code = "weights_incomplete"
    en = Words(
        "{path} does not hold the model {model}: {file} is missing.",
        "Name the folder that holds model_index.json, or fetch the files with `unstill models pull {model}`.",
    )
    zh = Words(
        "{path} 里没有完整的模型 {model}：缺少 {file}。",
        "请指定含有 model_index.json 的文件夹，或运行 `unstill models pull {model}` 下载。",
    )


class WeightsUnsafe(UnstillError):
    """Files that could make this computer run a stranger's code, or lead out of their folder."""

    code, status = "weights_unsafe", 409
    en = Words(
        "{file} of the model {model} is refused: {reason}.",
        "Use a folder of safetensors and plain configurations; `unstill models pull {model}` fetches one.",
    )
    zh = Words(
        "已拒绝模型 {model} 的 {file}：{reason_zh}。",
        "请使用只含 safetensors 和普通配置的文件夹；`unstill models pull {model}` 可以下载。",
    )


class WeightsDamaged(UnstillError):
    code, status = "weights_damaged", 409
    en = Words(
        "{file} of the model {model} is damaged: {reason}.",
        "`unstill models pull {model}` fetches what is damaged again; in a folder of your own, replace it.",
    )
    zh = Words(
        "模型 {model} 的 {file} 已损坏：{reason_zh}。",
        "运行 `unstill models pull {model}` 会重新下载损坏的部分；若是自己的文件夹，请更换该文件。",
    )


class WeightsNotOurs(BadRequest):
    """Files that lie in somebody else's folder are not ours to remove."""

    code, status = "weights_not_ours", 409
    en = Words(
        "The files of {model} are in {path}, which unstill only reads.",
        "Remove that folder yourself if nothing else needs it.",
    )
    zh = Words("{model} 的文件在 {path}，unstill 只读取它。", "如果没有别的用途，请自行删除该文件夹。")


class NothingToPull(BadRequest):
    code = "nothing_to_pull"
    en = Words("The model {model} has no files to fetch.", "Use it as it is: `unstill generate photo.jpg`.")
    zh = Words("模型 {model} 不需要下载文件。", "可以直接使用：`unstill generate photo.jpg`。")


class LockDamaged(UnstillError):
    code = "lock_damaged"
    en = Words(
        "The record of models' files {path} cannot be read.",
        "Move it away; the next `unstill models pull` writes a new one from what the hub says.",
    )
    zh = Words(
        "无法读取模型文件记录 {path}。", "请移走它；下次 `unstill models pull` 会按模型站的信息重新写入。"
    )


class LicenceNotAccepted(BadRequest):
    code, status = "licence_not_accepted", 403
    en = Words(
        "The model {model} comes under its own licence ({licence}), which nobody here has accepted yet.",
        "Read it with `unstill models show {model}`, then add --accept-licence (API: accept_licence).",
    )
    zh = Words(
        "模型 {model} 有自己的许可（{licence_zh}），尚未有人接受。",
        "请用 `unstill models show {model}` 阅读，再加上 --accept-licence（API：accept_licence）。",
    )


def licence_not_accepted(card: ModelCard) -> LicenceNotAccepted:
    """What to say to whoever has not accepted a model's licence."""
    return LicenceNotAccepted(
        param="accept_licence", model=card.id, licence=card.licence, licence_zh=card.licence_in("zh")
    )


class WeightsElsewhere(BadRequest):
    """An option for this computer, with a server that may be another."""

    code = "weights_elsewhere"
    en = Words(
        "{param} names a folder of this computer; a server uses the folders of its own settings.",
        "Leave it out, or start the server with `unstill serve --weights FOLDER`.",
    )
    zh = Words(
        "{param} 指的是本机的文件夹，而服务使用它自己的设置。",
        "请去掉它，或用 `unstill serve --weights 文件夹` 启动服务。",
    )


class LoraUnknown(BadRequest):
    """No path is looked for on a stranger's behalf: what is no name on the shelf is unknown."""

    code, status = "lora_unknown", 404
    en = Words(
        "There is no LoRA {source} here.",
        "`unstill loras list` shows those there are; `unstill loras add FILE` takes one in.",
    )
    zh = Words(
        "这里没有名为 {source} 的 LoRA。",
        "用 `unstill loras list` 查看已有的，用 `unstill loras add 文件` 添加。",
    )


class LoraNamed(BadRequest):
    """A name that a LoRA cannot have, or that another one has."""

    code, status = "lora_named", 409
    en = Words("A LoRA cannot be called {name}: {reason}.", "Give it another name with --name.")
    zh = Words("LoRA 不能叫 {name}：{reason_zh}。", "请用 --name 换一个名称。")


class LoraUnfit(BadRequest):
    """A file, or a repository, that no LoRA can be taken from. ``files`` are those to choose from."""

    code = "lora_unfit"
    en = Words("{file} cannot be taken as a LoRA: {reason}.", "A LoRA is one .safetensors file.")
    zh = Words("不能把 {file} 用作 LoRA：{reason_zh}。", "LoRA 是单个 .safetensors 文件。")

    def _fitting_hint(self, language: Language) -> str | None:
        files = self.facts.get("files")
        if not files:
            return None
        return f"请用 --file 选择：{files}。" if language == "zh" else f"Choose one with --file: {files}."


class LoraDamaged(WeightsDamaged):
    code = "lora_damaged"
    en = Words(
        "The LoRA file {file} is damaged or none: {reason}.",
        "Take it in again from where it came: `unstill loras add` or `unstill loras pull`.",
    )
    zh = Words(
        "LoRA 文件 {file} 已损坏或不是 LoRA：{reason_zh}。",
        "请从来源重新添加：`unstill loras add` 或 `unstill loras pull`。",
    )


class LoraForAnother(BadRequest):
    """Its layers are not those of the model it is to be put on."""

    code, status = "lora_for_another", 422
    en = Words(
        "The LoRA {file} does not fit {model}: {reason}.",
        "A LoRA fits the model it was trained for, and no other: choose that model, or leave it out.",
    )
    zh = Words(
        "LoRA {file} 不适用于 {model}：{reason_zh}。",
        "LoRA 只适用于训练它的模型：请换用那个模型，或去掉它。",
    )


class GgufMissing(BadRequest):
    """Such a file is put there by hand: no repository that is fetched from has one."""

    code, status = "gguf_missing", 422
    en = Words(
        "There is not one GGUF file in {path} of {model}.",
        "Put one .gguf file of its denoiser there, or choose another quantization.",
    )
    zh = Words(
        "{model} 的 {path} 中没有唯一的 GGUF 文件。",
        "请放入一个去噪网络的 .gguf 文件，或换一种 quantization。",
    )


class LightningMissing(LoraUnknown):
    """The LoRA files for few steps are not on the shelf."""

    code = "lightning_missing"
    en = Words(
        "The LoRA {source} for few steps is not here.",
        "`unstill loras pull {repo} --file {file} --name {source} --yes` fetches it; or leave lightning off.",
    )
    zh = Words(
        "这里没有用于少步数的 LoRA {source}。",
        "用 `unstill loras pull {repo} --file {file} --name {source} --yes` 下载，或关闭 lightning。",
    )


class LoraNotConfirmed(BadRequest):
    """A stranger's file comes under terms that only its page tells."""

    code, status = "lora_not_confirmed", 403
    en = Words(
        "The licence of {repo} is not known here; it stands on its page of the hub.",
        "Read it there, then add --yes.",
    )
    zh = Words("这里不知道 {repo} 的许可，请看它在模型站的页面。", "阅读之后再加上 --yes。")


class PullUnderWay(UnstillError):
    code, status = "pull_under_way", 409
    en = Words(
        "The files of {model} are being fetched already.", "Wait for that to finish, or stop it first."
    )
    zh = Words("正在下载 {model} 的文件。", "请等它完成，或先停止它。")


class NoPull(BadRequest):
    code, status = "no_pull", 404
    en = Words("Nobody fetches the files of {model} now.", "Start with POST /v1/models/{model}/pull.")
    zh = Words("目前没有在下载 {model} 的文件。", "请用 POST /v1/models/{model}/pull 开始。")


class PullStopped(Cancelled):
    """Ctrl-C, or a cancel: what has arrived stays."""

    code = "pull_stopped"
    en = Words("Stopped. What has arrived is kept.", "`unstill models pull {model}` goes on from there.")
    zh = Words("已停止，已下载的部分会保留。", "用 `unstill models pull {model}` 可以继续。")


class LoraPullStopped(PullStopped):
    code = "lora_pull_stopped"
    en = Words("Stopped. What has arrived is kept.", "`unstill loras pull {repo}` goes on from there.")
    zh = Words("已停止，已下载的部分会保留。", "用 `unstill loras pull {repo}` 可以继续。")


class NoRoomForWeights(DiskFull):
    """Facts in GiB."""

    code = "no_room_for_weights"
    en = Words(
        "The files of {model} need {needed} GiB in {path}, and {free} GiB are free.",
        "Free some space, or set models_dir to a folder on another disk (UNSTILL_MODELS_DIR).",
    )
    zh = Words(
        "{model} 的文件需要在 {path} 占用 {needed} GiB，目前只剩 {free} GiB。",
        "请清理空间，或把 models_dir 设为另一块磁盘上的文件夹（UNSTILL_MODELS_DIR）。",
    )
