"""What can go wrong in the service: jobs, keys, limits, workers, the data folder."""

from __future__ import annotations

from unstill.domain.errors import (
    FAILURE,
    BadPicture,
    BadRequest,
    DiskFull,
    Language,
    NotWritable,
    UnstillError,
    Words,
)


class VideoNotFound(BadRequest):
    """Unknown, deleted, or another owner's: the answer is the same."""

    code, status = "video_not_found", 404
    en = Words("There is no video {id}.", "Check the id; `unstill jobs list` shows those there are.")
    zh = Words("没有视频 {id}。", "请检查编号；用 `unstill jobs list` 可以列出所有视频。")


class NotReady(UnstillError):
    """Content of a video that is not finished."""

    code, status = "not_ready", 409
    en = Words(
        "Video {id} is {state}; there is nothing to download yet.", "Wait until its status is completed."
    )
    zh = Words("视频 {id} {state_zh}，还不能下载。", "请等它完成。")


class AlreadyFinal(UnstillError):
    """A cancel that came too late."""

    code, status = "already_final", 409
    en = Words("Video {id} is {state} already.", "Delete it if you do not want it.")
    zh = Words("视频 {id} 已经{state_zh}。", "不需要的话可以删除它。")


class IdempotencyMismatch(UnstillError):
    code, status = "idempotency_mismatch", 409
    en = Words(
        "This Idempotency-Key was used for another request.",
        "Use a new key for a new request, or repeat the old one unchanged.",
    )
    zh = Words("这个 Idempotency-Key 已经用于另一个请求。", "新的请求请用新的 key，或原样重发旧的请求。")


class QueueFull(UnstillError):
    code, status = "queue_full", 429
    en = Words("{queued} videos are waiting already; the limit is {limit}.", "Try again when some are done.")
    zh = Words("已经有 {queued} 个视频在排队，上限是 {limit}。", "请等一些完成后再试。")


class OwnerQueueFull(QueueFull):
    code = "owner_queue_full"
    en = Words(
        "{queued} of your videos are waiting already; the limit is {limit}.", "Wait for them, or cancel some."
    )
    zh = Words("你已经有 {queued} 个视频在排队，上限是 {limit}。", "请等待，或取消一些。")


class NoRoom(UnstillError):
    """The quota of outputs is used up, or (``disk``) the disk nearly full."""

    code, status = "no_room", 507
    en = Words("There is no room for another video: {reason}.", "Delete videos you no longer need.")
    zh = Words("没有空间存放新的视频：{reason_zh}。", "请删除不再需要的视频。")

    def _fitting_hint(self, language: Language) -> str | None:
        if not self.facts.get("disk"):
            return None
        if language == "zh":
            return "请清理数据文件夹所在的磁盘，例如删除不再需要的视频。"
        return "Free some space on the disk of the data folder: delete videos you no longer need."


class StoreBusy(UnstillError):
    code, status = "store_busy", 503
    en = Words("The job store is busy.", "Try again in a few seconds.")
    zh = Words("任务数据库正忙。", "请过几秒再试。")


class StoreFull(DiskFull):
    """Nothing was stored; what was stored before is safe and can be read."""

    code = "store_full"
    en = Words(
        "There is no room left on the disk of the job database {path}.",
        "Free some space on that disk and try again.",
    )
    zh = Words("任务数据库 {path} 所在的磁盘已满。", "请清理这块磁盘后再试。")


class StoreFailed(UnstillError):
    code, status = "store_failed", 503
    en = Words(
        "The job database {path} cannot be used: {reason}.", "Check the disk it is on, then try again."
    )
    zh = Words("任务数据库 {path} 无法使用：{reason}。", "请检查它所在的磁盘，然后再试。")


class StoreDamaged(UnstillError):
    code = "store_damaged"
    en = Words(
        "The job database {path} is damaged.",
        "Stop unstill, move that file away with those named after it (-wal, -shm, -journal), and put your last `unstill backup` in its place; the videos are untouched.",
    )
    zh = Words(
        "任务数据库 {path} 已损坏。",
        "请停止 unstill，移走这个文件和以它的名字开头的文件（-wal、-shm、-journal），换上最近一次 `unstill backup` 的备份；视频文件不受影响。",
    )


