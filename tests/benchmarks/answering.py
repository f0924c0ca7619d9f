"""A FastAPI route that answers each report at once, and does nothing else with it.

python -m tests.benchmarks.answering PORT
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.post("/api/positions")
async def answer(request: Request) -> Response:
    """Read a report, and name it as if it were stored."""
    report: dict[str, Any] = msgspec.json.decode(await request.body())
    body = msgspec.json.encode({"stored": [report["id"]], "rejected": []})
    return Response(body, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
                access_log=False, log_level="warning")  # fmt: skip
