"""The rules: how a request becomes a plan and a plan a video, written against the ports beside them."""
