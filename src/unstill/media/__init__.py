"""Pixels in and out: the door pictures enter by, and what makes and checks videos."""
