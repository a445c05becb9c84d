#!/bin/sh
# Prints the interpreter that a name such as python3.13 stands for and an environment can be made of, or nothing. A name
# on the path may be a stand-in of pyenv that only says which versions would have it, so the versions that pyenv keeps are
# asked as well, newest first.
name=$1
works() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

if works "$name"; then
  echo "$name"
  exit
fi
case $name in
python3.*) command -v pyenv >/dev/null 2>&1 || exit 0 ;;
*) exit 0 ;;
esac
pyenv root | while read -r root; do
  printf '%s\n' "$root/versions/${name#python}".*"/bin/$name" | sort -rV | while read -r kept; do
    if works "$kept"; then
      echo "$kept"
      break
    fi
  done
done
