"""Pages for people, in HTML and Markdown, from tables and the registry."""
