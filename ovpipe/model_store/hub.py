"""Repositories of Hugging Face's hub, or of one that speaks its API: what they hold, and their files here.

huggingface_hub does the work; so HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to it,
and the files stand in its cache, which other programs share.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from ovpipe.model_store.contents import Form, form_of, gguf_file, patterns_of
from ovpipe.model_store.errors import ModelStoreError

SPARE_BYTES: Final = 256 << 20
"""What a download leaves free on the disk."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A repository's files on this machine."""

    form: Form
    revision: str
    """The commit, in full."""
    folder: Path
    """The snapshot in the hub's cache."""
    file: str | None
    """The GGUF file of the folder that was chosen."""


@dataclass(frozen=True, kw_only=True)
class PlannedDownload:
    """What is to be downloaded of a repository."""

    repository: str
    revision: str | None
    """As it was asked for."""
    commit: str
    """What that is today, in full."""
    form: Form
    file: str | None
    patterns: list[str]
    files: int
    bytes: int
    """Of the files that are not here yet."""


def plan(repository: str, revision: str | None = None, file: str | None = None) -> PlannedDownload:
    """Asks the hub what the repository holds, or its cache when the hub is not to be asked.

    Raises ModelStoreError when the repository cannot be had, or holds no model.
    """
    where = f"the repository {repository}"
    with _errors_of_the_hub(repository, revision):
        if constants.is_offline_mode():
            # The patterns are of no file: the whole repository need not be here.
            here = Path(snapshot_download(repository, revision=revision, allow_patterns=["/"]))
            names = [str(one.relative_to(here)) for one in here.rglob("*")]
            commit = here.name
        else:
            info = HfApi().model_info(repository, revision=revision)
            names = [one.rfilename for one in info.siblings or ()]
            commit = info.sha or revision or "main"
        form = Form.GGUF if file is not None else form_of(names, where)
        chosen = gguf_file(names, file, where) if form is Form.GGUF else None
        patterns = patterns_of(form) if chosen is None else [chosen]
        missing: list[Any] = []
        if not constants.is_offline_mode():
            with _bars(shown=False):
                dry = snapshot_download(repository, revision=revision, allow_patterns=patterns, dry_run=True)
            missing = [one for one in dry if one.will_download]
    return PlannedDownload(
        repository=repository,
        revision=revision,
        commit=commit,
        form=form,
        file=chosen,
        patterns=patterns,
        files=len(missing),
        bytes=sum(one.file_size for one in missing),
    )


def download(planned: PlannedDownload, *, bars: bool) -> Download:
    """Brings the planned files here; what an interrupted download left is used.

    With `bars` stderr shows how far it is. Raises ModelStoreError, also before it begins when the disk has
    too little room.
    """
    cache = Path(constants.HF_HUB_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if planned.bytes + SPARE_BYTES > free:
        raise ModelStoreError(
            f"{planned.repository} takes {planned.bytes / 1e9:.1f} GB, and the disk of {cache} has "
            f"{free / 1e9:.1f} GB left; make room, or set HF_HOME to a folder of another disk"
        )
    with _errors_of_the_hub(planned.repository, planned.revision), _bars(shown=bars):
        # By the revision's name, which the cache then knows without the hub, too.
        folder = Path(
            snapshot_download(planned.repository, revision=planned.revision, allow_patterns=planned.patterns)
        )
    return Download(form=planned.form, revision=folder.name, folder=folder, file=planned.file)


@contextmanager
def _bars(*, shown: bool) -> Iterator[None]:
    """Within the block the hub's client shows its bars, or none."""
    hidden = are_progress_bars_disabled()
    (enable_progress_bars if shown else disable_progress_bars)()
    try:
        yield
    finally:
        (disable_progress_bars if hidden else enable_progress_bars)()


@contextmanager
def _errors_of_the_hub(repository: str, revision: str | None) -> Iterator[None]:
    """Raises ModelStoreError for what the hub answers or cannot answer."""
    try:
        yield
    except GatedRepoError as error:
        raise ModelStoreError(
            f"{repository} is gated: accept its terms at {constants.ENDPOINT}/{repository}, then set "
            "HF_TOKEN to a token of that account"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelStoreError(f"{repository} has no revision {revision!r}") from error
    except RepositoryNotFoundError as error:
        raise ModelStoreError(
            f"{constants.ENDPOINT} has no repository {repository}, or it is private: look at the spelling, "
            "or set HF_TOKEN to a token that may read it"
        ) from error
    except LocalEntryNotFoundError as error:
        raise ModelStoreError(
            f"{repository} is not in the cache {constants.HF_HUB_CACHE}, and the hub cannot be asked"
            + (": HF_HUB_OFFLINE is set" if constants.is_offline_mode() else f" ({error.__cause__ or error})")
        ) from error
    except HfHubHTTPError as error:
        raise ModelStoreError(f"the hub {constants.ENDPOINT} failed for {repository}: {error}") from error
    except httpx2.HTTPError as error:
        raise ModelStoreError(
            f"the hub {constants.ENDPOINT} cannot be reached ({error}); without a network, HF_HUB_OFFLINE=1 "
            "takes what is in the cache"
        ) from error
    except OSError as error:
        raise ModelStoreError(f"{repository} could not be downloaded: {error}") from error