class StoreNewer(UnstillError):
    code = "store_newer"
    en = Words(
        "{path} was written by a newer unstill (format {found}; this one knows {known}).",
        "Update unstill, or choose another folder with --data-dir.",
    )
    zh = Words(
        "{path} 由更新版本的 unstill 写入（格式 {found}，本版本支持到 {known}）。",
        "请更新 unstill，或用 --data-dir 另选一个文件夹。",
    )


class StorageFailed(UnstillError):
    """Files of jobs cannot be kept or had now. ``where`` names no keys."""

    code, status = "storage_failed", 503
    en = Words(
        "The storage {where} cannot be used: {reason}.",
        "Check UNSTILL_STORAGE and what it names, then try again.",
    )
    zh = Words("存储 {where} 无法使用：{reason_zh}。", "请检查 UNSTILL_STORAGE 及其指向的存储，然后再试。")


class StorageUnreachable(StorageFailed):
    code = "storage_unreachable"
    en = Words(
        "The storage {where} does not answer: {reason}.",
        "Check that it runs, UNSTILL_S3_ENDPOINT, and the network between this machine and it.",
    )
    zh = Words(
        "存储 {where} 没有响应：{reason_zh}。",
        "请检查它是否在运行、UNSTILL_S3_ENDPOINT 是否正确，以及本机与它之间的网络。",
    )


class StorageBusy(StorageFailed):
    code = "storage_busy"
    en = Words("The storage {where} is overloaded or in trouble ({reason}).", "Try again in a moment.")
    zh = Words("存储 {where} 过载或出现故障（{reason_zh}）。", "请稍后再试。")


class StorageRefused(StorageFailed):
    code = "storage_refused"
    en = Words(
        "The storage {where} refuses us: {reason}.",
        "Check UNSTILL_S3_KEY_ID and UNSTILL_S3_SECRET (or the AWS settings in their place); the keys must be allowed to read, write, list and delete there.",
    )
    zh = Words(
        "存储 {where} 拒绝访问：{reason_zh}。",
        "请检查 UNSTILL_S3_KEY_ID 和 UNSTILL_S3_SECRET（或代替它们的 AWS 设置）；密钥需要有读取、写入、列出和删除的权限。",
    )


class StorageBucketMissing(StorageFailed):
    code = "storage_bucket_missing"
    en = Words("There is no bucket {bucket} at {endpoint}.", "Make it, or correct UNSTILL_STORAGE.")
    zh = Words("{endpoint} 上没有存储桶 {bucket}。", "请创建它，或改正 UNSTILL_STORAGE。")


class StorageClockWrong(StorageFailed):
    code = "storage_clock_wrong"
    en = Words(
        "The storage {where} refuses us because this machine's clock is wrong: it says {ours}, theirs {theirs}.",
        "Set the clock; a time service (NTP) keeps it right.",
    )
    zh = Words(
        "存储 {where} 拒绝访问，因为本机时钟不准：本机为 {ours}，对方为 {theirs}。",
        "请校准时钟，并启用时间同步（NTP）。",
    )


class StorageDamaged(StorageFailed):
    """Not what was written: by its length or its SHA-256."""

    code = "storage_damaged"
    en = Words(
        "{name} in the storage {where} is not what was written there: {reason}.",
        "Try again; if it stays, put it back from a backup, or make the video again.",
    )
    zh = Words(
        "存储 {where} 中的 {name} 与写入的内容不一致：{reason_zh}。",
        "请再试一次；如果一直如此，请从备份恢复，或重新生成视频。",
    )


class StorageFull(StorageFailed):
    code, status = "storage_full", 507
    en = Words("There is no room left in the storage {where}.", "Free some space there, or raise its quota.")
    zh = Words("存储 {where} 的空间已用完。", "请清理其中的空间，或提高它的配额。")


class DataFolderTaken(UnstillError):
    code, exit_code = "data_folder_taken", FAILURE
    en = Words(
        "{path} is in use by another unstill (process {pid}, {address}).",
        "Use that one, stop it, or choose another folder with --data-dir.",
    )
    zh = Words(
        "{path} 正由另一个 unstill 使用（进程 {pid}，{address}）。",
        "请使用它、停止它，或用 --data-dir 另选一个文件夹。",
    )


