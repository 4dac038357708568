#!/usr/bin/env bash
# PyTorch 2.13.0: `torch.autograd.grad(outputs, inputs, grad_outputs)` imports sympy and PyTorch's symbolic shapes on its first call, in eager mode,
# with plain tensors of one size: nearly 500 modules, a third of a second. `import torch` alone, `loss.backward()`, and the gradient of the sum
# `(outputs * grad_outputs).sum()`, which is the same gradient, do not.
source "$(dirname "$0")/environment"
install torch==2.13.0 numpy==2.4.6
python - <<'PYTHON'
import sys

import torch

x = torch.rand(3, 4, requires_grad=True)
y, direction = x.square(), torch.rand(3, 4)
(summed,) = torch.autograd.grad((y * direction).sum(), [x], retain_graph=True)
y.sum().backward(retain_graph=True)
before = set(sys.modules)
print("after a sum and backward():", len(before), "modules; sympy among them:", "sympy" in before)
(given,) = torch.autograd.grad(y, [x], direction)
new = set(sys.modules) - before
print("after grad_outputs:", len(new), "modules more; sympy among them:", "sympy" in new)
assert torch.equal(summed, given)
assert "sympy" not in before and "sympy" in new and "torch.fx.experimental.symbolic_shapes" in new
PYTHON
