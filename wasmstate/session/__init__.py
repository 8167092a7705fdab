"""The one place that joins the file on disk and the running instance."""

from wasmstate.session.attach import attach
from wasmstate.session.belonging import check_belongs
from wasmstate.session.predicting import PredictChangedStateWarning
from wasmstate.session.session import Session

__all__ = ["PredictChangedStateWarning", "Session", "attach", "check_belongs"]
