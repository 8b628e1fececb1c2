"""The extra `gradio`: one small page over the HTTP API, for the places where people expect Gradio.

It is a process of its own and a client like any other. Mounted inside an application Gradio leaves its check
of file paths out, so that is never done; and what it checks is checked again here (`upload`).
"""
