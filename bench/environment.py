"""The pinned environment that measurements beside Python's rivals run in: 600 MB from PyPI, once, below build/venvs."""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(words):
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, words))} failed:\n{done.stdout[-2000:]}")


def enter_venv(script):
    """Goes on with `script` in the environment, which is named by the pins: changed ones make a new one, a half-made one is never used."""
    pins = HERE / "models_requirements.txt"
    venvs = ROOT / "build/venvs"
    venv = venvs / ("models-" + hashlib.sha256(pins.read_bytes()).hexdigest()[:12])
    if pathlib.Path(sys.prefix) == venv:
        return
    venvs.mkdir(parents=True, exist_ok=True)
    with open(venvs / "models.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not venv.exists():
            say(f"making {venv} (600 MB from PyPI, once)")
            part = venv.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            run([sys.executable, "-m", "venv", "--copies", part])
            run([part / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
                 "--only-binary", ":all:", "-r", pins])
            part.rename(venv)
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    os.execve(venv / "bin/python", [venv / "bin/python", "-I", script, *sys.argv[1:]], os.environ | one)
