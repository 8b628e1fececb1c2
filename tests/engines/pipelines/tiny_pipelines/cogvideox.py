"""CogVideoX-5B-I2V (learned positions, one size) and CogVideoX1.5-5B-I2V (patches in time)."""

from __future__ import annotations

from pathlib import Path

from diffusers import (
    AutoencoderKLCogVideoX,
    CogVideoXDDIMScheduler,
    CogVideoXDPMScheduler,
    CogVideoXImageToVideoPipeline,
    CogVideoXTransformer3DModel,
)

from tiny_pipelines.words import WIDTH, t5_encoder, t5_tokenizer

SCHEDULE = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type":
    "v_prediction", "rescale_betas_zero_snr": True, "snr_shift_scale": 1.0, "timestep_spacing": "trailing",
}  # fmt: skip


def save(folder: Path, form: str) -> None:
    newer = form == "cogvideox-1.5"
    vae = AutoencoderKLCogVideoX(
        block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
        sample_height=480, sample_width=720, invert_scale_latents=newer,
    ).eval()  # fmt: skip
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=8, out_channels=4, time_embed_dim=8,
        text_embed_dim=WIDTH, num_layers=2, sample_width=8, sample_height=8, sample_frames=9, patch_size=2,
        patch_size_t=2 if newer else None, ofs_embed_dim=8 if newer else None, patch_bias=not newer,
        max_text_seq_length=226, use_rotary_positional_embeddings=True,
        use_learned_positional_embeddings=not newer,
    ).eval()  # fmt: skip
    scheduler = CogVideoXDPMScheduler if newer else CogVideoXDDIMScheduler
    CogVideoXImageToVideoPipeline(
        tokenizer=t5_tokenizer(), text_encoder=t5_encoder(), vae=vae, transformer=transformer,
        scheduler=scheduler(**SCHEDULE),
    ).save_pretrained(folder)  # fmt: skip
