# SPDX-License-Identifier: BSD-2-Clause
# Completion of caisson's commands, options and virtual machines in bash.

_caisson_names() {
	local folder
	for folder in /run/caisson/*/; do
		[ -S "$folder/control.sock" ] && basename "$folder"
	done
}

_caisson() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=
	if [ "$COMP_CWORD" -eq 1 ]; then
		words="run list info stats console pause resume stop guest agent log help"
	else
		case ${COMP_WORDS[1]} in
		run)
			case $before in
			--config | --kernel | --initrd | --disk | --firmware | --flash-vars | --console)
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
				;;
			--net) words="user tap" ;;
			--guest-tools) words="vmware vmware,ro off" ;;
			*) words=$(caisson run --help | grep -o -- '^  --[a-z-]*') ;;
			esac
			;;
		list) words="--json --help" ;;
		info | stats) words="--json --help $(_caisson_names)" ;;
		guest)
			case $COMP_CWORD in
			2) words="--help $(_caisson_names)" ;;
			3) words="get set list shutdown reboot sync-time ip freeze thaw" ;;
			*) words="--timeout --force --json --raw" ;;
			esac
			;;
		agent)
			case $COMP_CWORD in
			2) words="--help $(_caisson_names)" ;;
			3) words="guest-exec guest-exec-status guest-fsfreeze-freeze guest-fsfreeze-status
				guest-fsfreeze-thaw guest-get-osinfo guest-get-time guest-info
				guest-network-get-interfaces guest-ping guest-set-time guest-shutdown" ;;
			*) words="--timeout" ;;
			esac
			;;
		stop) words="--force --timeout --help $(_caisson_names)" ;;
		console | pause | resume | log) words="--help $(_caisson_names)" ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _caisson caisson
