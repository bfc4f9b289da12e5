#!/usr/bin/env python3
"""The committed model is what the committed command makes of the committed recordings.  starter_model_test.py DAVY"""
import hashlib
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


with tempfile.TemporaryDirectory() as scratch:
    made = pathlib.Path(scratch) / "starter.davym"
    subprocess.run([ROOT / "models/train", pathlib.Path(sys.argv[1]).resolve(), made], check=True)
    committed = ROOT / "models/starter.davym"
    if digest(made) != digest(committed):
        sys.exit(f"models/train makes {digest(made)}, committed is {digest(committed)}: run models/train and commit the model")
print("retrained to the byte")
