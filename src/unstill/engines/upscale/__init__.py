"""Larger frames: Real-ESRGAN draws two or four times the pixels a side.

Xintao Wang, Liangbin Xie, Chao Dong, Ying Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with
Pure Synthetic Data", ICCVW 2021 (arXiv 2107.10833). Needs torch, and weights that are fetched as models' are.
"""
