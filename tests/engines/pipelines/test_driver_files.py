"""What a model's folder may hold, and what is refused: other libraries' classes, pickles, damage. And its
denoiser in smaller formats."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra diffusion is not installed")

from safetensors.torch import load_file

from tiny_engine import apart, engine_of, made, plan_of
from unstill.domain.errors import NotAChoice
from unstill.domain.weight_errors import GgufMissing, WeightsDamaged, WeightsIncomplete, WeightsUnsafe

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries warn of their own ways

Folders = Callable[[str], Path]
WAN = "wan2.1-i2v-14b-480p"
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def loose(folder_of: Folders, tmp_path: Path) -> Path:
    """A copy of a tiny Wan to be spoilt."""
    return Path(shutil.copytree(folder_of(WAN), tmp_path / "copy"))


def change(file: Path, **entries: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


def refused(folder: Path, kind: type[Exception]) -> None:
    """A clip of this folder is, in both languages, and each says what to do."""
    with pytest.raises(kind) as caught:
        made(engine_of(folder), plan_of(WAN))
    assert type(caught.value) is kind
    words: Any = caught.value
    assert words.message("en") != words.message("zh")
    assert words.hint("en") != words.hint("zh")


@pytest.mark.parametrize(
    "entry",
    [
        ["subprocess", "Popen"], ["os", "system"], ["builtins", "eval"], ["trap", "Trap"], ["torch", "load"],
        ["diffusers.utils.import_utils", "subprocess"], ["transformers", "os.system"], ["diffusers", 1],
        ["diffusers", "WanPipeline"],
        [["os"], "system"], ["../trap", "Trap"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["tokenizer", "transformer", "surprise"])
def test_classes_of_other_libraries_are_refused(
    name: str, entry: list[Any], loose: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is imported for them: here, of a module that tells."""
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Trap: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    change(loose / "model_index.json", **{name: entry})
    refused(loose, WeightsUnsafe)
    assert not (tmp_path / "sprung").exists()
    assert "trap" not in sys.modules


def test_the_rows_class_counts_whatever_the_folder_says(loose: Path) -> None:
    whole = made(engine_of(loose), plan_of(WAN))
    change(loose / "model_index.json", _class_name="AnotherPipeline", _name_or_path="acme/trap")
    (loose / "pipeline.py").write_text(f"open({str(loose / 'sprung')!r}, 'w')\nclass Trap: pass\n")
    assert np.array_equal(made(engine_of(loose), plan_of(WAN)).frames, whole.frames)
    assert not (loose / "sprung").exists()


def test_a_pipeline_of_ones_own_is_refused(loose: Path) -> None:
    """diffusers would run the Python file that such an index names."""
    change(loose / "model_index.json", _class_name=["pipeline", "Trap"])
    (loose / "pipeline.py").write_text(f"open({str(loose / 'sprung')!r}, 'w')\nclass Trap: pass\n")
    refused(loose, WeightsUnsafe)
    assert not (loose / "sprung").exists()


class Bomb:
    """A pickle that creates a file when it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self._path), "w"))


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "vae"])
def test_pickles_are_never_opened(part: str, loose: Path) -> None:
    """Not even where there is nothing else."""
    file = next((loose / part).glob("*.safetensors"))
    name = "pytorch_model.bin" if part == "text_encoder" else "diffusion_pytorch_model.bin"
    (loose / part / name).write_bytes(pickle.dumps(Bomb(loose / "sprung")))
    file.unlink()
    refused(loose, WeightsDamaged)
    assert not (loose / "sprung").exists()


def test_code_that_a_configuration_names_is_not_run(loose: Path) -> None:
    config = loose / "text_encoder" / "config.json"
    change(config, auto_map={"AutoModel": "trap.Trap", "AutoConfig": "trap.Trap"}, trust_remote_code=True)
    (config.parent / "trap.py").write_text(f"open({str(loose / 'sprung')!r}, 'w')\nclass Trap: pass\n")
    assert made(engine_of(loose), plan_of(WAN)).frames.std() > 1
    assert not (loose / "sprung").exists()


def test_a_folder_without_an_index(loose: Path) -> None:
    (loose / "model_index.json").unlink()
    refused(loose, WeightsIncomplete)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '"os"'])
def test_an_index_that_is_none(text: str, loose: Path) -> None:
    (loose / "model_index.json").write_text(text)
    refused(loose, WeightsDamaged)


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "vae", "tokenizer", "scheduler"])
def test_a_part_that_is_missing(part: str, loose: Path) -> None:
    shutil.rmtree(loose / part)
    refused(loose, WeightsIncomplete)


def test_weights_that_are_cut_off(loose: Path) -> None:
    file = loose / "transformer" / WEIGHTS
    file.write_bytes(file.read_bytes()[:-1000])
    refused(loose, WeightsDamaged)


def test_weights_of_another_size(loose: Path) -> None:
    change(loose / "transformer" / "config.json", ffn_dim=64)
    refused(loose, WeightsDamaged)


# --- smaller formats


def test_weights_in_int8(folder_of: Folders) -> None:
    """The linear layers are torchao's; the frames are near, the same each time, and exact ones come back."""
    pytest.importorskip("torchao", reason="the extra quantized is not installed")
    engine = engine_of(folder_of(WAN))
    exact, plan = made(engine, plan_of(WAN)), plan_of(WAN, options={"quantization": "int8"})
    small = made(engine, plan)
    assert engine._loaded is not None
    kinds = {type(each).__name__ for each in engine._loaded.pipe.transformer.parameters()}
    assert [kind for kind in kinds if "Int8" in kind or "AffineQuantized" in kind]
    assert 0 < apart(small, exact) < 10
    assert np.array_equal(made(engine, plan).frames, small.frames)
    assert np.array_equal(made(engine, plan_of(WAN)).frames, exact.frames)


