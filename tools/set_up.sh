#!/bin/sh
# Finds a Python that unstill runs on, the one named first, and hands over to set_up.py beside this file.
# Usage: set_up.sh PYTHON VENV
here=$(dirname "$0")
zh() { case ${UNSTILL_LANG:-${LC_ALL:-${LC_MESSAGES:-$LANG}}} in zh*) true;; *) false;; esac; }
ask='import sys; sys.stdout.write("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))'

wanted=$1
seen=
for name in "$wanted" python3 python3.13 python3.12 python3.11 python3.14 python; do
    if version=$("$name" -c "$ask" 2>/dev/null); then
        if [ "$name" != "$wanted" ] && [ "$name" != python3 ]; then
            if zh; then echo "$wanted 不合适，改用 $name（Python $version）。"
            else echo "$wanted will not do; $name is Python $version and is used."; fi
        fi
        exec "$name" "$here/set_up.py" "$2"
    fi
    [ -z "$seen" ] && [ -n "$version" ] && seen="$name is Python $version"
done
if zh; then
    echo "unstill 需要 Python 3.11 或更新的版本；这里${seen:+的 }${seen:-没有 Python}。"
    echo "请先安装，例如 Debian 或 Ubuntu：sudo apt install python3 python3-venv，再重新运行；"
    echo "如果它叫别的名字：make PYTHON=/它的/路径/python3.12 start"
else
    echo "unstill needs Python 3.11 or newer; ${seen:-there is no Python} here."
    echo "Install one and run this again. On Debian or Ubuntu: sudo apt install python3 python3-venv"
    echo "Where it has a name or place of its own: make PYTHON=/its/place/python3.12 start"
fi >&2
exit 1
