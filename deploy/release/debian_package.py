"""Debian packages: the `.deb` of the gateway and of the node, made by `dpkg-deb`.

Below `/opt/joint-patrol` each lays what pip would: the wheels that `requirements/*.txt` pin by hash
and one of our own, as a virtual environment on Debian's Python. Modules that are compiled bind a
package to one minor version of Python, so to one release of Debian, and to one machine; wheels of
another machine are fetched as they are, so `arm64` is made on `amd64`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
TEMPLATES: Final = ROOT / "deploy" / "debian"
UNITS: Final = ROOT / "deploy" / "systemd"
PREFIX: Final = Path("opt/joint-patrol")
WHEEL_PLATFORMS: Final = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
"""Platforms of wheels as uv names them, by Debian's word for the machine."""

NO_WHEEL: Final = ("http-ece",)
"""Pins without a wheel on PyPI: Python alone, built here."""

_LEFT_OUT: Final = ("bin", "share", "test")  # of other projects: their commands, manuals, tests
_OF_THIS_MACHINE: Final = ("direct_url.json", "uv_cache.json", "REQUESTED")
_SCRIPTS: Final = ("postinst", "prerm", "postrm")


@dataclass(frozen=True, kw_only=True)
class DebianPackage:
    """One package.

    Attributes:
        name: Its name, and that of its folder of templates.
        pins: Files of `requirements/` that it brings.
        wheel: Pattern of the name of its own wheel.
        command: What people type.
        module: Where the command's `main` is.
        units: Units of systemd.
        settings: Its settings file, below `/etc`.
        above: The package that lays a part of its files.
    """

    name: str
    pins: tuple[str, ...]
    wheel: str
    command: str
    module: str
    units: tuple[str, ...]
    settings: str
    above: str | None = None


