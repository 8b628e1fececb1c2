#!/bin/sh
# Writes docker/lock/*.txt anew: every package of the images, pinned, with the hashes of its files. Needs uv.
# torch and what its CUDA build brings are not in them: the Dockerfile installs torch by itself.
set -eu
cd "$(dirname "$0")/.."
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@"
}
compile pyproject.toml --extra heif -o docker/lock/cpu.txt
echo "torch==2.13.0" | compile pyproject.toml --extra heif --extra diffusion --constraint - \
    --constraint docker/lock/cpu.txt $(printf -- '--no-emit-package %s ' torch triton cuda-toolkit cuda-bindings \
    cuda-pathfinder) -o docker/lock/cuda.tmp
python3 - docker/lock/cuda.tmp docker/lock/cuda.txt <<'PY'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
entries = re.split(r"(?m)^(?=[a-z0-9])", text)
kept = [one for one in entries if not re.match(r"nvidia-(?!ml-py)", one)]
open(sys.argv[2], "w", encoding="utf-8").write("".join(kept))
PY
rm docker/lock/cuda.tmp
compile pyproject.toml --extra heif --extra postgres --extra s3 --extra ray \
    --constraint docker/lock/cpu.txt -o docker/lock/cpu-ray.txt
python3 - docker/lock/cpu.txt docker/lock/cuda.txt docker/lock/cpu-ray.txt <<'PY'
import re, sys
def entries(path):
    return [one for one in re.split(r"(?m)^(?=[a-z0-9])", open(path, encoding="utf-8").read()) if one.strip()]
def name(entry):
    return re.match(r"[a-z0-9._-]+", entry)[0]
cpu, cuda = ({name(one): one for one in entries(path)} for path in sys.argv[1:3])
ray = {name(one): one for one in entries(sys.argv[3])}
differ = [n for n in ray if n in cuda and ray[n].split()[0] != cuda[n].split()[0]]
if differ:
    sys.exit(f"the locks differ in {differ}")
PY
echo "hatchling>=1.27" | compile - -o docker/lock/build.txt
