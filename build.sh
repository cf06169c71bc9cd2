#!/usr/bin/env bash
#
# The whole build of Sallyport; there is no other build system.
#
#   ./build.sh                       build/sallyport, fully static
#   ./build.sh run [ARG...]          build, then run in the foreground with a quickstart configuration
#   ./build.sh test [GROUP [NAME..]] every test, one group, or some tests of it (tests/lib/runner.sh)
#   ./build.sh fuzz [SECONDS [X..]]  fuzz longer than the tests do
#   ./build.sh soak [soak_sim|fuzz|guest|data] | bench [NAME...] | dist | clean
#
# While working:
#   ./build.sh unit NAME...          build and run tests/unit/test_NAME.c; broken files elsewhere do
#                                    not matter (PROFILE=asan or tsan picks a sanitizer)
#   ./build.sh obj FILE.c...         only look for errors in these files
#   ./build.sh asan|tsan|fuzz-build  a whole build with that tool
#
# What is built lands in build/; what is fetched and built from others in $SALLYPORT_CACHE
# (default: ~/.cache/sallyport), once per version, flags and compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly ROOT=$PWD
readonly CACHE=${SALLYPORT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sallyport}
readonly JOBS=${JOBS:-2}
export LC_ALL=C
umask 022

# --- what must be installed -----------------------------------------------------------------------

# ipsec-mb is the second ESP engine (core/crypto/esp_mb.c); it knows x86-64 only.
MB_PACKAGE= MB_LIB=
[[ $(uname -m) != x86_64 ]] || MB_PACKAGE=libipsec-mb-dev MB_LIB=-l:libIPSec_MB.a
readonly MB_PACKAGE MB_LIB

readonly BUILD_PACKAGES="gcc g++ libc6-dev make binutils dpkg-dev xz-utils libevent-dev libsqlite3-dev liblua5.4-dev $MB_PACKAGE"

# Debian's interpreter by its full name: python3-* packages belong to it and to no other.
readonly PYTHON=/usr/bin/python3

TEST_PACKAGES() {
	echo "clang libclang-rt-14-dev llvm python3 python3-scapy python3-cryptography tshark" \
		"tcpdump iproute2 iputils-ping iperf3 nftables sqlite3 gdb procps curl python3-prometheus-client" \
		"strongswan-swanctl charon-systemd strongswan-pki libcharon-extra-plugins" \
		"libcharon-extauth-plugins libstrongswan-standard-plugins libstrongswan-extra-plugins" \
		"rsyslog snmpd snmp snmptrapd smitools freeradius freeradius-utils hostapd eapoltest openssl isc-dhcp-server"
}

