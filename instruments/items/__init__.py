"""The item types: one file each, found by being in this folder."""

from importlib import import_module
from pkgutil import iter_modules

from instruments.items.base import ITEM_TYPES, Item

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["ITEM_TYPES", "Item"]
