# shellcheck shell=bash
# What install.sh and uninstall.sh begin with: nothing of the folder or the environment they are called from can run as
# root. Sourced; needs `script`, the path of the sourcing script.

# shellcheck disable=SC2154

cd /

# Variables that say where packages come from stay: pip takes none but those with the hashes of requirements.lock.
kept=()
strange=no
while IFS= read -r -d '' pair; do
    case ${pair%%=*} in
        PATH | HOME | TERM | LANG | LC_ALL | SUDO_USER) kept+=("$pair") ;;
        http_proxy | https_proxy | all_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | ALL_PROXY | NO_PROXY) kept+=("$pair") ;;
        PIP_INDEX_URL | PIP_EXTRA_INDEX_URL | PIP_FIND_LINKS | PIP_NO_INDEX | PIP_CERT | PIP_DEFAULT_TIMEOUT) kept+=("$pair") ;;
        *) strange=yes ;;
    esac
done </proc/$$/environ
[ $strange = no ] || exec env -i "${kept[@]}" /bin/bash -p "$script" "$@"
export HOME=/root
