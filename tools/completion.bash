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
		words="run list info stats console pause resume stop snapshot restore migrate receive guest agent host-info log help"
	else
		case ${COMP_WORDS[1]} in
		run)
			case $before in
			--config | --kernel | --initrd | --disk | --firmware | --flash-vars | --console | --migratable)
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
				;;
			--net) words="user tap" ;;
			--time) words="auto masked" ;;
			--guest-tools) words="vmware vmware,ro off" ;;
			*) words=$(caisson run --help | grep -o -- '^  --[a-z-]*') ;;
			esac
			;;
		list | host-info) words="--json --help" ;;
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
		migrate) words="--rsh --name --config --max-downtime --force --disks-shared --json --cancel --help $(_caisson_names)" ;;
		receive) words="--name --config --ask --help" ;;
		resume) words="--force --help $(_caisson_names)" ;;
		snapshot)
			if [ "$COMP_CWORD" -eq 3 ]; then
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
			fi
			words="--info --json --stop --keep-running --help $(_caisson_names)"
			;;
		restore)
			if [ "$COMP_CWORD" -eq 2 ] && [ "${word#-}" = "$word" ]; then
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
				return
			fi
			words="--name --detach --force --help"
			;;
		stop) words="--force --timeout --help $(_caisson_names)" ;;
		console | pause | log) words="--help $(_caisson_names)" ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _caisson caisson
