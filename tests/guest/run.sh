#!/bin/bash
# run.sh: start, command and stop kernel guests made by build.sh. Each has its folder $WORKDIR/guest-NAME (pid, console.log, share/ = /host).
#   run.sh start NAME NETNS TAP[@BRIDGE][,MAC]...     boot; eth0, eth1 ... are these taps, made in NETNS (and put in BRIDGE); returns when ready
#   run.sh exec [-T SECONDS] [-i] NAME CMD [ARG...]   run a command in the guest: its stdout, stderr and exit status (-i: passes stdin)
#   run.sh sh   [-T SECONDS] NAME 'SCRIPT'            the same for a line of shell
#   run.sh push NAME FILE DEST | pull NAME FILE DEST | pid NAME | console NAME | list | stop NAME | probe
# Env: WORKDIR  KG_IMAGE (build.sh's folder)  KG_ACCEL=kvm|tcg (what build.sh found)  KG_CPUS (1)  KG_MEM (384, MiB)
#      KG_WAIT (60 s to boot)  KG_APPEND (kernel command line)  KG_NIC (device options, e.g. gso=off,mrg_rxbuf=off)  KG_QEMU (options)
: "${WORKDIR:?}" "${KG_IMAGE:?}" "${KG_CPUS:=1}" "${KG_MEM:=384}" "${KG_WAIT:=60}" "${KG_PORTS:=4}"
die() { echo "run.sh: $*" >&2; exit 1; }
dir() { [ -n "${1:-}" ] || die "which guest?"; d=$WORKDIR/guest-$1; n=$1; }
alive() { local p; p=$(cat "$d/pid" 2>/dev/null) && [ -n "$p" ] && { tr '\0' ' ' < "/proc/$p/cmdline"; } 2>/dev/null | grep -qF "$d/share"; }
now() { date +%s.%N; }

