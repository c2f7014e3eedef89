"""`/aspects/health`: 200 as soon as Superset serves, with what became of the last import of the assets."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

blueprint = Blueprint("aspects", __name__, url_prefix="/aspects", static_folder="static", static_url_path="/static")


@blueprint.route("/health")
def health() -> dict[str, Any]:
    """`status` is `degraded` when the assets in force are not those of the repository; which files are to blame is
    public here, why is in the log and in the answer of `assets.sync`."""
    from superset.extensions import db

    from superset_boot.database import read_fact

    last = read_fact(db.session.execute, "last_import") or {}
    errors = last.get("errors", [])
    return {
        "status": "degraded" if errors else "ok",
        "assets": {
            "imported": last.get("imported", 0),
            "at": last.get("at"),
            "errors": len(errors),
            "files": sorted({error["file"] for error in errors if error["file"]}),
        },
    }
