# The applications; what stands behind them is completed for conclave-APPLICATION.
_conclave() {
  COMPREPLY=()
  ((COMP_CWORD == 1)) || return
  COMPREPLY=($(compgen -c -- "conclave-${COMP_WORDS[1]}" | sort -u))
  COMPREPLY=("${COMPREPLY[@]#conclave-}")
}
complete -o default -F _conclave conclave
