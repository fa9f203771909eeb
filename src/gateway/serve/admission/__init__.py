"""Admission control: who is answered now, who waits, who is refused.

In: requests, with their client, size and deadline. Out: a slot, or an OverloadError.
"""

from gateway.serve.admission.slots import Admission

__all__ = ["Admission"]
