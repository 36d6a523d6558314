"""Models behind an endpoint: asked over HTTP in the layout of OpenAI's API, which most servers speak."""
