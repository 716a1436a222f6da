"""ProcessorArguments: what a request may tell a logits processor."""

from __future__ import annotations

import msgspec


class ProcessorArguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Declares the arguments of a processor that requests pick by its name: each field is one.

    A field's type and `msgspec.Meta` say what is allowed; `__post_init__` raises ValueError for values that
    do not go together.
    """
