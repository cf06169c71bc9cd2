# shellcheck shell=bash
# How build.sh runs tests. Sourced by it.

# in_tool PROFILE COMMAND...: the sanitizers of this compiler want their shadow memory where a kernel
# with much address randomisation may have put something else; so randomisation is off for them.
in_tool() {
	local profile=$1 fixed=()
	shift
	if [[ $profile == plain ]]; then
		"$@"
		return
	fi
	! setarch -R true 2>/dev/null || fixed=(setarch -R)
	ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1 \
		UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
		TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
		"${fixed[@]}" "$@"
}
