# bash completion for tftp: asks the program itself what may come next.
_tftp() {
    local line=${COMP_LINE:0:COMP_POINT} value help only_paths=1
    COMPREPLY=()
    while IFS=$'\t' read -r value help; do
        COMPREPLY+=("$value")
        [[ $help == file || $help == directory ]] || only_paths=
    done < <("$1" __complete-line -- "$line" "$COMP_WORDBREAKS" 2>/dev/null </dev/null)
    # The program's order: lessons by their numbers.
    compopt -o nosort 2>/dev/null
    if [[ $only_paths ]]; then
        # Bash quotes paths itself, shows their last parts, and adds a slash to directories.
        COMPREPLY=("${COMPREPLY[@]%/}")
        compopt -o filenames 2>/dev/null
        return
    fi
    # Inside quotes, bash closes them.
    if [[ ${COMP_WORDS[COMP_CWORD]} != [\"\']* ]]; then
        for value in "${!COMPREPLY[@]}"; do
            printf -v "COMPREPLY[value]" %q "${COMPREPLY[value]}"
        done
    fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _tftp tftp
