"""What a state section means: record, schema, tensors."""

from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import Tensor, TensorSpec

__all__ = ["SECTION_NAME", "State", "Tensor", "TensorSpec"]
