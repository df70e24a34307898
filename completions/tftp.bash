# bash completion for tftp: asks the program itself what may come next.
_tftp() {
    local line=${COMP_LINE:0:COMP_POINT} value help
    COMPREPLY=()
    while IFS=$'\t' read -r value help; do
        COMPREPLY+=("$value")
    done < <("$1" __complete-line -- "$line" "$COMP_WORDBREAKS" 2>/dev/null </dev/null)
    # Bash quotes file names, and adds no space after a directory.
    compopt -o filenames 2>/dev/null
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _tftp tftp
