"""The rate of a quantized network as a function that can be minimised.

The function charges the bits of the range coder: code lengths come from the laws, forms and classes that the file will
have. They are chosen anew from the actual symbols from time to time, and constant in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from nervcodec.entropy.fitting import code_lengths
from nervcodec.entropy.forms import PREDICTED, REFERS, Form, Kind, Symbols, cheapest_form, fitted_form, mixed_form
from nervcodec.entropy.mixing import Mixing, lengths_around, mixing_of
from nervcodec.entropy.priors import Prior
from nervcodec.quantization import QuantizedTensor, dequantize, rescaled
from nervcodec.training.checkpoint import State
from nervcodec.training.quantizing import Quantizer, quantized

SIDE_BITS = 24
"""Bits of a tensor's flags, step and magnitude."""
ALL_KINDS = 10
"""Fits of the model from one that tries all kinds of forms to the next; those between keep the kinds (ours)."""


@dataclass(frozen=True)
class _ClassLengths:
    """Code lengths of one tensor's symbols, which are in classes."""

    flags: int
    offsets: Tensor
    """Start of the table of each symbol's class in the flat tables."""
    bases: Tensor
    """Values at 0 of the lines from each magnitude's code length to the next, one class after the other."""
    slopes: Tensor
    """Slopes of the lines from each magnitude's code length to the next, one class after the other."""
    last: int
    """The largest magnitude in the tables."""

    def to(self, device: torch.device) -> "_ClassLengths":
        """A copy on a device."""
        offsets, bases, slopes = (table.to(device) for table in (self.offsets, self.bases, self.slopes))
        return replace(self, offsets=offsets, bases=bases, slopes=slopes)

    def expected(self, scaled: Tensor, noise: Tensor) -> Tensor:
        """Bits of values in units of their step, with noise in place of rounding."""
        coded = scaled + noise
        if self.flags & PREDICTED:
            coded = torch.cat([coded[:1], coded[1:] - quantized(scaled[:-1], scaled.new_ones(()))])
        magnitude = coded.abs().flatten()
        at = self.offsets + magnitude.detach().nan_to_num().clamp(max=self.last - 1).long()
        return self.bases.index_select(0, at).sum() + self.slopes.index_select(0, at) @ magnitude


@dataclass(frozen=True)
class _CellLengths:
    """Code lengths of one tensor's symbols, each of which has a law of its own."""

    symbols: Tensor
    """The symbols to which the model was fitted."""
    lengths: Tensor
    """Code length of each symbol."""
    below: Tensor
    """Slope of the line from the code length of the symbol less 1."""
    above: Tensor
    """Slope of the line to the code length of the symbol plus 1."""

    @property
    def total(self) -> float:
        """Bits of the symbols."""
        return float(self.lengths.double().sum())

    def to(self, device: torch.device) -> "_CellLengths":
        """A copy on a device."""
        return _CellLengths(*(table.to(device) for table in (self.symbols, self.lengths, self.below, self.above)))

    def expected(self, scaled: Tensor, noise: Tensor) -> Tensor:
        """Bits of values in units of their step, with noise in place of rounding; never less than 0 for any of them,
        however far it went along its line since the model was fitted."""
        away = scaled + noise - self.symbols
        return (self.lengths + torch.where(away < 0, self.below, self.above) * away).clamp(min=0).sum()


@dataclass(frozen=True)
class Choice:
    """What a rate model is after a fit, by the names of tensors."""

    symbols: Mapping[str, QuantizedTensor]
    """Symbols that it was fitted to."""
    forms: Mapping[str, Form]
    lengths: Mapping[str, _ClassLengths | _CellLengths]