quote() { local a; for a; do printf "'%s' " "${a//\'/\'\\\'\'}"; done; }   # for any POSIX shell
start() {
  dir "$1"; local ns=$2 i=0 t br q mac args=() pre=() k t0 p; shift; shift
  alive && die "$n runs already"
  [ -f "$KG_IMAGE/initramfs.img" ] || die "no guest in $KG_IMAGE: build.sh makes it"
  rm -rf "$d"; mkdir -p "$d/share/ctl"; echo "$n" > "$d/share/name"; : > "$d/console.log"; echo "$ns" > "$d/ns"; : > "$d/taps"
  [ -n "${KG_BOOT:-}" ] && cp "$KG_BOOT" "$d/share/boot.sh"
  local acc=${KG_ACCEL:-$(cat "$KG_IMAGE/accel" 2>/dev/null || echo tcg)} cpu=max; [ "$acc" = kvm ] && cpu=host; [ "$acc" = tcg ] && acc=tcg,thread=multi
  for t; do
    mac=${t#*,}; [ "$mac" = "$t" ] && mac=""; t=${t%,*}; br=${t#*@}; [ "$br" = "$t" ] && br=""; t=${t%@*}
    ip -n "$ns" link show "$t" >/dev/null 2>&1 || { ip -n "$ns" tuntap add dev "$t" mode tap vnet_hdr || die "no tap $t in $ns"; echo "$t" >> "$d/taps"; }
    ip netns exec "$ns" sysctl -qw "net.ipv6.conf.$t.disable_ipv6=1"
    ip -n "$ns" link set "$t" mtu "${MTU:-1500}" up; [ -n "$br" ] && { ip -n "$ns" link set "$t" master "$br" || die "no bridge $br"; }
    [ -n "$mac" ] || mac=$(echo "$n $ns $i ${PFX:-}" | md5sum | sed 's/\(..\)\(..\)\(..\).*/52:54:00:\1:\2:\3/')
    args+=(-netdev "tap,id=n$i,ifname=$t,script=no,downscript=no,vhost=off" -device "virtio-net-pci,netdev=n$i,mac=$mac,romfile=,host_mtu=${MTU:-1500}${KG_NIC:+,$KG_NIC}")
    i=$((i+1))
  done
  args+=(-device virtio-serial-pci,max_ports=16)
  for i in $(seq 0 $((KG_PORTS-1))); do mkfifo "$d/p$i.in" "$d/p$i.out"; args+=(-chardev "pipe,id=c$i,path=$d/p$i" -device "virtserialport,chardev=c$i,name=ctl$i"); done
  q=$KG_IMAGE/initramfs.img
  k=$KG_IMAGE/vmlinux; [ -f "$k" ] || k=$KG_IMAGE/vmlinuz
  [ "$ns" = - ] || pre=(ip netns exec "$ns")
  t0=$(now)
  # the emulator outlives this script: it must inherit no descriptor (a caller's flock, a pipe that somebody reads to its end)
  ( for i in /proc/self/fd/*; do i=${i##*/}; [ "$i" -gt 2 ] && eval "exec $i>&-" 2>/dev/null; done
  QEMU_MODULE_DIR=$KG_IMAGE/qemu/modules exec "${pre[@]}" "$KG_IMAGE/qemu/ld-linux-x86-64.so.2" --library-path "$KG_IMAGE/qemu/lib" "$KG_IMAGE/qemu/qemu-system-x86_64" \
    -name "guest-$n" -L "$KG_IMAGE/qemu/share" -nodefaults -no-user-config -display none -no-reboot -machine pc -accel "$acc" -cpu "${KG_CPU:-$cpu}" -smp "$KG_CPUS" -m "$KG_MEM" \
    -serial "file:$d/console.log" -kernel "$k" -initrd "$q" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on audit=0 apparmor=0 selinux=0 net.ifnames=0 edd=off ${KG_APPEND:-}" \
    -fsdev "local,id=h,path=$d/share,security_model=none" -device virtio-9p-pci,fsdev=h,mount_tag=host "${args[@]}" ${KG_QEMU:-} ) >"$d/qemu.log" 2>&1 </dev/null &
  p=$!; echo $p > "$d/pid"; disown $p
  while [ ! -f "$d/share/ready" ]; do
    sleep .05
    kill -0 $p 2>/dev/null || { cat "$d/qemu.log" >&2; tail -5 "$d/console.log" >&2; stop "$n"; die "$n ended"; }
    awk -v a="$t0" -v b="$(now)" -v w="$KG_WAIT" 'BEGIN{exit !(b-a>w)}' && { tail -5 "$d/console.log" >&2; stop "$n"; die "$n not ready after $KG_WAIT s"; }
  done
  awk -v a="$t0" -v b="$(now)" -v n="$n" -v acc="$acc" 'BEGIN{printf "%s ready after %.1f s (%s)\n", n, b-a, acc}' | tee "$d/boot" >&2
}
stop() {
  dir "$1"; local p t ns; p=$(cat "$d/pid" 2>/dev/null) || return 0; ns=$(cat "$d/ns" 2>/dev/null)
  if alive; then kill "$p" 2>/dev/null; for _ in $(seq 50); do kill -0 "$p" 2>/dev/null || break; sleep .1; done; alive && kill -9 "$p" 2>/dev/null; fi
  while read -r t; do ip -n "$ns" link del "$t" 2>/dev/null; done < "$d/taps"
  rm -f "$d/pid" "$d"/p*.in "$d"/p*.out; return 0
}
gexec() { # gexec SECONDS STDIN? SCRIPT -> the guest's output and status
  local T=$1 in=$2 script=$3 id=$$-$RANDOM$RANDOM i rid rc tries=0; local c=$d/share/ctl/$id
  alive || die "$n does not run"
  printf '%s\n' "$script" > "$c.sh"; [ "$in" = 1 ] && cat > "$c.in"
  while :; do    # the first free port; the lock is held until the answer is there
    for ((i = 0; ; i++)); do [ -p "$d/p$i.in" ] || break; exec 9>"$d/p$i.lock"; flock -n 9 && break 2; done
    [ $((tries++)) -lt $((T*10)) ] || die "$n: all command channels busy"; sleep .1
  done
  exec 7<>"$d/p$i.in" 8<>"$d/p$i.out"
  trap 'timeout 5 "$0" sh "$n" "kill -TERM -\$(cat /host/ctl/'"$id"'.pid)" 9>&-; exit 130' INT TERM
  echo "$id $T" >&7; rc=""
  while [ -z "$rc" ]; do
    if read -r -t 1 rid rc <&8; then [ "$rid" = "$id" ] || rc=""; else rc=""; alive || { rc=255; echo "run.sh: $n ended" >&2; }; fi
  done
  trap - INT TERM; exec 7>&- 8>&- 9>&-
  cat "$c.out" 2>/dev/null; cat "$c.err" >&2 2>/dev/null; rm -f "$c".*; return "$rc"
}
v=${1:-}; shift
T=600 in=0
case $v in exec|sh) while :; do case ${1:-} in -T) T=$2; shift; shift ;; -i) in=1; shift ;; *) break ;; esac; done ;; esac
case $v in
  start)   [ $# -ge 2 ] || die "start NAME NETNS TAP[@BRIDGE]..."; start "$@" ;;
  stop)    stop "$1" ;;
  exec)    dir "$1"; shift; gexec "$T" $in "exec $(quote "$@")" ;;
  sh)      dir "$1"; gexec "$T" $in "$2" ;;
  push)    dir "$1"; t=$RANDOM$RANDOM; cp "$2" "$d/share/$t" && gexec 60 0 "mv /host/$t '$3'" ;;
  pull)    dir "$1"; t=$RANDOM$RANDOM; gexec 60 0 "cp '$2' /host/$t" && mv "$d/share/$t" "$3" ;;
  pid)     dir "$1"; alive && cat "$d/pid" ;;
  console) dir "$1"; cat "$d/console.log" ;;
  list)    for x in "$WORKDIR"/guest-*/; do [ -d "$x" ] || continue; dir "$(basename "$x" | sed 's/^guest-//')"; alive && echo "$n $(cat "$d/pid") $(cat "$d/ns")"; done; true ;;
  probe)   WORKDIR=$KG_IMAGE; KG_WAIT=10; start probe - && stop probe; rc=$?; rm -rf "$WORKDIR/guest-probe"; exit $rc ;;
  *)       sed -n '2,8s/^# \?//p' "$0" >&2; exit 2 ;;
esac
