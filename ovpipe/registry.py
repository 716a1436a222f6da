"""Registry: the calculators that a graph may name."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TypeVar, overload

from ovpipe.calculator import Calculator
from ovpipe.errors import RegistryError, did_you_mean, is_interrupt

ENTRY_POINT_GROUP = "ovpipe.calculators"
MARK = "__ovpipe_name__"

C = TypeVar("C", bound=type[Calculator])


@overload
def register(cls: C, /) -> C: ...
@overload
def register(*, name: str) -> _Marker: ...
def register(cls: C | None = None, /, *, name: str | None = None) -> C | _Marker:
    """Marks a calculator so that graphs can name it, by its class name unless `name` is given.

    It only marks the class: a Registry collects the marked classes of modules that it gets.
    """
    marker = _Marker(name)
    return marker if cls is None else marker(cls)


class _Marker:
    def __init__(self, name: str | None) -> None:
        self.name = name

    def __call__(self, cls: C) -> C:
        if not issubclass(cls, Calculator):
            raise RegistryError(f"@register marks subclasses of Calculator, and {cls.__name__} is none")
        setattr(cls, MARK, self.name or cls.__name__)
        return cls


class Registry:
    """A set of calculators by name. There is no global registry: the code that loads a graph passes one."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Calculator]] = {}
        self._broken: dict[str, str] = {}
        self._folders: dict[Path, None] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """The projects' folders that were collected."""
        return tuple(self._folders)

    @property
    def broken(self) -> Mapping[str, str]:
        """The entry points that could not be imported, each with the reason."""
        return MappingProxyType(self._broken)

    @classmethod
    def of(cls, *classes: type[Calculator]) -> Registry:
        """A registry of these calculators only."""
        registry = cls()
        for calculator in classes:
            registry.add(calculator)
        return registry

    @classmethod
    def installed(cls) -> Registry:
        """The calculators of ovpipe and of every package with an `ovpipe.calculators` entry point.

        When an entry point cannot be imported, the registry lacks only its calculators, and an unknown name
        in a graph reports the reason.
        """
        registry = cls()
        for entry in entry_points(group=ENTRY_POINT_GROUP):
            try:
                registry.collect(entry.load())
            except BaseException as error:  # a third party's import may raise anything
                if is_interrupt(error):
                    raise
                registry._broken[f"{entry.name} = {entry.value}"] = f"{type(error).__name__}: {error}"
        return registry

    def copy(self) -> Registry:
        """A registry of the same calculators, which others may be added to."""
        other = Registry()
        other._classes = dict(self._classes)
        other._broken = dict(self._broken)
        other._folders = dict(self._folders)
        return other

    def add(self, cls: type[Calculator], name: str | None = None) -> None:
        """Adds one class, marked or not."""
        key = name or vars(cls).get(MARK) or cls.__name__
        other = self._classes.get(key)
        if other is not None and other is not cls:
            raise RegistryError(
                f"two calculators are named {key!r}: {_place(other)} and {_place(cls)}; "
                "rename one, or give it a name: @register(name=...)"
            )
        self._classes[key] = cls

    def collect(self, module: ModuleType) -> None:
        """Adds every marked class defined in a module or, when it is a package, anywhere below it."""
        for found in [module, *_submodules(module)]:
            for value in vars(found).values():
                if isinstance(value, type) and issubclass(value, Calculator) and MARK in vars(value):
                    self.add(value)

    def collect_folder(self, folder: Path) -> None:
        """Adds the calculators of a project's folder, imported under a private package name.

        The name goes by the folder and its sources: when they have changed they are imported anew, beside the
        modules that graphs use which were loaded before.
        """
        folder = folder.resolve()
        if not folder.is_dir():
            raise RegistryError(f"there is no folder of calculators at {folder}")
        self._folders[folder] = None
        name = f"_ovpipe_project_{_digest(folder)}"
        try:
            self.collect(sys.modules.get(name) or _import_folder(name, folder))
        except RegistryError:
            raise
        except SyntaxError as error:
            raise RegistryError(f"{error.filename}:{error.lineno}: {error.msg}") from error
        except BaseException as error:  # a user's module may raise anything, SystemExit too
            if is_interrupt(error):
                raise
            last = traceback.extract_tb(error.__traceback__)[-1]
            raise RegistryError(f"{last.filename}:{last.lineno}: {type(error).__name__}: {error}") from error

    def of_another_process(self, folder: Path | None) -> Registry:
        """What a process finds that is given these folders, and one more if there is one."""
        registry = Registry.installed()
        for each in (*self.folders, *([folder] if folder is not None else [])):
            registry.collect_folder(each)
        return registry

    def __getitem__(self, name: str) -> type[Calculator]:
        try:
            return self._classes[name]
        except KeyError:
            broken = "".join(
                f"; the entry point {entry} failed: {why}" for entry, why in self._broken.items()
            )
            raise RegistryError(
                f"unknown calculator {name!r}: {did_you_mean(name, self._classes)}{broken}"
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        return len(self._classes)


def _submodules(package: ModuleType) -> Iterator[ModuleType]:
    paths = getattr(package, "__path__", None)
    if paths is not None:
        for info in pkgutil.walk_packages(paths, package.__name__ + "."):
            yield importlib.import_module(info.name)


def _digest(folder: Path) -> str:
    """Of a folder's path and of the sources in it."""
    digest = hashlib.sha256(str(folder).encode())
    for file in sorted(folder.rglob("*.py")):
        with contextlib.suppress(OSError):  # the import says what is wrong with it
            digest.update(f"\0{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _import_folder(name: str, folder: Path) -> ModuleType:
    init = folder / "__init__.py"
    if init.exists():
        spec = spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    else:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    if spec is None:
        raise RegistryError(f"{folder} cannot be imported")
    module = module_from_spec(spec)
    importlib.invalidate_caches()  # a file that is new since the folder was looked through
    sys.modules[name] = module
    try:
        if spec.loader is not None:
            spec.loader.exec_module(module)
    except BaseException:  # half a module is no module, whatever stopped its import
        del sys.modules[name]
        raise
    return module


def _place(cls: type[Calculator]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
