"""Installs what ccmarket needs: `python3 ccmarket/embedded/install.py demo|all|compile`.

Run by the machine's own Python, before anything is installed: standard library only, and written
so that an old Python still gets as far as the sentence that asks for a newer one. What is already
installed is recognised by a checksum of the requirement and lock files.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
NODE_MODULES = PROJECT / "node_modules"
LOG = PROJECT / "var" / "log" / "setup.log"

PYTHON_MIN = (3, 11)
NPM_MAJOR_MIN = 8
REQUIREMENTS = {
    "demo": ["requirements.txt"],
    "all": ["requirements.txt", "requirements-dev.txt"],
}
LOG_TAIL_LINES = 30


class SetupError(Exception):
    """What is missing and how to get it."""


def checksum(*names: str) -> str:
    digest = hashlib.sha256(str(sys.version_info[:2]).encode())
    for name in names:
        digest.update((PROJECT / name).read_bytes())
    return digest.hexdigest()


def is_stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


def run(title: str, command: "list[str]") -> None:
    """Run quietly; on failure show the end of what it said."""
    print(f"  {title} ...", flush=True)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    started_s = time.monotonic()
    with LOG.open("ab") as log:
        begin = log.tell()
        done = subprocess.run(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        )
    if done.returncode:
        lines = LOG.read_bytes()[begin:].decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        raise SetupError("\n".join([*lines, "", f"{title} failed; the whole log is {LOG}"]))
    print(f"  {title}: {time.monotonic() - started_s:.0f} s", flush=True)


def require_python() -> None:
    if sys.version_info < PYTHON_MIN:
        have = ".".join(str(part) for part in sys.version_info[:3])
        raise SetupError(
            f"ccmarket needs Python 3.11 or newer; this is {have}.\n"
            "Install one, and name it if it is not `python3`: make demo PYTHON=python3.12"
        )


def make_venv() -> None:
    """Create .venv, or make it again when its Python is gone or is another version than ours."""
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        question = "import sys; print('%d.%d' % sys.version_info[:2])"
        answer = subprocess.run(
            [str(VENV_PYTHON), "-c", question], capture_output=True, text=True, check=True
        )
        if answer.stdout.strip() == ours:
            return
    except (OSError, subprocess.CalledProcessError):
        pass
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        raise SetupError(
            "This Python cannot make virtual environments. On Debian and Ubuntu:\n"
            f"apt-get install python{ours}-venv"
        ) from error
    shutil.rmtree(VENV, ignore_errors=True)
    run("Virtual environment", [sys.executable, "-m", "venv", str(VENV)])


def install_python_packages(name: str) -> None:
    stamp, value = VENV / f".installed-{name}", checksum(name)
    if is_stamped(stamp, value):
        return
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    run(f"Python packages ({name})", [*pip, "--require-hashes", "-r", name])
    stamp.write_text(value)


def usable_npm() -> "str | None":
    """The machine's npm if it is recent enough, else the one in .venv if there is one."""
    for candidate in (shutil.which("npm"), str(VENV / "bin" / "npm")):
        if not candidate or not os.path.exists(candidate):
            continue
        asked = subprocess.run(
            [candidate, "--version"], capture_output=True, text=True, check=False
        )
        major = asked.stdout.strip().split(".")[0]
        if asked.returncode == 0 and major.isdigit() and int(major) >= NPM_MAJOR_MIN:
            return candidate
    return None


def install_npm_packages(scope: str) -> None:
    """The demo needs the chain and the front end; building contracts needs the rest."""
    stamp, value = NODE_MODULES / ".installed", checksum("package.json", "package-lock.json")
    enough = ["all", "demo"] if scope == "demo" else ["all"]
    if any(is_stamped(stamp, f"{value} {installed}") for installed in enough):
        return
    npm = usable_npm()
    if npm is None:
        install_python_packages("requirements-node.txt")
        npm = usable_npm()
    if npm is None:
        raise SetupError("npm does not work, not even the one from Python's package index.")
    # No package here needs its install script: the chain's program is started directly.
    command = [npm, "ci", "--ignore-scripts", *(["--omit=dev"] if scope == "demo" else [])]
    run("npm packages", command)
    stamp.write_text(f"{value} {scope}")


def can_compile() -> bool:
    """Whether there is a C compiler, and what Python gives to it."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    return shutil.which(compiler) is not None and os.path.exists(header)


def is_compiled() -> bool:
    sys.path.insert(0, str(PROJECT))
    from apps.orderbook.engine import compiled

    return compiled.library(compiled.folder()).exists()


def compile_engine() -> None:
    """Once for what is there now. Nothing depends on it: the engine works as Python, too."""
    if not can_compile():
        print("  There is no C compiler here: the engine runs as Python, which is slower.")
    elif not is_compiled():
        try:
            install_python_packages("requirements-compile.txt")
            run("Engine, compiled", [str(VENV_PYTHON), "-m", "ccmarket.embedded.compiling"])
        except SetupError as error:
            print(f"{error}\nThe engine runs as Python, which is slower.", flush=True)


def main(scope: str) -> int:
    if scope == "compile":
        compile_engine()
        return 0
    try:
        require_python()
        make_venv()
        for name in REQUIREMENTS[scope]:
            install_python_packages(name)
        install_npm_packages(scope)
        if scope == "all":
            compile_engine()
    except SetupError as error:
        print(f"\n{error}\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
