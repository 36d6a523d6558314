"""A network as it is now, to be put back: its modules, weights and settings. Nothing is copied but references."""

from __future__ import annotations

from typing import Any

# What a module holds its parts in; everything else of it is a plain attribute.
_PARTS = ("_modules", "_parameters", "_buffers")


class Snapshot:
    """What a network is made of. Layers that were put around others, weights that were exchanged, vocabularies that
    grew: `restore` puts the same objects back, so the network answers bit for bit as before.

    What writes into the storage of a weight is not undone: give it a copy first (`spare`).
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._state = [_ModuleState(module) for module in network.modules()]
        configs = {id(config): config for config in _configs(network)}
        self._configs = [(config, dict(vars(config))) for config in configs.values()]

    def restore(self) -> None:
        """Put the network back as it was."""
        for state in self._state:
            state.restore()
        for config, attributes in self._configs:
            vars(config).clear()
            vars(config).update(attributes)
        vars(self._network).pop("peft_config", None)

    def spare(self, wrapped: Any, written: set[str]) -> None:
        """Put copies in the place of weights that are written into; tied weights stay tied.

        Args:
            wrapped: The network, with what was put around it.
            written: Names of weights in `wrapped`.
        """
        own = {id(weight) for state in self._state for weight in state.weights()}
        copies: dict[int, Any] = {}
        for name, weight in wrapped.named_parameters(remove_duplicate=False):
            if id(weight) in own and name in written and id(weight) not in copies:
                copies[id(weight)] = type(weight)(weight.detach().clone(), requires_grad=False)
        if not copies:
            return
        for module in wrapped.modules():
            for name, weight in module._parameters.items():
                module._parameters[name] = copies.get(id(weight), weight)


class _ModuleState:
    """One module: its parts, the tensors of its weights, its attributes."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._class = type(module)
        self._parts = {kind: dict(getattr(module, kind)) for kind in _PARTS}
        self._tensors = [(tensor, tensor.data, tensor.requires_grad) for tensor in self.weights()]
        # tables of hooks stay what they are: whoever put a hook there takes it off
        self._attributes = {
            name: value
            for name, value in vars(module).items()
            if name not in _PARTS and not name.endswith(("_hooks", "_hooks_with_kwargs", "_always_called"))
        }

    def weights(self) -> list[Any]:
        """Parameters and buffers of the module itself."""
        held = [*self._parts["_parameters"].values(), *self._parts["_buffers"].values()]
        return [tensor for tensor in held if tensor is not None]

    def restore(self) -> None:
        """Put the module back as it was."""
        for kind, parts in self._parts.items():
            now = getattr(self._module, kind)
            now.clear()
            now.update(parts)
        vars(self._module).update(self._attributes)
        if type(self._module) is not self._class:  # weights that were parametrized change it
            self._module.__class__ = self._class
        for tensor, data, requires_grad in self._tensors:
            if (
                tensor.data_ptr() != data.data_ptr()
                or tensor.shape != data.shape
                or tensor.dtype != data.dtype
            ):
                tensor.data = data
            if tensor.is_leaf:
                tensor.requires_grad_(requires_grad)


def _configs(network: Any) -> list[Any]:
    """The network's configuration with the ones inside it."""
    found: list[Any] = []
    for module in network.modules():
        config = getattr(module, "config", None)
        if config is not None and hasattr(config, "to_dict"):
            found += [config, *(part for part in vars(config).values() if hasattr(part, "to_dict"))]
    return found
