"""The console: pages for people, made of what the routes of `/v1` answer. It decides nothing and reads no store."""
