"""The one place that joins the file on disk and the running instance."""

from wasmstate.session.attach import attach
from wasmstate.session.session import PredictChangedStateWarning, Session, check_belongs

__all__ = ["PredictChangedStateWarning", "Session", "attach", "check_belongs"]