def test_four_bits_want_an_nvidia_card(folder_of: Folders) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra quantized is not installed")
    with pytest.raises(NotAChoice):
        made(engine_of(folder_of(WAN)), plan_of(WAN, options={"quantization": "nf4"}))


ORIGINAL = {
    "condition_embedder.time_embedder.linear_1": "time_embedding.0",
    "condition_embedder.time_embedder.linear_2": "time_embedding.2",
    "condition_embedder.text_embedder.linear_1": "text_embedding.0",
    "condition_embedder.text_embedder.linear_2": "text_embedding.2",
    "condition_embedder.time_proj": "time_projection.1",
    "condition_embedder.image_embedder.norm1": "img_emb.proj.0",
    "condition_embedder.image_embedder.ff.net.0.proj": "img_emb.proj.1",
    "condition_embedder.image_embedder.ff.net.2": "img_emb.proj.3",
    "condition_embedder.image_embedder.norm2": "img_emb.proj.4",
    "attn1": "self_attn", "attn2": "cross_attn", ".to_out.0.": ".o.", ".to_q.": ".q.", ".to_k.": ".k.",
    ".to_v.": ".v.", ".add_k_proj.": ".k_img.", ".add_v_proj.": ".v_img.", ".norm_added_k.": ".norm_k_img.",
    "proj_out": "head.head", "ffn.net.0.proj": "ffn.0", "ffn.net.2": "ffn.2", "norm2": "norm3",
}  # fmt: skip
"""Names of Wan's own files, which those in GGUF keep, by the beginning or middle of diffusers' names."""


def original(name: str) -> str:
    for ours, theirs in ORIGINAL.items():
        name = name.replace(ours, theirs)
    return (
        "head.modulation" if name == "scale_shift_table" else name.replace("scale_shift_table", "modulation")
    )


def write_gguf(folder: Path) -> None:
    """The weights as people publish them: matrices in 8 bits where their rows can be, 16 bits otherwise."""
    import gguf

    weights = load_file(folder / WEIGHTS)
    writer = gguf.GGUFWriter(folder / "wan-Q8_0.gguf", "wan")
    for name, tensor in weights.items():
        values = tensor.numpy()
        if values.ndim == 2 and values.shape[1] % 32 == 0:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(original(name), gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(original(name), values.astype(np.float16 if values.ndim == 2 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_weights_in_a_gguf_file(loose: Path) -> None:
    """Which is read instead of the safetensors: these need not be there."""
    pytest.importorskip("gguf", reason="the extra quantized is not installed")
    engine = engine_of(loose)
    exact, plan = made(engine, plan_of(WAN)), plan_of(WAN, options={"quantization": "gguf"})
    with pytest.raises(GgufMissing):
        made(engine, plan)
    write_gguf(loose / "transformer")
    (loose / "transformer" / WEIGHTS).rename(loose / "away")
    small = made(engine, plan)
    assert engine._loaded is not None
    kinds = {type(each).__name__ for each in engine._loaded.pipe.transformer.parameters()}
    assert "GGUFParameter" in kinds
    assert 0 < apart(small, exact) < 10
    assert np.array_equal(made(engine, plan).frames, small.frames)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + bytes(64), b"no such thing" * 99])
def test_a_gguf_file_that_is_none(content: bytes, loose: Path) -> None:
    pytest.importorskip("gguf", reason="the extra quantized is not installed")
    (loose / "transformer" / "wan.gguf").write_bytes(content)
    with pytest.raises(WeightsDamaged):
        made(engine_of(loose), plan_of(WAN, options={"quantization": "gguf"}))


@pytest.mark.parametrize(
    ("part", "entry"),
    [("transformer", {"num_layers": 10**9}), ("text_encoder", {"num_layers": 513}),
     ("vae", {"dim_mult": [1, 2**40]})],
)  # fmt: skip
def test_numbers_that_no_model_has_are_refused_before_anything_is_built(
    part: str, entry: dict[str, Any], loose: Path
) -> None:
    change(loose / part / "config.json", **entry)
    refused(loose, WeightsUnsafe)


@pytest.mark.parametrize(
    "template",
    ["{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
     '{{ "".__class__.__mro__ }}', "x" * 30_000],
)  # fmt: skip
def test_templates_that_may_never_end_are_refused(template: str, loose: Path) -> None:
    (loose / "tokenizer" / "chat_template.jinja").write_text(template)
    refused(loose, WeightsUnsafe)
    (loose / "tokenizer" / "chat_template.jinja").unlink()
    change(loose / "tokenizer" / "tokenizer_config.json", chat_template=template)
    refused(loose, WeightsUnsafe)


def test_a_damaged_tokenizer_of_a_part_that_we_make_ourselves(folder_of: Folders, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder_of("kandinsky-5-lite"), tmp_path / "copy"))
    (copy / "tokenizer" / "tokenizer.json").write_text("{")
    with pytest.raises(WeightsDamaged):
        made(engine_of(copy), plan_of("kandinsky-5-lite"))
