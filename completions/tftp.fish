# fish completion for tftp: asks the program itself what may come next.
function __tftp_complete
    set -l before (commandline -opc)
    set -l part (commandline -ct | string trim --left --chars "'\"" | string unescape)
    command $before[1] __complete -- $before[2..] "$part" 2>/dev/null </dev/null
end
complete -c tftp -f -k -a '(__tftp_complete)'
