"""A checkpoint's folder: read by name, checked, and never run."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra diffusion is not installed")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import CLIPTokenizer  # noqa: E402

from tiny_i2vgen import MARKS, Shelf, machine, picture, plan, whole, write  # noqa: E402
from unstill.domain.weight_errors import (  # noqa: E402
    WeightsDamaged,
    WeightsIncomplete,
    WeightsMissing,
    WeightsUnsafe,
)
from unstill.engines.i2vgen_xl import folder  # noqa: E402
from unstill.engines.i2vgen_xl.checkpoint import Checkpoint, open_checkpoint  # noqa: E402
from unstill.engines.i2vgen_xl.engine import I2VGenXLEngine  # noqa: E402

Modules = dict[str, Any]
UNET = "unet/diffusion_pytorch_model.safetensors"


def opened(shelf: Shelf, dtype: Any = torch.float32) -> Checkpoint:
    return open_checkpoint(shelf.path, "i2vgen-xl", dtype)


def same(found: Checkpoint, networks: Modules, tolerance: float = 0.0) -> bool:
    """Whether every weight is what was saved."""
    saved = {name: module.state_dict() for name, module in networks.items()}
    return all(
        torch.allclose(value.float(), saved[name][key], rtol=tolerance, atol=tolerance)
        for name, module in found.modules.items()
        for key, value in module.state_dict().items()
    )


def edit(shelf: Shelf, name: str, **changes: object) -> None:
    path = shelf.path / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_was_saved_is_what_is_read(shelf: Shelf, networks: Modules) -> None:
    """Every weight to the last bit; nothing learns."""
    found = opened(shelf)
    assert same(found, networks)
    assert not any(p.requires_grad for module in found.modules.values() for p in module.parameters())
    assert not any(module.training for module in found.modules.values())
    assert found.text_encoder.embeddings.position_ids.tolist() == [list(range(77))]
    assert found.schedule["prediction_type"] == "v_prediction"


def test_half_precision_takes_the_fp16_files(loose: Shelf, networks: Modules) -> None:
    """And reads the others where there are no such; full precision the other way round."""
    assert same(opened(loose, torch.float16), networks, 2e-3)
    path = loose.path / UNET
    halves = {key: value.half() for key, value in load_file(path).items()}
    save_file(halves, path.with_suffix(".fp16.safetensors"))
    save_file({"marker": torch.zeros(1)}, path)
    found = opened(loose, torch.float16)
    assert found.unet.conv_in.weight.dtype == torch.float16
    assert same(found, networks, 2e-3)
    path.unlink()
    assert opened(loose).unet.conv_in.weight.dtype == torch.float32


def test_weights_may_come_in_several_files(loose: Shelf, networks: Modules) -> None:
    """Named by an index, as large checkpoints are."""
    path = loose.path / UNET
    whole_state = load_file(path)
    names = sorted(whole_state)
    places = {name: f"part-{at % 2}.safetensors" for at, name in enumerate(names)}
    for shard in set(places.values()):
        save_file({n: whole_state[n] for n in names if places[n] == shard}, path.parent / shard)
    path.unlink()
    index = path.with_name("diffusion_pytorch_model.safetensors.index.json")
    index.write_text(json.dumps({"weight_map": places}))
    assert same(opened(loose), networks)
    index.write_text(json.dumps({"weight_map": {"a": "../../elsewhere.safetensors"}}))
    with pytest.raises(WeightsDamaged, match="names other files"):
        opened(loose)


def test_older_names_are_understood(loose: Shelf, networks: Modules) -> None:
    """Text encoders of before transformers 5.6, and the VAE attention of 2022."""
    path = loose.path / "text_encoder/model.safetensors"
    state = {key.removeprefix("text_model."): value for key, value in load_file(path).items()}
    save_file({f"text_model.{key}": value for key, value in state.items()}, path)
    path = loose.path / "vae/diffusion_pytorch_model.safetensors"
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = {}
    for key, value in load_file(path).items():
        name = next((key.replace(n, o) for n, o in old.items() if f".{n}." in key), key)
        state[name] = value[:, :, None, None].clone() if name != key and value.ndim == 2 else value
    assert any(".proj_attn." in key for key in state)
    save_file(state, path)
    assert same(opened(loose), networks)


def test_the_tokenizer_is_that_of_transformers(shelf: Shelf, loose: Shelf) -> None:
    """From the two classic files, or from the one that newer tools write."""
    theirs = CLIPTokenizer.from_pretrained(shelf.path / "tokenizer", local_files_only=True)
    words = "The cat, the  CAT's 2 hats — été 猫"
    ours = opened(shelf).tokens
    assert ours.ids(words)[0].tolist() == theirs(words, padding="max_length", max_length=77)["input_ids"]
    theirs.save_pretrained(loose.path / "tokenizer")
    for name in ("vocab.json", "merges.txt"):
        (loose.path / "tokenizer" / name).unlink(missing_ok=True)
    edit(loose, "tokenizer/tokenizer_config.json", pad_token={"content": "!", "__type": "AddedToken"})
    again = opened(loose).tokens
    assert again.ids(words)[0, :10].tolist() == ours.ids(words)[0, :10].tolist()
    assert again.ids("")[0, 2] != ours.ids("")[0, 2]


def test_words_past_the_limit_are_known(shelf: Shelf) -> None:
    """What is left out is what comes after 75 tokens."""
    tokens = opened(shelf).tokens
    assert tokens.left_out("the cat " * 37) == ""
    assert tokens.left_out("the cat " * 37 + "cat") == ""
    assert tokens.left_out("the cat " * 38) == "cat"
    assert tokens.ids("the cat " * 99).shape == (1, 77)


# --- traps --------------------------------------------------------------------------------------------------

SPRUNG = "trap-was-sprung"


class Trap:
    """Runs code when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path.touch, (self._mark,))