class DataFolderNotWritable(NotWritable):
    """Root's, most often: a first start with sudo left it so."""

    code = "data_folder_not_writable"
    en = Words(
        "The data folder {path} cannot be written to: {reason}.",
        'Make it yours, `sudo chown -R "$(id -un)" FOLDER`, or choose another with --data-dir.',
    )
    zh = Words(
        "无法写入数据文件夹 {path}：{reason_zh}。",
        '请改为自己所有：`sudo chown -R "$(id -un)" 文件夹`，或用 --data-dir 另选一个。',
    )

    def _fitting_hint(self, language: Language) -> str | None:
        if self.facts.get("reason") in ("permission denied", "not permitted"):
            return None
        return (
            "请用 --data-dir 另选一个文件夹。"
            if language == "zh"
            else "Choose another folder with --data-dir."
        )


class DataFolderFull(DiskFull):
    code = "data_folder_full"
    en = Words(
        "There is no room left on the disk of the data folder {path}.",
        "Free some space, or choose a folder on another disk with --data-dir.",
    )
    zh = Words("数据文件夹 {path} 所在的磁盘已满。", "请清理磁盘，或用 --data-dir 选另一块磁盘上的文件夹。")


class PortTaken(UnstillError):
    code, exit_code = "port_taken", FAILURE
    en = Words(
        "Port {port} is in use by {holder}.", "Use --port {free}, or --port auto to take the next free one."
    )
    zh = Words(
        "端口 {port} 已被{holder_zh}占用。", "请用 --port {free}，或用 --port auto 自动选择下一个空闲端口。"
    )


class AddressNotOurs(UnstillError):
    """An address that is none of this computer's, or a port that not everybody may take."""

    code, exit_code = "address_not_ours", FAILURE
    en = Words(
        "The server cannot listen on {host}, port {port}: {reason}.",
        "Use --host 127.0.0.1, or 0.0.0.0 for every address of this computer, and a --port above 1023.",
    )
    zh = Words(
        "服务无法监听 {host} 的 {port} 端口：{reason_zh}。",
        "请使用 --host 127.0.0.1，或 0.0.0.0 表示本机所有地址，--port 请大于 1023。",
    )

    def _fitting_hint(self, language: Language) -> str | None:
        if self.facts.get("host") != "127.0.0.1" or self.facts.get("reason") == "permission denied":
            return None
        if language == "zh":
            return "这台电脑似乎只有 IPv6：请用 --host ::1。"
        return "This computer seems to have IPv6 only: use --host ::1."


class WorkerCrashed(UnstillError):
    code = "worker_crashed"
    en = Words(
        "The program that makes the video crashed {times} times.",
        "Try a smaller size; if it stays, report it.",
    )
    zh = Words("生成视频的程序崩溃了 {times} 次。", "请换一个小一些的尺寸；仍不行请反馈给我们。")


class DeadlinePassed(UnstillError):
    code = "deadline_passed"
    en = Words(
        "It was not finished within the {seconds} s that were asked for; it was stopped.",
        "Ask again with more time, or without a deadline.",
    )
    zh = Words("没有在要求的 {seconds} 秒内完成，已停止。", "请放宽时限或去掉时限后重新提交。")


class FitsNoDevice(UnstillError):
    """A job that was taken in while there was a device for it, and waits for none that there is."""

    code = "fits_no_device"
    en = Words(
        "{model} needs {needs} of a graphics card's memory for this; the largest here has {largest}.",
        "Choose a smaller size or fewer frames, or add a machine with a larger card.",
    )
    zh = Words(
        "{model} 生成这个视频需要 {needs} 显存，这里最大的显卡只有 {largest}。",
        "请换小一些的尺寸或更少的帧数，或加一台显存更大的机器。",
    )


class WorkerHung(UnstillError):
    code = "worker_hung"
    en = Words(
        "Nothing happened for {seconds} s in the stage {stage}; it was stopped.",
        "Try again, or a smaller size.",
    )
    zh = Words("在 {stage} 阶段 {seconds} 秒没有进展，已停止。", "请再试一次，或换一个小一些的尺寸。")


