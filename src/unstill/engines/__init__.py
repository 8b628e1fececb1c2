"""The engines. Each family joins through the entry-point group ``unstill.engines``."""
