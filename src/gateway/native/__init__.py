"""NOMAD's own API over the federation: strict, never short, never 503. Begin with `api.py`."""

from gateway.native.api import NativeApi
from gateway.native.call import NativeCall
from gateway.native.holders import Copies

__all__ = ["Copies", "NativeApi", "NativeCall"]