# need_packages PACKAGE...: installs the missing ones as root, otherwise says how.
need_packages() {
	local missing=() p
	for p in "$@"; do
		[[ $(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
	done
	((${#missing[@]})) || return 0
	if ((EUID != 0)); then
		echo "Some packages are missing. Install them with:" >&2
		echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
		exit 2
	fi
	echo "installing: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update >/dev/null || echo "apt-get update had errors; trying with what is known" >&2
	apt-get -q install -y --no-install-recommends "${missing[@]}" >"$(log_path packages)" 2>&1 || {
		tail -n 20 "$(log_path packages)" >&2
		die "apt-get install failed: ${missing[*]}"
	}
	# These are wanted as programs that tests start, not as daemons of this machine.
	[[ -d /run/systemd/system ]] || return 0
	local service
	for service in charon-systemd:strongswan.service rsyslog:rsyslog.service snmpd:snmpd.service \
		snmptrapd:snmptrapd.socket snmptrapd:snmptrapd.service \
		isc-dhcp-server:isc-dhcp-server.service; do
		[[ " ${missing[*]} " != *" ${service%%:*} "* ]] ||
			systemctl disable --now "${service#*:}" >/dev/null 2>&1 || true
	done
}

# --- small tools ----------------------------------------------------------------------------------

die() {
	echo "build.sh: $*" >&2
	exit 1
}

log_path() {
	mkdir -p build/log
	echo "build/log/$1.log"
}

# locked FILE COMMAND...: one at a time; several builds may be started in one tree.
locked() {
	local file=$1
	shift
	mkdir -p "$(dirname "$file")"
	(
		flock -n 9 || {
			echo "waiting for another build ($file)"
			flock 9
		}
		"$@" 9>&-
	) 9>"$file"
}

# put FILE: standard input becomes FILE, which is touched only when that changes it, so that make
# sees a new time only when there is something new.
put() {
	mkdir -p "$(dirname "$1")"
	cat >"$1.new.$$"
	if cmp -s "$1.new.$$" "$1"; then rm "$1.new.$$"; else mv "$1.new.$$" "$1"; fi
}

# sources DIR...: the C files below those that exist, in one order on every machine.
sources() {
	local d
	for d in "$@"; do [[ ! -d $d ]] || find "$d" -name '*.c'; done | sort
}

# --- profiles -------------------------------------------------------------------------------------

# plain is what ships: gcc, static-pie. The others are dynamic (the tools cannot do static) and
# rebuild BoringSSL with the tool too, so that it sees memory handed into the library.
profile() {
	P=$1
	WARN="-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla"
	WARN+=" -Wno-unused-parameter -Wno-missing-field-initializers"
	BASE="-std=c11 -D_GNU_SOURCE -g -fPIE -fno-common"
	DYNAMIC="-Wl,--as-needed $MB_LIB -levent_pthreads -levent_extra -levent_core -lsqlite3 -llua5.4 -lm -lpthread"
	local san=
	case $P in
	plain)
		CC=gcc
		WARN+=" -Wconversion"
		TOOL="-O2 -ffunction-sections -fdata-sections -fstack-protector-strong"
		TOOL+=" -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
		LINK="-static-pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--build-id=sha1"
		LINK+=" -Wl,--fatal-warnings"
		LIBS="build/plain/libsqlite3.a $MB_LIB -levent_pthreads -levent_extra -levent_core -llua5.4 -lm -lpthread"
		BSSL_TOOL="-O2 -ffunction-sections -fdata-sections -fstack-protector-strong"
		return
		;;
	asan | ubsan) P=asan san="-fsanitize=address,undefined -fno-sanitize-recover=undefined" ;;
	tsan) san="-fsanitize=thread" ;;
	fuzz) san="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" ;;
	*) die "no profile '$P' (plain, asan, tsan, fuzz)" ;;
	esac
	CC=clang
	TOOL="-O1 -fno-omit-frame-pointer $san"
	LINK="-pie ${san/fuzzer-no-link/fuzzer}"
	LIBS=$DYNAMIC
	# BoringSSL adds 0 to a null pointer in places; and what looks at types of C++ wants a library that no
	# program of ours is linked with. All else that UBSan knows stays on.
	BSSL_TOOL="$TOOL"
	[[ $P == tsan ]] || BSSL_TOOL+=" -fno-sanitize=pointer-overflow,function,vptr"
}

# --- sources of Debian packages -------------------------------------------------------------------

# The machine's entries for binary packages are copied as source entries into a private state below
# the cache: mirrors, proxies, keys and pins stay in force, signatures are checked as ever, and /etc
# is only read.
private_apt() {
	local apt=$1 f
	rm -rf "$apt"
	mkdir -p "$apt"/{entries,lists/partial,cache/archives/partial}
	for f in /etc/apt/sources.list.d/*.sources; do
		[[ ! -e $f ]] || sed 's/^[Tt]ypes:.*/Types: deb-src/' "$f" >"$apt/entries/${f##*/}"
	done
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[[ ! -e $f ]] ||
			sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$f" >"$apt/entries/$(basename "$f" .list).list"
	done
	APT_PRIVATE=(-q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/entries"
		-o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
}

# source_found NAME VERSIONS: the folder of the newest source that was fetched and will do, if any.
source_found() {
	local d
	for d in "$CACHE/src/$1-"$2; do [[ ! -e $d/.complete ]] || echo "$d"; done | sort -V | tail -n 1
}

# versions_offered PACKAGE VERSIONS: those that apt knows and that will do, the newest first.
versions_offered() {
	local v
	apt-cache "${APT_PRIVATE[@]}" showsrc --only-source "$1" | sed -n 's/^Version: //p' |
		while read -r v; do
			# shellcheck disable=SC2053 # a pattern
			[[ $v != $2 ]] || echo "$v"
		done | sort -Vru
}

# fetch_source NAME PACKAGE VERSIONS: into the cache, unpacked with Debian's patches. VERSIONS is one
# version, or a pattern: a security update replaces what it repairs.
fetch_source() {
	[[ -z $(source_found "$1" "$3") ]] || return 0
	local name=$1 package=$2 versions=$3 work=$CACHE/fetch version folder log
	log=$PWD/$(log_path "$name-fetch")
	echo "fetching the source of $name ($package $versions)"
	rm -rf "$work"
	mkdir -p "$work" "$CACHE/src"
	private_apt "$work/apt"
	# An entry without sources makes update complain; what counts is whether ours is found.
	apt-get "${APT_PRIVATE[@]}" update >"$log" 2>&1 || true
	# Not every mirror has the sources of all that its lists name.
	for version in $(versions_offered "$package" "$versions" 2>>"$log") ''; do
		(cd "$work" && apt-get "${APT_PRIVATE[@]}" source --download-only --only-source \
			"$package=${version:-$versions}") >>"$log" 2>&1 && break
		[[ -n $version ]] || {
			tail -n 5 "$log" >&2
			die "this machine's apt entries do not offer $package $versions in source form." \
				"It is part of Debian 12 (main); see build/log/$name-fetch.log"
		}
		rm -f "$work"/*.*
	done
	folder=$CACHE/src/$name-$version
	rm -rf "$folder"
	(cd "$work" && dpkg-source --no-check -x ./*.dsc "$folder") >>"$log" 2>&1 ||
		die "cannot unpack $name; see build/log/$name-fetch.log"
	rm -rf "$work"
	touch "$folder/.complete"
}

# --- BoringSSL ------------------------------------------------------------------------------------

# Debian's own library is a shared one, built small and without the fast assembler; its headers and
# vectors come from the source too.
readonly BSSL_PACKAGE=android-platform-external-boringssl
readonly BSSL_VERSION=13.0.0+r24-2
readonly BSSL_LIBS="ssl crypto" # in the order in which they are linked
readonly BSSL_SOURCE=$CACHE/src/boringssl-$BSSL_VERSION
export SALLYPORT_WYCHEPROOF=$BSSL_SOURCE/src/third_party/wycheproof_testvectors

# Debian's list of files, our flags. Never -DOPENSSL_SMALL (slow curves). Compiled from within the
# source by relative names, so that neither the cache's place nor the user's name is in the result.
boringssl_makefile() {
	cat <<-'END'
		.RECIPEPREFIX := >
		include $(SRC)/debian/sources.mk
		crypto_all := $(crypto_sources) $(linux_$(ARCH)_sources)
		ssl_all := $(ssl_sources)
		all: $(LIBS:%=lib/lib%.a)
		.SECONDEXPANSION:
		lib/lib%.a: $$(addprefix obj/,$$(addsuffix .o,$$($$*_all)))
		> @mkdir -p $(@D)
		> rm -f $@ && ar qcsD $@ $^
		obj/%.c.o: $(SRC)/%.c
		> @mkdir -p $(@D)
		> cd $(SRC) && $(CC) -std=gnu11 $(FLAGS) -c $*.c -o $(CURDIR)/$@
		obj/%.S.o: $(SRC)/%.S
		> @mkdir -p $(@D)
		> cd $(SRC) && $(CC) $(FLAGS) -c $*.S -o $(CURDIR)/$@
		obj/%.cc.o: $(SRC)/%.cc
		> @mkdir -p $(@D)
		> cd $(SRC) && $(CXX) -std=gnu++17 -fno-exceptions -fno-rtti $(FLAGS) -c $*.cc -o $(CURDIR)/$@
	END
}

build_boringssl() {
	fetch_source boringssl "$BSSL_PACKAGE" "$BSSL_VERSION"
	[[ ! -e $BSSL/.complete ]] || return 0
	local log start=$SECONDS
	log=$PWD/$(log_path "boringssl-$P")
	echo "building BoringSSL ($P)"
	rm -rf "$BSSL"
	mkdir -p "$BSSL/make"
	boringssl_makefile >"$BSSL/make/Makefile"
	make -j"$JOBS" -C "$BSSL/make" SRC="$BSSL_SOURCE" ARCH="$(uname -m)" LIBS="$BSSL_LIBS" CC="$CC" \
		CXX="${CC/gcc/g++}" FLAGS="$BSSL_FLAGS -ffile-prefix-map=$BSSL_SOURCE=boringssl" \
		>"$log" 2>&1 || {
		grep -m 5 -A 5 'error' "$log" >&2 || tail -n 5 "$log" >&2
		die "BoringSSL does not build; see $log"
	}
	mv "$BSSL/make/lib" "$BSSL/lib"
	cp -r "$BSSL_SOURCE/src/include" "$BSSL/include"
	rm -rf "$BSSL/make"
	touch "$BSSL/.complete"
	echo "BoringSSL built in $((SECONDS - start)) s"
}

# boringssl: sets BSSL, the folder with include/ and lib/ for the profile in force, building it first
# when nobody has done so with this version, these flags and this compiler.
boringssl() {
	local key
	BSSL_FLAGS="-g1 -fPIE -fvisibility=hidden -fno-common -fno-strict-aliasing -w -DNDEBUG"
	BSSL_FLAGS+=" -DBORINGSSL_IMPLEMENTATION -D_XOPEN_SOURCE=700 -Isrc/include $BSSL_TOOL"
	key=$(echo "$BSSL_VERSION $BSSL_LIBS $BSSL_FLAGS $(uname -m) $("$CC" --version)" | sha256sum)
	BSSL=$CACHE/boringssl-$P-${key:0:16}
	[[ -e $BSSL/.complete && -e $BSSL_SOURCE/.complete ]] || locked "$CACHE/.lock" build_boringssl
}

# --- Net-SNMP, the agent library ------------------------------------------------------------------

readonly NSNMP_VERSIONS='5.9.3+dfsg-2*'

# One build, by gcc and without a tool, serves every profile: nothing of ours is looked at inside it,
# and what it does with memory goes through the allocator that the tools replace.
readonly NSNMP_CFLAGS="-O2 -g0 -fPIE -fno-common -fno-strict-aliasing -w -ffunction-sections
	-fdata-sections -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE
	-D_FORTIFY_SOURCE=2"

# A subagent and nothing else: no transport but the one inside the process (modules/snmp brings its
# own), no SET, no MIB files, no applications, no log of its own. The paths are in the result, so they
# are nobody's. What is switched off further would not compile (usm) or want tools of its own
# (minimalist).
readonly NSNMP_OPTIONS="--prefix=/nonexistent --with-persistent-directory=/nonexistent --with-defaults
	--disable-shared --enable-static --enable-mini-agent --enable-read-only
	--with-mib-modules=agentx/subagent --with-security-modules=usm --with-openssl=internal
	--enable-internal-md5 --with-logfile=none --with-sys-contact=- --with-sys-location=-
	--disable-applications --disable-manuals --disable-scripts --disable-mibs --disable-mib-loading
	--disable-embedded-perl --disable-snmptrapd-subagent --disable-debugging --disable-deprecated
	--disable-privacy --with-systemd=no --without-perl-modules --without-python-modules --without-rpm
	--without-nl --without-kmem-usage --without-pcre --without-krb5 --without-rsaref"
readonly NSNMP_TRANSPORTS=Callback
readonly NSNMP_NO_TRANSPORTS="UDP UDPIPv6 UDPIPv4Base UDPIPv6Base UDPshared TCP TCPBase TCPIPv6 Unix
	SSH Alias"

# This version's functions for two settings stand inside the master's #ifdef, and a subagent wants
# them too: the #endif belongs before the first of them.
nsnmp_repair() {
	awk '{ line[NR] = $0 }
		END {
			for (i = 1; i <= NR; i++) {
				if (!moved && line[i] == "void" && line[i + 1] ~ /^agentx_parse_agentx_timeout\(/) {
					print "#endif"
					moved = 1
				} else if (moved == 1 && line[i] ~ /^#endif.*USING_AGENTX_MASTER_MODULE/) {
					moved = 2
					continue
				}
				print line[i]
			}
		}' "$1" >"$1.new" && mv "$1.new" "$1"
}

# The library brings small ciphers and hashes under the names that BoringSSL has too: here they get
# names of their own.
nsnmp_archive() {
	local from=$1 to=$2
	nm -A -g --defined-only "$3" | sed -n 's/^[^:]*:openssl_[^:]*:.* \([A-Za-z_0-9]*\)$/\1 netsnmp_\1/p' |
		sort -u >"$to.names"
	objcopy --enable-deterministic-archives --redefine-syms="$to.names" "$from" "$to"
	rm "$to.names"
}

nsnmp_compile() {
	cd "$NSNMP/make"
	nsnmp_repair agent/mibgroup/agentx/agentx_config.c
	# The locale belongs to the process, not to a library in one of its threads.
	# shellcheck disable=SC2086 # lists of options
	ac_cv_func_setlocale=no CC=gcc CFLAGS=$(echo $NSNMP_CFLAGS) ./configure $NSNMP_OPTIONS \
		--with-transports="$NSNMP_TRANSPORTS" \
		--with-out-transports="$(echo $NSNMP_NO_TRANSPORTS)"
	make -j"$JOBS" -C snmplib libnetsnmp.la
	make -j"$JOBS" -C agent libnetsnmpagent.la
}

build_netsnmp() {
	fetch_source net-snmp net-snmp "$NSNMP_VERSIONS"
	netsnmp_folder
	[[ ! -e $NSNMP/.complete ]] || return 0
	local log lib start=$SECONDS
	log=$PWD/$(log_path net-snmp)
	echo "building Net-SNMP's agent library"
	rm -rf "$NSNMP"
	mkdir -p "$NSNMP/lib"
	# With its times: nothing that was generated may look older than what it was generated from.
	cp -a "$NSNMP_SOURCE" "$NSNMP/make"
	(nsnmp_compile) >"$log" 2>&1 || {
		grep -m 5 -A 5 'error' "$log" >&2 || tail -n 5 "$log" >&2
		die "Net-SNMP does not build; see $log"
	}
	lib=$NSNMP/make/snmplib/.libs/libnetsnmp.a
	nsnmp_archive "$lib" "$NSNMP/lib/libnetsnmp.a" "$lib"
	nsnmp_archive "$NSNMP/make/agent/.libs/libnetsnmpagent.a" "$NSNMP/lib/libnetsnmpagent.a" "$lib"
	mkdir "$NSNMP/include"
	cp -r "$NSNMP/make/include/net-snmp" "$NSNMP/include/"
	rm -rf "$NSNMP/make"
	touch "$NSNMP/.complete"
	echo "Net-SNMP built in $((SECONDS - start)) s"
}

# Sets NSNMP_SOURCE and NSNMP; both are empty while the source is not there.
netsnmp_folder() {
	local key
	NSNMP= NSNMP_SOURCE=$(source_found net-snmp "$NSNMP_VERSIONS")
	[[ -n $NSNMP_SOURCE ]] || return 0
	key=$(echo "${NSNMP_SOURCE##*/} $NSNMP_CFLAGS $NSNMP_OPTIONS $NSNMP_TRANSPORTS" \
		"$(declare -f nsnmp_repair nsnmp_archive nsnmp_compile) $(uname -m) $(gcc --version)" | sha256sum)
	NSNMP=$CACHE/net-snmp-${key:0:16}
}

# netsnmp: sets NSNMP, the folder with include/ and lib/, building it first when nobody has.
netsnmp() {
	netsnmp_folder
	[[ -n $NSNMP && -e $NSNMP/.complete ]] || locked "$CACHE/.lock" build_netsnmp
	netsnmp_folder # what a sub-shell fetched
}

# --- generated files ------------------------------------------------------------------------------

# The same for every clone of a commit: no date, and a fixed length of the abbreviated hash.
version_text() {
	local git=(git -c "safe.directory=$ROOT") commit dirty=
	if ! commit=$("${git[@]}" rev-parse --short=12 HEAD 2>/dev/null); then
		echo 0.1.0
		return
	fi
	[[ -z $("${git[@]}" status --porcelain 2>/dev/null) ]] || dirty=-dirty
	echo "0.1.0+$commit$dirty"
}

# embed FILE: a C string literal with the text of FILE.
embed() {
	# '?' is escaped because -std=c11 knows trigraphs.
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/\r/\\r/g' \
		-e 's/^/\t"/' -e 's/$/\\n"/' "$1"
	echo '	""'
}

schema_header() {
	cat <<-'END'
		/* Generated from db/schema by build.sh. */
		#ifndef GEN_SCHEMA_H
		#define GEN_SCHEMA_H
		struct schema_step {
			int number;
			const char *name; /* file name without .sql */
			const char *sql;
		};
		extern const struct schema_step schema_steps[]; /* by rising number */
		extern const int schema_steps_len;
		#endif
	END
}

schema_source() {
	local f name n=0
	echo '/* Generated from db/schema by build.sh. */'
	echo '#include "gen/schema.h"'
	echo 'const struct schema_step schema_steps[] = {'
	for f in db/schema/[0-9][0-9][0-9][0-9]_*.sql; do
		[[ -e $f ]] || continue
		name=$(basename "$f" .sql)
		echo "{$((10#${name:0:4})), \"$name\","
		embed "$f"
		echo '},'
		n=$((n + 1))
	done
	echo '{0}, /* end */'
	echo '};'
	echo "const int schema_steps_len = $n;"
}

scripts_header() {
	cat <<-'END'
		/* Generated from modules/lua/scripts by build.sh. */
		#ifndef GEN_SCRIPTS_H
		#define GEN_SCRIPTS_H
		struct shipped_script {
			const char *name; /* file name: time-of-day.lua */
			const char *text;
		};
		extern const struct shipped_script shipped_scripts[]; /* by name */
		extern const int shipped_scripts_len;
		#endif
	END
}

scripts_source() {
	local f n=0
	echo '/* Generated from modules/lua/scripts by build.sh. */'
	echo '#include "gen/scripts.h"'
	echo 'const struct shipped_script shipped_scripts[] = {'
	for f in modules/lua/scripts/*.lua; do
		[[ -e $f ]] || continue
		echo "{\"$(basename "$f")\","
		embed "$f"
		echo '},'
		n=$((n + 1))
	done
	echo '{0}, /* end */'
	echo '};'
	echo "const int shipped_scripts_len = $n;"
}

# The ciphers of mobile networks are a third of ipsec-mb, and nothing here can ask for them: names for
# the tables of its managers keep their code out of the program. What is called there stops.
mb_unused_source() {
	echo '/* Generated by build.sh from the names in libIPSec_MB.a. */'
	echo '__asm__(".text\n"'
	nm -u "$("$CC" -print-file-name=libIPSec_MB.a)" 2>/dev/null |
		sed -n '/_reset$/d; s/^ *U \(.*\(zuc\|snow3g\|kasumi\).*\)$/\1/p' | sort -u |
		sed 's/.*/\t".globl &\\n&:\\n"/'
	echo '	"ud2\n");'
}

generate() {
	schema_header | put build/gen/schema.h
	schema_source | put build/gen/schema.c
	scripts_header | put build/gen/scripts.h
	scripts_source | put build/gen/scripts.c
	[[ -z $MB_LIB ]] || mb_unused_source | put build/gen/mb_unused.c
	printf '#define SALLYPORT_VERSION "%s"\n' "$(version_text)" | put build/gen/version.h
	# OpenSSL's headers, where they are installed, look the same until something goes wrong.
	printf '%s\n' '#include <openssl/base.h>' '#ifndef OPENSSL_IS_BORINGSSL' \
		'#error "these are not the headers of BoringSSL"' '#endif' \
		'extern int boringssl_is_in_use;' 'int boringssl_is_in_use = 1;' | put build/gen/boringssl.c
}

# --- our own code ---------------------------------------------------------------------------------

# The rules of a profile. Everything is compiled from the root by relative names and without a trace
# of absolute ones, so that two clones give the same bytes.
makefile() {
	cat <<-END
		# Written by build.sh
		O := build/obj/$P
		B := build/$P
		CC := $CC
		FLAGS := $BASE $TOOL
		WARN := $WARN
		INCLUDE := -I. -Ibuild -isystem $BSSL/include -isystem $NSNMP/include
		MAPS := -ffile-prefix-map=$ROOT=. -ffile-prefix-map=$BSSL=boringssl -ffile-prefix-map=$NSNMP=net-snmp
		LINK := $LINK
		LIBS := $(printf "$BSSL/lib/lib%s.a " $BSSL_LIBS) $NSNMP/lib/libnetsnmpagent.a $NSNMP/lib/libnetsnmp.a $LIBS
		SRCS := $(sources core modules db cmd | tr '\n' ' ')
		TESTLIB := $(sources tests/lib | tr '\n' ' ')
		SIM := $(sources tests/sim | tr '\n' ' ')
		UNIT := $(sources tests/unit | grep '/test_[^/]*$' | tr '\n' ' ')
		FUZZ := $(sources tests/fuzz | grep '/fuzz_[^/]*$' | tr '\n' ' ')
		NET := $(sources tests/net | tr '\n' ' ')
		BENCH := $(sources tests/bench | grep -v '/peers/' | tr '\n' ' ')
		SQLITE := $("$CC" -print-file-name=libsqlite3.a)
		MB := $MB_LIB
	END
	cat <<-'END'

		.RECIPEPREFIX := >
		.DELETE_ON_ERROR:
		.SECONDARY:
		.SUFFIXES:
		MAKEFLAGS += --no-builtin-rules --no-print-directory

		STUBS := $(if $(filter plain,$(notdir $B)),$O/cmd/static_stubs.o $(if $(MB),$O/gen/mb_unused.o))
		OBJS := $(patsubst %.c,$O/%.o,$(filter-out cmd/main.c cmd/static_stubs.c,$(SRCS))) \
			$O/gen/schema.o $O/gen/scripts.o $O/gen/boringssl.o
		COMPILE = @mkdir -p $(@D); echo "  CC $<"; $(CC) $(FLAGS) $(WARN) $(INCLUDE) $(MAPS) \
			-MMD -MP -MF $(@:.o=.d) -c $< -o $@
		PROGRAM = @mkdir -p $(@D); echo "  LD $@"; $(CC) $(LINK) -o $@ $(filter %.o,$^) \
			$(filter $B/libtest.a,$^) $B/libsallyport.a $(LIBS)
		ARCHIVE = @mkdir -p $(@D); rm -f $@; ar qcsD $@ $(filter %.o,$^)
		NEEDS := $(STUBS) $B/libsallyport.a $(filter build/%.a,$(LIBS)) $O/.flags

		all: $(if $(filter cmd/main.c,$(SRCS)),$(if $(STUBS),build/sallyport,$B/sallyport),$B/libsallyport.a)
		objs: $(OBJS)
		unit: $(UNIT:tests/%.c=$B/%)
		sim: $(if $(SIM),$B/sim)
		fuzz: $(FUZZ:tests/%.c=$B/%)
		net: $(NET:tests/%.c=$B/%)
		bench: $(BENCH:tests/%.c=$B/%)

		$O/%.o: %.c $O/.flags
		> $(COMPILE)
		$O/gen/%.o: build/gen/%.c $O/.flags
		> $(COMPILE)
		$O/tests/%.o: WARN += -Wno-missing-prototypes -Wno-conversion -Wno-sign-conversion
		$O/tests/%.o: tests/%.c $O/.flags
		> $(COMPILE)

		$B/libsallyport.a: $(OBJS) $O/.list
		> $(ARCHIVE)
		$B/libtest.a: $(TESTLIB:%.c=$O/%.o) $O/.list
		> $(ARCHIVE)
		$B/unit/%: $O/tests/unit/%.o $B/libtest.a $(NEEDS)
		> $(PROGRAM)
		$B/fuzz/%: $O/tests/fuzz/%.o $B/libtest.a $(NEEDS)
		> $(PROGRAM)
		$B/net/%: $O/tests/net/%.o $B/libtest.a $(NEEDS)
		> $(PROGRAM)
		$B/bench/%: $O/tests/bench/%.o $B/libtest.a $(NEEDS)
		> $(PROGRAM)
		$B/sim: $(SIM:%.c=$O/%.o) $B/libtest.a $(NEEDS)
		> $(PROGRAM)
		$B/sallyport: $O/cmd/main.o $(NEEDS)
		> $(PROGRAM)

		# What ships has its symbols beside it.
		build/sallyport: $B/sallyport
		> @objcopy --only-keep-debug $< $@.debug
		> @objcopy --strip-all --add-gnu-debuglink=$@.debug $< $@.new
		> @readelf -ld $@.new | grep -E 'NEEDED|INTERP|TEXTREL' && { echo "$@ is not static"; exit 1; } || true
		> @mv $@.new $@ && echo "  $@"

		# A static program has no dlopen; the name is free for a stand-in (cmd/static_stubs.c).
		$B/libsqlite3.a: $(SQLITE)
		> @mkdir -p $(@D)
		> @objcopy --enable-deterministic-archives --redefine-sym dlopen=stub_dlopen $< $@

		include $(wildcard $(shell [ ! -d $O ] || find $O -name '*.d'))
	END
}

# prepare: everything before make; sets MAKE_IT.
prepare() {
	boringssl
	netsnmp
	locked build/.lock.gen generate
	makefile | put "build/$P.mk"
	echo "$CC $("$CC" -dumpfullversion 2>/dev/null) $BASE $TOOL $WARN $BSSL $NSNMP $LINK" |
		put "build/obj/$P/.flags"
	MAKE_IT=(make -s -j"$JOBS" -f "build/$P.mk")
}

# list_objects OBJECT...: a changed list makes the archives anew, also when a file went away.
list_objects() {
	echo "$* $(sources tests/lib | tr '\n' ' ')" | put "build/obj/$P/.list"
}

build_locked() {
	prepare
	list_objects "$(sources core modules db cmd | tr '\n' ' ')"
	"${MAKE_IT[@]}" "$@"
}

# build PROFILE TARGET...
build() {
	profile "$1"
	shift
	locked "build/.lock.$P" build_locked "$@"
}

# One test while the rest of the tree may be half written: what does not compile is left out, and
# the compiler's words are shown only when the test cannot be linked without it.
build_units_locked() {
	local have log
	log=$(log_path "unit-$P")
	prepare
	"${MAKE_IT[@]}" -k objs >"$log" 2>&1 || true
	have=$( (sources core modules db cmd | grep -vE '^cmd/(main|static_stubs)\.c$' || true) |
		sed "s,\(.*\)\.c$,build/obj/$P/\1.o," | while read -r o; do [[ ! -e $o ]] || echo "$o"; done |
		tr '\n' ' ')
	have+="build/obj/$P/gen/schema.o build/obj/$P/gen/scripts.o build/obj/$P/gen/boringssl.o"
	list_objects "$have"
	"${MAKE_IT[@]}" OBJS="$have" "${@/#/build/$P/unit/}" || {
		grep -E 'error:' "$log" >&2 || true
		die "not built; the whole log of the other files: $log"
	}
}

cmd_unit() {
	(($#)) || die "usage: ./build.sh unit NAME..."
	profile "${PROFILE:-plain}"
	[[ $P == plain ]] || need_packages clang libclang-rt-14-dev llvm
	local names=("${@#test_}") n rc=0
	names=("${names[@]/#/test_}")
	locked "build/.lock.$P" build_units_locked "${names[@]}"
	. tests/lib/runner.sh
	for n in "${names[@]}"; do
		in_tool "$P" "build/$P/unit/$n"
		"${RUN[@]}" || rc=1
	done
	return $rc
}

cmd_obj() {
	profile plain
	locked "build/.lock.$P" prepare
	boringssl
	netsnmp
	local f extra
	for f in "$@"; do
		extra=
		[[ $f != tests/* ]] || extra="-Wno-missing-prototypes -Wno-conversion -Wno-sign-conversion"
		# shellcheck disable=SC2086 # lists of flags
		"$CC" $BASE $TOOL $WARN $extra -I. -Ibuild -isystem "$BSSL/include" -isystem "$NSNMP/include" \
			-fsyntax-only "$f" || return 1
	done
}

cmd_build() {
	build plain all
	[[ -e cmd/main.c ]] || echo "cmd/main.c is not there: compiled everything, linked nothing"
}

cmd_tool() {
	need_packages clang libclang-rt-14-dev llvm
	case $1 in
	fuzz) build fuzz fuzz ;;
	*) build "$1" all unit sim ;;
	esac
}

# --- what goes out --------------------------------------------------------------------------------

cmd_dist() {
	cmd_build
	local epoch files=(LICENSE) f
	epoch=$(git -c "safe.directory=$ROOT" log -1 --format=%ct 2>/dev/null || echo 0)
	for f in README.md mibs; do [[ ! -e $f ]] || files+=("$f"); done
	tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw \
		--transform="s,^\(build/\)\?,sallyport/," -cf build/sallyport.tar build/sallyport "${files[@]}"
	xz -9 -T1 -f build/sallyport.tar
	(cd build && sha256sum sallyport.tar.xz | tee sallyport.tar.xz.sha256)
}

main() {
	local verb=${1:-build}
	(($# == 0)) || shift
	case $verb in
	clean)
		rm -rf build
		return
		;;
	-h | --help | help)
		sed -n '3,19s/^# \{0,1\}//p' "$0"
		return
		;;
	esac
	# shellcheck disable=SC2086 # a list
	need_packages $BUILD_PACKAGES
	case $verb in
	build) cmd_build ;;
	run)
		cmd_build
		exec build/sallyport run --quickstart "$@"
		;;
	asan | tsan) cmd_tool "$verb" ;;
	fuzz-build) cmd_tool fuzz ;;
	unit) cmd_unit "$@" ;;
	obj) cmd_obj "$@" ;;
	dist) cmd_dist ;;
	test | fuzz | soak | bench)
		# shellcheck source=tests/lib/runner.sh
		. tests/lib/runner.sh
		"cmd_$verb" "$@"
		;;
	*) die "unknown word '$verb'; ./build.sh help" ;;
	esac
}

main "$@"
