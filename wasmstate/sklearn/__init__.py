"""Estimators of scikit-learn that learn in a WebAssembly module.

Each row is learned once a pass, in order. With ``path`` the module is a file, and each ``fit`` and
``partial_fit`` ends with a crash-safe commit; without, it is pickled with the estimator.

Source: scikit-learn, "Developing scikit-learn estimators".
"""

from wasmstate.sklearn.classifier import WasmClassifier
from wasmstate.sklearn.regressor import WasmRegressor
from wasmstate.sklearn.transformer import WasmTransformer

__all__ = ["WasmClassifier", "WasmRegressor", "WasmTransformer"]