GATEWAY: Final = DebianPackage(
    name="joint-patrol-gateway",
    pins=("gateway.txt",),
    wheel="joint_patrol_gateway-*.whl",
    command="radio-gateway",
    module="radio_gateway.__main__",
    units=("radio-gateway.service",),
    settings="radio-gateway/gateway.toml",
)
NODE: Final = DebianPackage(
    name="joint-patrol",
    pins=("run.txt", "postgres.txt"),
    wheel="joint_patrol-*.whl",
    command="joint-patrol",
    module="maps.__main__",
    units=("joint-patrol.service", "joint-patrol-watch@.service", "joint-patrol-web@.service"),
    settings="joint-patrol/patrol.toml",
    above="joint-patrol-gateway",
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What packages are made for.

    Attributes:
        version: Version of the sources.
        python: Debian's Python there, as `3.13`.
        machine: Debian's word for the machine, as `arm64`.
        made_at: Seconds since 1970, borne by all files: the same sources make the same package.
    """

    version: str
    python: str
    machine: str
    made_at: int

    @property
    def package_version(self) -> str:
        """Return the version of the package; one for a newer Debian is a newer one."""
        return f"{self.version}+py{self.python.replace('.', '')}"


def build_package(
    package: DebianPackage, target: Target, *, wheels: Path, work: Path, to: Path
) -> Path:
    """Build one package.

    Args:
        package: Which.
        target: For what.
        wheels: Folder of our own wheels.
        work: Empty folder for the tree of each package; that of `package.above` is in it already.
        to: Folder of the result.

    Returns:
        The file.
    """
    tree = work / package.name
    site = tree / PREFIX / "lib" / f"python{target.python}" / "site-packages"
    (own,) = wheels.glob(package.wheel)
    _install(site, target, own, package.pins)
    if package.above is not None:
        _leave_out_files_of(work / package.above, tree)
    else:
        _lay_environment(tree / PREFIX, target.python)
    _lay_command(package, tree)
    _lay_system_files(package, tree)
    _lay_control(package, target, tree)
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
    file = to / f"{package.name}_{target.package_version}_{target.machine}.deb"
    _run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(file), made_at=target.made_at)
    return file


def _install(site: Path, target: Target, own: Path, pins: tuple[str, ...]) -> None:
    """Lay the pinned wheels and our own into `site`, as they are for the target."""
    uv = [
        *("uv", "pip", "install", "--quiet", "--target", str(site), "--no-deps"),
        *("--python-version", target.python),
        *("--python-platform", WHEEL_PLATFORMS[target.machine]),
    ]
    pinned = [word for name in pins for word in ("-r", str(ROOT / "requirements" / name))]
    built = [word for name in NO_WHEEL for word in ("--no-binary", name)]
    _run(*uv, "--require-hashes", "--only-binary", ":all:", *built, *pinned)
    _run(*uv, str(own))
    for name in _LEFT_OUT:
        shutil.rmtree(site / name, ignore_errors=True)
    for path in [*site.rglob("__pycache__")]:
        shutil.rmtree(path)
    for name in _OF_THIS_MACHINE:
        for path in site.glob(f"*.dist-info/{name}"):
            path.unlink()
    (site / ".lock").unlink(missing_ok=True)


def _leave_out_files_of(above: Path, tree: Path) -> None:
    """Delete what the other package lays, which must be the same."""
    for path in _files(tree):
        other = above / path.relative_to(tree)
        if other.is_file():
            if _digest(path) != _digest(other):
                raise SystemExit(f"{path.relative_to(tree)} is another in {above.name}")
            path.unlink()
    for folder in sorted((each for each in tree.rglob("*") if each.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _lay_environment(prefix: Path, python: str) -> None:
    """Make `prefix` a virtual environment on Debian's own Python."""
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python3").symlink_to(f"/usr/bin/python{python}")
    (prefix / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    )


def _lay_command(package: DebianPackage, tree: Path) -> None:
    script = tree / PREFIX / "bin" / package.command
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(
        f"#!/{PREFIX}/bin/python3\nimport sys\n\nfrom {package.module} import main\n\n"
        "sys.exit(main())\n"
    )
    script.chmod(0o755)
    link = tree / "usr" / "bin" / package.command
    link.parent.mkdir(parents=True)
    link.symlink_to(f"/{PREFIX}/bin/{package.command}")


def _lay_system_files(package: DebianPackage, tree: Path) -> None:
    """Lay units, user, folders, settings and what people read."""
    templates = TEMPLATES / package.name
    documents = f"usr/share/doc/{package.name}"
    files = {
        f"usr/lib/sysusers.d/{package.name}.conf": templates / "sysusers.conf",
        f"usr/lib/tmpfiles.d/{package.name}.conf": templates / "tmpfiles.conf",
        f"etc/{package.settings}": templates / Path(package.settings).name,
        f"{documents}/copyright": TEMPLATES / "copyright",
        f"{documents}/CHANGELOG.md": ROOT / "CHANGELOG.md",
        f"{documents}/service.md": UNITS / "README.md",
        **{f"usr/lib/systemd/system/{name}": UNITS / name for name in package.units},
    }
    for name, source in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, tree / name)


def _lay_control(package: DebianPackage, target: Target, tree: Path) -> None:
    """Lay what dpkg reads."""
    files = sorted(_files(tree))
    sums = "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"
        f"  {path.relative_to(tree)}\n"
        for path in files
        if path.relative_to(tree).parts[0] != "etc"
    )
    control = tree / "DEBIAN"
    control.mkdir()
    major, minor = target.python.split(".")
    text = (TEMPLATES / package.name / "control").read_text(encoding="utf-8")
    fields = {
        "version": target.package_version,
        "machine": target.machine,
        "size_kib": str(sum(-(-path.stat().st_size // 1024) for path in files)),
        "python": target.python,
        "next_python": f"{major}.{int(minor) + 1}",
    }
    (control / "control").write_text(Template(text).substitute(fields), encoding="utf-8")
    (control / "conffiles").write_text(f"/etc/{package.settings}\n")
    (control / "md5sums").write_text(sums)
    for name in _SCRIPTS:
        shutil.copy(TEMPLATES / package.name / name, control / name)


def _files(tree: Path) -> Iterator[Path]:
    """Yield what is neither a folder nor a link."""
    for path in [*tree.rglob("*")]:
        if path.is_file() and not path.is_symlink():
            yield path


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _run(*command: str, made_at: int = 0) -> None:
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(made_at)} if made_at else None
    subprocess.run(command, check=True, env=environment)
