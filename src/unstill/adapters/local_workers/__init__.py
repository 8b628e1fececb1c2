"""Workers as processes of this computer: spawned, watched, ended and tried again. Never imports torch."""
