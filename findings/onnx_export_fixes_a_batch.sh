#!/usr/bin/env bash
# PyTorch 2.13.0: `torch.onnx.export(..., dynamo=True)` with a dimension declared as dynamic writes a model with that dimension fixed, without an
# error or a warning that says so, if the module takes `len(x)` where `x.shape[0]` would do. `torch.export.export` raises for the same module; the
# exporter to ONNX applies the fix that this error suggests, which is the size of the example. onnxruntime then refuses every other batch.
source "$(dirname "$0")/environment"
install torch==2.13.0 numpy==2.4.6 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0
python - <<'PYTHON'
import warnings

import numpy as np
import onnxruntime
import torch
from torch.export import Dim


class Padded(torch.nn.Module):
    def __init__(self, length):
        super().__init__()
        self.length = length

    def forward(self, a):
        return torch.cat([a, a.new_zeros(self.length(a), 2)], dim=1)


def exported(length):
    """What an input's first dimension is in the model, and what onnxruntime says of another batch."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = torch.onnx.export(Padded(length), (example,), dynamic_shapes=shapes, dynamo=True, verbose=False)
    told = [str(warning.message) for warning in caught if "frames" in str(warning.message)]
    first = made.model_proto.graph.input[0].type.tensor_type.shape.dim[0]
    session = onnxruntime.InferenceSession(made.model_proto.SerializeToString())
    try:
        session.run(None, {"a": np.zeros((5, 3), np.float32)})
        said = "takes 5 rows"
    except Exception as error:
        said = str(error).splitlines()[0]
    return first.dim_param or first.dim_value, told, said


example, shapes = torch.rand(2, 3), ({0: Dim("frames")},)
try:
    torch.export.export(Padded(len), (example,), dynamic_shapes=shapes)
    refused = False
except Exception as error:
    refused = True
    print("torch.export.export, len(a):", str(error).splitlines()[0][:80])
fixed, dynamic = exported(len), exported(lambda a: a.shape[0])
print("torch.onnx.export, len(a):", fixed)
print("torch.onnx.export, a.shape[0]:", dynamic)
assert refused and fixed[0] == 2 and not fixed[1] and "takes" not in fixed[2]
assert dynamic[0] == "frames" and dynamic[2] == "takes 5 rows"
PYTHON