class WrongKey(UnstillError):
    code, status = "invalid_api_key", 401
    en = Words(
        "This server needs an API key, and the one given is missing or wrong.",
        "Send it as: Authorization: Bearer KEY.",
    )
    zh = Words("这个服务需要 API 密钥，没有提供或不正确。", "请这样发送：Authorization: Bearer KEY。")


class ForeignHost(UnstillError):
    code, status = "foreign_host", 403
    en = Words(
        "Requests for the host {host} are not answered.", "Use the address that unstill printed at its start."
    )
    zh = Words("不接受发往 {host} 的请求。", "请使用 unstill 启动时显示的地址。")


class ForeignOrigin(UnstillError):
    code, status = "foreign_origin", 403
    en = Words("Requests from pages of {origin} are not answered.", "Open unstill's own page.")
    zh = Words("不接受来自 {origin} 页面的请求。", "请打开 unstill 自己的页面。")


class BodyTooLarge(UnstillError):
    code, status = "body_too_large", 413
    en = Words("The upload is larger than {limit} MiB.", "Send a smaller picture.")
    zh = Words("上传内容超过 {limit} MiB。", "请使用小一些的图片。")

    def _fitting_hint(self, language: Language) -> str | None:
        if not self.facts.get("together"):
            return None
        if language == "zh":
            return (
                "JSON 中所有图片合计不能超过这个上限：请使用小一些的图片，或用表单发送（每张图片单独计算）。"
            )
        return (
            "In JSON the limit counts for all pictures together: send smaller ones, or a form, where it "
            "counts for each."
        )


class TooSlow(UnstillError):
    code, status = "too_slow", 408
    en = Words("The request did not arrive within {seconds} s.", "Check the connection and send it again.")
    zh = Words("请求在 {seconds} 秒内没有传完。", "请检查网络后重新发送。")


class TooManyRequests(UnstillError):
    code, status = "too_many_requests", 429
    en = Words("Too many requests at once.", "Wait {seconds} s and try again.")
    zh = Words("请求过多。", "请等 {seconds} 秒后再试。")


class Unsupported(BadRequest):
    code = "unsupported"
    en = Words("This is not offered here: {what}.", "See GET /v1/models for what can be done.")
    zh = Words("这里不支持：{what_zh}。", "请用 GET /v1/models 查看可用的功能。")


class ShuttingDown(UnstillError):
    code, status = "shutting_down", 503
    en = Words("The server is stopping.", "Try again in a moment.")
    zh = Words("服务正在停止。", "请稍后再试。")


class StillWorking(UnstillError):
    """Somebody who waits for a video has waited long enough; it is made all the same."""

    code, status = "still_working", 504
    en = Words(
        "Video {id} is not finished after {seconds} s; the work goes on.",
        "Ask for GET /v1/videos/{id} until its status is completed, then for its content.",
    )
    zh = Words(
        "等了 {seconds} 秒，视频 {id} 还没有完成，仍在继续制作。",
        "请查询 GET /v1/videos/{id}，等状态变为 completed 后再下载内容。",
    )


# --- what the guard says ------------------------------------------------------------------------------------


class MalformedRequest(BadRequest):
    """Not HTTP as it should be, or a path that no page or program would ask for."""

    code = "malformed_request"
    en = Words("The request is not well formed.", "Check the address and the program that sends it.")
    zh = Words("请求的格式不正确。", "请检查地址和发送请求的程序。")


class ServerFull(UnstillError):
    """More connections, or more uploads at once, than the server takes."""

    code, status = "server_full", 503
    en = Words("The server has no free connection.", "Try again in {seconds} s.")
    zh = Words("服务器连接已满。", "请在 {seconds} 秒后再试。")


class KeyNotFound(BadRequest):
    code, status = "key_not_found", 404
    en = Words("There is no key {id}.", "See `unstill keys list`.")
    zh = Words("没有密钥 {id}。", "请用 `unstill keys list` 查看。")