class RateModel:
    """Model of the bits of all tensors of a quantizer.

    temporal: names of the tensors whose first axis is time.
    references: tensors that other tensors may be coded as differences to, by name.
    """

    def __init__(
        self,
        quantizer: Quantizer,
        temporal: set[str],
        symbols: Mapping[str, QuantizedTensor],
        references: Mapping[str, QuantizedTensor] = MappingProxyType({}),
    ) -> None:
        self.quantizer, self.temporal = quantizer, temporal
        self.references = references
        device = quantizer.log_steps.device
        self._values = {name: dequantize(tensor).to(device) for name, tensor in references.items()}
        self.fits = 0
        """Number of fits so far."""
        self._kinds: Mapping[str, Kind] = {}
        self.total_bits = 0.0
        """Bits of symbols and side information when the model was last fitted."""
        self.fit(symbols)

    def fit(self, symbols: Mapping[str, QuantizedTensor]) -> None:
        """Choose forms and priors for the symbols as they are."""
        self.take(self.choose(symbols))

    def choose(self, symbols: Mapping[str, QuantizedTensor]) -> Choice:
        """Forms and priors for symbols, which `take` puts into effect; a thread may do this, on the CPU alone."""
        return self._choice(symbols, self._kinds if self.fits % ALL_KINDS else {})

    def take(self, choice: Choice) -> None:
        """Charge by a choice from now on."""
        device = self.quantizer.log_steps.device
        self.symbols, self._forms, self.fits = choice.symbols, choice.forms, self.fits + 1
        self._kinds = {name: form.kind for name, form in choice.forms.items()}
        self.total_bits = sum(form.bits + SIDE_BITS for form in choice.forms.values())
        self._lengths = {name: lengths.to(device) for name, lengths in choice.lengths.items()}

    def state(self) -> State:
        """The symbols that the model was last fitted to, and what it chose."""
        tensors = {f"symbols {name}": torch.from_numpy(tensor.symbols) for name, tensor in self.symbols.items()}
        steps = {name: tensor.steps for name, tensor in self.symbols.items()}
        return State({"steps": steps, "kinds": self._kinds, "fits": self.fits}, tensors)

    def restore(self, state: State) -> None:
        """The inverse of the method `state`; the argument may have other numbers and tensors too."""
        steps, tensors = state.numbers["steps"], state.tensors
        symbols = {n: QuantizedTensor(tensors[f"symbols {n}"].numpy(), tuple(steps[n])) for n in self.symbols}
        self.take(self._choice(symbols, state.numbers["kinds"]))
        self.fits = state.numbers["fits"]

    def bits(self, tensors: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        """Expected bits of all symbols under uniform noise in place of rounding (Balle et al., ICLR 2017), a scalar."""
        steps, expected = self.quantizer.steps(), []
        for name, lengths in self._lengths.items():
            scaled = tensors[name] / steps[name]
            if self._forms[name].flags & REFERS:
                scaled = scaled - (self._values[name] / steps[name]).detach().round()
            noise = torch.rand(scaled.shape, generator=generator, device=scaled.device) - 0.5
            expected.append(lengths.expected(scaled, noise))
        return torch.stack(expected).sum()

    def _choice(self, symbols: Mapping[str, QuantizedTensor], kinds: Mapping[str, Kind]) -> Choice:
        """The cheapest forms; where kinds are given, of these if possible."""
        found = {name: self._charged(name, tensor, kinds.get(name)) for name, tensor in symbols.items()}
        forms = {name: form for name, (form, _) in found.items()}
        return Choice(symbols, forms, {name: lengths for name, (_, lengths) in found.items()})

    def _charged(
        self, name: str, tensor: QuantizedTensor, kind: Kind | None
    ) -> tuple[Form, _ClassLengths | _CellLengths]:
        """The form of a tensor, and its code lengths on the CPU."""
        symbols, temporal, reference = tensor.symbols, name in self.temporal, self.references.get(name)
        near = None if reference is None else rescaled(reference, tensor.steps[0])
        flags, networks = kind or (None, None)
        mixing = None if networks is None else mixing_of(symbols, networks)
        if mixing is None:
            form = None if flags is None else fitted_form(symbols, temporal, flags, near)
            form = form or cheapest_form(symbols, temporal, reference=near)
            if form.mixing is None:
                return form, _class_lengths(form)
            mixing = form.mixing
        charged = _cell_lengths(symbols, mixing)
        return mixed_form(mixing, charged.total), charged


def _class_lengths(form: Form) -> _ClassLengths:
    priors = tuple(replace(p, magnitude=1) if p == Prior(0) else p for p in form.priors)
    bits, last = code_lengths(priors), priors[0].magnitude
    slopes = np.diff(bits)
    bases = bits[:, :-1] - slopes * np.arange(last)
    offsets = form.classes.ravel().astype(np.int64) * last
    offset, base, slope = (torch.from_numpy(table) for table in (offsets, bases.ravel(), slopes.ravel()))
    return _ClassLengths(form.flags, offset, base.float(), slope.float(), last)


def _cell_lengths(symbols: Symbols, mixing: Mixing) -> _CellLengths:
    below, own, above = lengths_around(symbols, mixing)
    return _CellLengths(*(torch.from_numpy(a).float() for a in (symbols, own, own - below, above - own)))
