"""Application: the FastAPI app of one process, its description (OpenAPI), its error answers and
its server."""