class KeysDamaged(UnstillError):
    """The file that says who may come in cannot be trusted; nobody is let in by it, nor is it replaced."""

    code = "keys_damaged"
    en = Words(
        "The file {path} in the data folder is damaged.",
        "Put a backup in its place, or move it away and make new keys.",
    )
    zh = Words("数据文件夹中的 {path} 已损坏。", "请换上备份，或移走它并重新创建密钥。")


class PictureTooHeavy(BadPicture):
    """Reading it took more memory or time than any picture may."""

    code, status = "picture_too_heavy", 413
    en = Words(
        "{name} takes too much memory or time to read.",
        "Open it in a picture program and save it again, smaller.",
    )
    zh = Words("读取 {name} 需要的内存或时间过多。", "请用看图软件打开，缩小后另存。")


class VideoTooLong(UnstillError):
    code, status = "video_too_long", 413
    en = Words("{name} is {seconds} s long; the limit is {limit} s.", "Cut it to at most {limit} s.")
    zh = Words("{name} 长 {seconds} 秒，上限是 {limit} 秒。", "请剪短到 {limit} 秒以内。")


# --- workers on Ray -----------------------------------------------------------------------------------------


class RayTooOld(UnstillError):
    """Tokens that keep strangers out of a cluster are complete from this version on."""

    code = "ray_too_old"
    en = Words(
        "Ray on {where} is {found}; workers on Ray need {least} or newer.",
        "Update it there: `pip install -U 'ray>={least}'`.",
    )
    zh = Words(
        "{where_zh}的 Ray 是 {found}，需要 {least} 或更新版本。",
        "请在那里更新：`pip install -U 'ray>={least}'`。",
    )


class RayDiffers(UnstillError):
    """Ray joins only what is alike."""

    code = "ray_differs"
    en = Words(
        "The Ray cluster at {address} runs {found}; this computer runs {here}.",
        "Use the same versions everywhere, such as one container image.",
    )
    zh = Words(
        "Ray 集群 {address} 运行 {found}，本机运行 {here}。",
        "请在所有机器上使用相同版本，例如同一个容器镜像。",
    )


class RayUnprotected(UnstillError):
    """Whoever reaches such a cluster may run any program on it."""

    code = "ray_unprotected"
    en = Words(
        "The Ray cluster at {address} asks nobody for a token; anyone who reaches it could run programs on it.",
        "Set RAY_AUTH_MODE=token and the same RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH on all of its machines and here, and start it again.",
    )
    zh = Words(
        "Ray 集群 {address} 没有启用令牌验证，任何能访问它的人都可以在上面运行程序。",
        "请在所有机器和本机设置 RAY_AUTH_MODE=token 以及相同的 RAY_AUTH_TOKEN 或 RAY_AUTH_TOKEN_PATH，然后重新启动集群。",
    )


class RayTokenRefused(UnstillError):
    code = "ray_token_refused"
    en = Words(
        "The Ray cluster at {address} does not take this computer's token, or there is none here.",
        "Set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH, to the cluster's own.",
    )
    zh = Words(
        "Ray 集群 {address} 不接受本机的令牌，或本机没有令牌。",
        "请把 RAY_AUTH_TOKEN 或 RAY_AUTH_TOKEN_PATH 设为集群的令牌。",
    )


class RayUnreachable(UnstillError):
    code, status = "ray_unreachable", 503
    en = Words(
        "The Ray cluster at {address} cannot be reached: {reason}.",
        "Check the address and that the cluster runs: `ray status --address {address}`.",
    )
    zh = Words(
        "无法连接 Ray 集群 {address}：{reason}。",
        "请检查地址，并确认集群正在运行：`ray status --address {address}`。",
    )


class RayNotHere(UnstillError):
    """Ray drives actors only from a computer that is one of its nodes."""

    code = "ray_not_here"
    en = Words(
        "No node of the Ray cluster at {address} runs on this computer.",
        "Start one that takes no work: `ray start --address={address} --num-cpus=0 --num-gpus=0`.",
    )
    zh = Words(
        "本机没有运行 Ray 集群 {address} 的节点。",
        "请启动一个不接任务的节点：`ray start --address={address} --num-cpus=0 --num-gpus=0`。",
    )