@pytest.fixture
def trapped(loose: Shelf, tmp_path: Path) -> tuple[Shelf, Path]:
    """The tiny checkpoint among everything that could run code; and the file that would tell of it."""
    mark = tmp_path / SPRUNG
    pickled = pickle.dumps(Trap(mark))
    script = f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n"
    for part in ("unet", "vae", "text_encoder", "image_encoder", "tokenizer", "scheduler", "."):
        for name in ("diffusion_pytorch_model.bin", "pytorch_model.bin", "model.ckpt", "tokenizer.pkl"):
            (loose.path / part / name).write_bytes(pickled)
        for name in ("__init__.py", "pipeline.py", "modeling_trap.py", "conftest.py"):
            (loose.path / part / name).write_text(script)
    code: dict[str, object] = {
        "auto_map": {"AutoModel": "modeling_trap.Trap", "AutoTokenizer": ["modeling_trap.Trap", None]},
        "custom_pipeline": "pipeline.py",
        "trust_remote_code": True,
        "_attn_implementation": "evil/kernels",
        "quantization_config": {"quant_method": "bitsandbytes"},
    }
    for part in ("unet", "vae", "text_encoder", "image_encoder"):
        edit(loose, f"{part}/config.json", **code)
    edit(loose, "tokenizer/tokenizer_config.json", **code, tokenizer_class="Trap")
    edit(loose, "feature_extractor/preprocessor_config.json", **code, image_processor_type="Trap")
    edit(loose, "scheduler/scheduler_config.json", **code)
    edit(loose, "model_index.json", **code, unet=["modeling_trap", "Trap"])
    return loose, mark


