"""Chinese prompts in English, on this computer's processor: MarianMT, trained on OPUS.

Jörg Tiedemann, Santhosh Thottingal, "OPUS-MT: Building open translation services for the World", EAMT 2020.
Needs torch, transformers and sentencepiece, and weights that are fetched as models' are.
"""
