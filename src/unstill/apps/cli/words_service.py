"""What the commands around a server say, in both languages. `words` holds the rest and reads them all."""

from __future__ import annotations

from collections.abc import Mapping

SERVICE_TEXTS: Mapping[str, tuple[str, str]] = {
    # heads and labels of `jobs`, `keys` and `config`
    "state": ("State", "状态"),
    "progress": ("Progress", "进度"),
    "age": ("Age", "时间"),
    "stage": ("Stage", "阶段"),
    "left": ("Left", "剩余"),
    "created": ("Created", "创建时间"),
    "completed_at": ("Finished", "结束时间"),
    "negative_prompt": ("Avoid", "避免"),
    "file": ("File", "文件"),
    "checksum": ("SHA-256", "SHA-256"),
    "made_from": ("Made from", "来源"),
    "settings": ("Settings", "设置"),
    "why": ("Error", "错误"),
    "what_to_do": ("Advice", "建议"),
    "name": ("Name", "名称"),
    "last_used": ("Last used", "最近使用"),
    "value": ("Value", "值"),
    "source": ("From", "来自"),
    "purpose": ("What it is for", "用途"),
    # states
    "state_queued": ("queued", "排队中"),
    "state_in_progress": ("in progress", "生成中"),
    "state_completed": ("completed", "已完成"),
    "state_failed": ("failed", "失败"),
    "state_cancelled": ("cancelled", "已取消"),
    "state_deleted": ("deleted", "已删除"),
    "key_active": ("active", "有效"),
    "key_revoked": ("revoked {when}", "已于 {when} 吊销"),
    "never": ("never", "从未"),
    # `doctor`
    "check_ok": ("ok", "正常"),
    "check_warning": ("warning", "注意"),
    "check_failure": ("failure", "故障"),
    "doctor_well": ("All is well: videos can be made here.", "一切正常，可以生成视频。"),
    "doctor_warnings": (
        "Videos can be made here. Worth a look: {warnings}.",
        "可以生成视频。另有 {warnings} 项值得注意。",
    ),
    "doctor_failures": (
        "To be put right: {failures}. The lines with an arrow say how.",
        "有 {failures} 项需要处理，带箭头的行说明了做法。",
    ),
    # lengths of time
    "age_s": ("{count} s", "{count} 秒"),
    "age_min": ("{count} min", "{count} 分钟"),
    "age_h": ("{count} h", "{count} 小时"),
    "age_d": ("{count} d", "{count} 天"),
    # jobs
    "no_jobs": ("There are no videos.", "没有视频。"),
    "more_jobs": ("There are more; --all lists them.", "还有更多，用 --all 可全部列出。"),
    "queued": ("Waiting in the queue", "排队等待"),
    "queued_at": ("Waiting, place {place} in the queue", "排队等待，第 {place} 位"),
    "waits_for_server": (
        "The connection to {url} was lost; trying again until it is back. The job is kept there.",
        "与 {url} 的连接已中断，正在重试直到恢复；任务保留在服务中。",
    ),
    "server_away": ("Waiting for the server", "等待服务恢复"),
    "how_to_download": ("`unstill jobs download {id}` fetches it.", "用 `unstill jobs download {id}` 下载。"),
    "cancel_asked": ("It stops at its next step.", "会在下一步停止。"),
    "how_to_restore": (
        "`unstill jobs restore {id}` brings it back.",
        "用 `unstill jobs restore {id}` 可恢复。",
    ),
    "kept_there": (
        "The video is kept on the server: `unstill jobs download {id}`.",
        "视频仍保留在服务中：`unstill jobs download {id}`。",
    ),
    "cancelled_there": ("{id} was cancelled on the server.", "已在服务中取消 {id}。"),
    "goes_on_there": (
        "{id} could not be cancelled and goes on: `unstill jobs cancel {id}`.",
        "未能取消 {id}，它仍在进行：`unstill jobs cancel {id}`。",
    ),
    "words_kept": (
        "The file carries your prompt: keep_prompt = false on the server would leave it out.",
        "文件中保存了描述：在服务端设置 keep_prompt = false 可不保存。",
    ),
    "submitted": (
        "Sent to {url}. `unstill jobs wait ID` waits for one.",
        "已提交到 {url}。用 `unstill jobs wait 编号` 等待。",
    ),
    # keys
    "key_added": (
        "Key {id} ({name}). Its secret stands here only once. Use it: UNSTILL_API_KEY=SECRET, or the header "
        "`Authorization: Bearer SECRET`.",
        "key {id}（{name}）。密钥只显示这一次。用法：UNSTILL_API_KEY=密钥，"
        "或请求头 `Authorization: Bearer 密钥`。",
    ),
    "no_keys": ("There are no keys.", "没有 key。"),
    "no_folder_yet": (
        "There are no keys: the folder {path} does not exist yet.",
        "没有 key：文件夹 {path} 还不存在。",
    ),
    "key_ended": ("{id} ({name}) is refused from now on.", "{id}（{name}）从现在起失效。"),
    "restart_for_keys": (
        "The server at {url} asks for no keys: start it again, and it will.",
        "{url} 的服务目前不要求 key，重新启动后才会要求。",
    ),
    # config
    "from_flag": ("command line", "命令行"),
    "from_environment": ("environment", "环境变量"),
    "from_file": ("file", "文件"),
    "from_default": ("default", "默认"),
    "unset": ("-", "-"),
    "true": ("true", "true"),
    "false": ("false", "false"),
    "settings_file": ("Settings file: {path}", "设置文件：{path}"),
    "no_settings_file": ("Settings file: {path} (not there)", "设置文件：{path}（不存在）"),
    # backup
    "restore_backup": (
        "To restore: stop unstill, remove {db}-wal and {db}-shm, then copy this file to {db}.",
        "恢复方法：停止 unstill，删除 {db}-wal 和 {db}-shm，再把此文件复制为 {db}。",
    ),
    "backup_of": ("Backup of {what}.", "备份来源：{what}。"),
    # migrate
    "moved": (
        "Moved {jobs} jobs, {keys} keys and {files} files. The old database is kept as {old}.",
        "已迁移 {jobs} 个任务、{keys} 个 key、{files} 个文件。旧数据库保留为 {old}。",
    ),
    "moved_next": (
        "Start servers with UNSTILL_DATABASE_URL set to this address{storage}.",
        "之后启动服务时请设置 UNSTILL_DATABASE_URL 为该地址{storage}。",
    ),
    "moved_missing": (
        "{count} files were missing before: {names}. Their jobs came along without them.",
        "有 {count} 个文件原本就缺失：{names}。相应任务已迁移，但没有这些文件。",
    ),
    "moved_alone": (
        "The files stay in {data}: a server on another machine needs them in a place that both see "
        "(--storage).",
        "文件仍在 {data} 中：其他机器上的服务需要共同可见的存储（--storage）。",
    ),
}

SERVICE_STAGES: Mapping[str, tuple[str, str]] = {
    "open": ("Opening the picture", "打开图片"),
    "source": ("Copying the earlier part", "复制前一部分"),
    "finish": ("Finishing", "收尾"),
    "upload": ("Sending the picture", "上传图片"),
    "download": ("Fetching the video", "下载视频"),
    "backup": ("Copying the job database", "复制任务数据库"),
    "migrate": ("Copying files", "复制文件"),
}
