"""The HTTP API: thin routes over `core.jobs.VideoService`."""
