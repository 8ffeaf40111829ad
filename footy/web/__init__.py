"""The live page and the API: what the newest snapshot and the log say, over HTTP."""
