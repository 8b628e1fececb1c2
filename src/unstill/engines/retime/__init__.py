"""More frames a second: RIFE HDv3 sees how two frames differ and draws what lies halfway between them.

Zhewei Huang, Tianyuan Zhang, Wen Heng, Boxin Shi, Shuchang Zhou, "Real-Time Intermediate Flow Estimation for
Video Frame Interpolation", ECCV 2022 (arXiv 2011.06294). The weights come with the package.
"""