def test_traps_are_not_looked_at(
    trapped: tuple[Shelf, Path], shelf: Shelf, networks: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With good weights beside them the clip is made, and is the same."""
    folder, mark = trapped
    monkeypatch.chdir(folder.path)
    before = set(sys.modules)
    made, shown = plan(), whole(picture(64, 64))
    frames, usual = (
        np.stack(list(I2VGenXLEngine(each, machine()).frames(made, shown, lambda *_: None)))
        for each in (folder, shelf)
    )
    assert np.array_equal(frames, usual)
    assert not mark.exists()
    assert not {name for name in set(sys.modules) - before if "trap" in name or name == "pipeline"}


def test_a_pickle_alone_is_refused(trapped: tuple[Shelf, Path]) -> None:
    """By its name, and without being read."""
    folder, mark = trapped
    (folder.path / UNET).unlink()
    with pytest.raises(WeightsUnsafe) as caught:
        opened(folder)
    assert "unet/diffusion_pytorch_model.bin" in caught.value.message()
    assert "pickle" in caught.value.message("zh")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("unet/config.json", {"layers_per_block": 10**9}, "layers_per_block is 1000000000"),
        ("unet/config.json", {"block_out_channels": [8] * 99}, "block_out_channels"),
        ("unet/config.json", {"block_out_channels": [10**12, 16, 16]}, "block_out_channels"),
        ("unet/config.json", {"norm_num_groups": 5}, "no such network"),
        ("unet/config.json", {"down_block_types": ["DownBlock3D", "x" * 65, "y"]}, "down_block_types"),
        ("unet/config.json", {"block_out_channels": [16, 16, 16]}, "has the shape"),
        ("unet/config.json", {"down_block_types": ["DownBlock3D"] * 3}, "another network"),
        ("vae/config.json", {"scaling_factor": float("inf")}, "not a JSON|scaling_factor"),
        ("text_encoder/config.json", {"num_hidden_layers": 10**6}, "num_hidden_layers"),
        ("text_encoder/config.json", {"num_hidden_layers": 4}, "lacks"),
        ("image_encoder/config.json", {"hidden_act": "evil"}, "no such network"),
        ("feature_extractor/preprocessor_config.json", {"image_mean": 7}, "no picture"),
        ("feature_extractor/preprocessor_config.json", {"image_std": [0, 1, 1]}, "no picture"),
        ("feature_extractor/preprocessor_config.json", {"crop_size": 50_000}, "no picture"),
        ("model_index.json", {"_class_name": "StableDiffusionPipeline"}, "StableDiffusionPipeline"),
    ],
)
def test_configurations_are_checked(name: str, changes: dict[str, object], says: str, loose: Shelf) -> None:
    """A wrong value is named with its file, and nothing is built without end."""
    edit(loose, name, **changes)
    with pytest.raises(WeightsDamaged, match=says) as caught:
        opened(loose)
    assert "重新下载" in str(caught.value.hint("zh"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("unet/config.json", b"[" * 100_000, "not a JSON object"),
        ("unet/config.json", b"\xff\xfe", "not text"),
        ("scheduler/scheduler_config.json", b"[]", "not a JSON object"),
        ("tokenizer/vocab.json", b'{"a": "b"}', "not a vocabulary"),
        ("tokenizer/merges.txt", b"#version: 0.2\na b c\n", "list of pairs"),
        ("tokenizer/merges.txt", b"#version: 0.2\nzz qq\n", "does not fit"),
        (UNET, b"", "whole safetensors"),
        (UNET, b"\x08\0\0\0\0\0\0\0{}      ", "lacks"),
        (UNET, b"\xff" * 64, "whole safetensors"),
    ],
)
def test_damaged_files_are_named(name: str, content: bytes, says: str, loose: Shelf) -> None:
    """Cut off, empty, or something else altogether."""
    (loose.path / name).write_bytes(content)
    with pytest.raises(WeightsDamaged, match=says):
        opened(loose)


@pytest.mark.parametrize(
    "name",
    [UNET, "unet/config.json", "vae/config.json", "text_encoder/model.safetensors", "tokenizer/vocab.json",
     "tokenizer/merges.txt", "scheduler/scheduler_config.json", "feature_extractor/preprocessor_config.json"],
)  # fmt: skip
def test_missing_files_are_named(name: str, loose: Shelf) -> None:
    """It is a case of missing weights, with what to do."""
    (loose.path / name).unlink()
    with pytest.raises(WeightsMissing) as caught:
        opened(loose)
    assert isinstance(caught.value, WeightsIncomplete)
    assert name in caught.value.message()


def test_a_cut_off_file_is_damaged(loose: Shelf) -> None:
    """As a broken download leaves it."""
    path = loose.path / "vae/diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsDamaged, match=r"vae/diffusion_pytorch_model\.safetensors"):
        opened(loose)


def test_parts_that_do_not_fit_together_are_noticed(tmp_path: Path, networks: Modules) -> None:
    """Each may be whole and from another model."""
    from diffusers import AutoencoderKL

    small = AutoencoderKL(block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2,
                          up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=2)  # fmt: skip
    with pytest.raises(WeightsDamaged, match="do not fit together"):
        opened(Shelf(write(tmp_path, {**networks, "vae": small})))


def test_special_tokens_are_clips_own_where_none_are_named(loose: Shelf, shelf: Shelf) -> None:
    """Or where what is there is nonsense."""
    for name in ("tokenizer/tokenizer_config.json", "tokenizer/special_tokens_map.json"):
        (loose.path / name).write_text(json.dumps(dict.fromkeys(MARKS, 7) | {"model_max_length": 1e30}))
    assert torch.equal(opened(loose).tokens.ids("cat"), opened(shelf).tokens.ids("cat"))


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("scheduler/scheduler_config.json", {"num_train_timesteps": 0}),
        ("scheduler/scheduler_config.json", {"num_train_timesteps": -5}),
        ("scheduler/scheduler_config.json", {"num_train_timesteps": 20}),
        ("scheduler/scheduler_config.json", {"beta_schedule": "evil"}),
        ("scheduler/scheduler_config.json", {"trained_betas": [0.1, 0.2]}),
        ("scheduler/scheduler_config.json", {"beta_schedule": "linear", "beta_end": 9.0}),
        ("vae/config.json", {"scaling_factor": None}),
        ("vae/config.json", {"scaling_factor": 0}),
        ("vae/config.json", {"scaling_factor": True}),
        ("vae/config.json", {"scaling_factor": [1, 2]}),
        ("text_encoder/config.json", {"num_hidden_layers": 0}),
        ("text_encoder/config.json", {"num_attention_heads": 0}),
        ("text_encoder/config.json", {"num_attention_heads": 7}),
        ("text_encoder/config.json", {"vocab_size": 100}),
        ("text_encoder/config.json", {"max_position_embeddings": 20}),
        ("image_encoder/config.json", {"num_attention_heads": 0}),
        ("image_encoder/config.json", {"patch_size": 0}),
        ("unet/config.json", {"layers_per_block": -1}),
        ("unet/config.json", {"layers_per_block": 0}),
        ("unet/config.json", {"layers_per_block": 100}),
        ("unet/config.json", {"norm_num_groups": 3}),
        ("feature_extractor/preprocessor_config.json", {"crop_size": 48}),
        ("feature_extractor/preprocessor_config.json", {"crop_size": True}),
    ],
)
def test_a_configuration_of_nonsense_is_named(loose: Shelf, file: str, changes: dict[str, object]) -> None:
    """Found while loading, before a picture was looked at."""
    edit(loose, file, **changes)
    with pytest.raises(WeightsDamaged) as caught:
        opened(loose)
    named = str(caught.value.facts["file"])
    assert named.split("/")[0] == file.split("/")[0]


def test_words_beyond_the_embeddings(loose: Shelf) -> None:
    """A token that the text encoder has no row for."""
    path = loose.path / "tokenizer/vocab.json"
    words = json.loads(path.read_text())
    path.write_text(json.dumps({**words, "dog</w>": 40_000}))
    with pytest.raises(WeightsDamaged, match="vocabulary"):
        opened(loose)


def test_a_file_of_countless_weights_is_none(loose: Shelf) -> None:
    """Counted before the first is read."""
    path = loose.path / UNET
    odd = {f"w{n}": torch.zeros(0) for n in range(20_000)}
    save_file({**load_file(path), **odd}, path)
    with pytest.raises(WeightsDamaged, match=r"it has \d+ weights"):
        opened(loose)


def test_what_is_not_ours_is_not_read(loose: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large stranger among the weights costs nothing."""
    path, read = loose.path / UNET, []
    save_file({**load_file(path), "a.stranger": torch.zeros(1000)}, path)

    class Watched:
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self._file = safe_open(*arguments, **options)

        def __enter__(self) -> Watched:
            self._file.__enter__()
            return self

        def __exit__(self, *error: object) -> None:
            self._file.__exit__(*error)

        def keys(self) -> list[str]:
            return list(self._file.keys())

        def get_tensor(self, key: str) -> Any:
            read.append(key)
            return self._file.get_tensor(key)

    monkeypatch.setattr(folder, "safe_open", Watched)
    opened(loose)
    assert "conv_in.weight" in read
    assert "a.stranger" not in read


def test_weights_in_eight_bits_are_refused(loose: Shelf) -> None:
    """They would be another picture, under the name of the exact one."""
    path = loose.path / UNET
    weights = load_file(path)
    weights["conv_in.weight"] = weights["conv_in.weight"].to(torch.float8_e4m3fn)
    save_file(weights, path)
    with pytest.raises(WeightsDamaged, match="float8"):
        opened(loose)
