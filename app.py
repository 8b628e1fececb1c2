"""Where Spaces of Hugging Face and studios of ModelScope begin: the Gradio page with a server of its own.

Such a place needs this file and a `requirements.txt` that names `unstill[gradio]`: docs/gradio.md.
"""

from __future__ import annotations

import sys

from unstill.__main__ import main

if __name__ == "__main__":
    sys.argv[1:] = ["gradio", *sys.argv[1:]]
    main()
