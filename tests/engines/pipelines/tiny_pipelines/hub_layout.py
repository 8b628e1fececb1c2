"""Makes saved folders say what the hub's say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

WITHOUT_TORCHVISION = {
    "CLIPImageProcessorPil": "CLIPImageProcessor",
    "SiglipImageProcessorPil": "SiglipImageProcessor",
}
QWEN_PICTURES = {
    "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "Qwen2VLImageProcessor", "max_pixels": 12845056, "merge_size": 2,
    "min_pixels": 3136, "patch_size": 14, "resample": 3, "rescale_factor": 0.00392156862745098,
    "temporal_patch_size": 2,
}  # fmt: skip


def hub_names(folder: Path, **classes: str) -> None:
    """Give parts in model_index.json the class names of the hub's file, ``classes`` by part.

    Here, without torchvision, pictures are prepared by classes that the hub's files do not know.
    """
    index = _read(folder / "model_index.json")
    for part, value in index.items():
        if isinstance(value, list) and value[1] in WITHOUT_TORCHVISION:
            name = WITHOUT_TORCHVISION[value[1]]
            index[part] = [value[0], name]
            config = folder / part / "preprocessor_config.json"
            _write(config, {**_read(config), "image_processor_type": name})
        elif isinstance(value, list) and part in classes:
            index[part] = [value[0], classes[part]]
    _write(folder / "model_index.json", index)


def qwen_processor(folder: Path, name: str) -> None:
    """Turn the saved ``tokenizer`` into the processor that the hub has under that name.

    A Qwen2-VL processor cannot be made without torchvision, so its files are written as they are published.
    """
    _write(folder / "tokenizer" / "preprocessor_config.json", {**QWEN_PICTURES, "processor_class": name})
    config = folder / "tokenizer" / "tokenizer_config.json"
    _write(config, {**_read(config), "processor_class": name})
    hub_names(folder, tokenizer=name)


def _read(path: Path) -> dict[str, object]:
    read: dict[str, object] = json.loads(path.read_text("utf-8"))
    return read


def _write(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2), "utf-8")
