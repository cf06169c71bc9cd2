#!/bin/bash
# build.sh DIR: make the kernel guest in DIR from Debian packages only:
#   vmlinux (stock kernel), initramfs.img, qemu/ (emulator with its libraries), accel (kvm|tcg: what really boots here), versions.txt
# Env: KG_SUITE  release to take the packages from (default: the one this machine's apt entries name)
#      KG_QEMU_SUITE  another release for the emulator only (a newer TCG is faster)
# Uses this machine's Debian apt entries in a private apt state with an empty package status; installs nothing, changes nothing outside DIR.
set -euo pipefail
D=$1; mkdir -p "$D"; D=$(cd "$D" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd); T=$D/build; rm -rf "$T"; mkdir -p "$T"; t0=$(date +%s)
say() { echo "[$(( $(date +%s) - t0 )) s] $*" >&2; }

# --- private apt state: apt_state NAME SUITE -> sets $O
host_suite() { . /etc/os-release; echo "$VERSION_CODENAME"; }
: "${KG_SUITE:=$(host_suite)}" "${KG_QEMU_SUITE:=$KG_SUITE}"
apt_state() {
  local a=$T/apt-$1 s=$2 h f; h=$(host_suite); mkdir -p "$a/parts" "$a/lists/partial" "$a/cache/archives/partial"; : > "$a/status"
  # only the distribution's own entries; the suite name replaced when another release is asked for
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } | sed -n "/^deb .*debian.* main/s/\b$h\b/$s/gp" > "$a/parts/s.list"
  for f in /etc/apt/sources.list.d/*.sources; do [ -f "$f" ] || continue
    grep -v '^#' "$f" | awk -v RS= -v h="$h" -v s="$s" '/URIs:[^\n]*debian/ && /Components:[^\n]*main/{gsub(h, s); print $0 "\n"}'
  done > "$a/parts/s.sources"
  O="-qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$a/parts -o Dir::State=$a -o Dir::State::lists=$a/lists
     -o Dir::State::status=$a/status -o Dir::Cache=$a/cache -o APT::Sandbox::User=root -o APT::Install-Recommends=0 -o Debug::NoLocking=1"
  apt-get $O update >&2
}
get() { # get STATE ROOT PKG...: the packages and all they depend on, unpacked into ROOT
  local a=$T/apt-$1 r=$2 p; shift 2; mkdir -p "$r"; rm -f "$a"/cache/archives/*.deb
  apt-get $O -y --download-only install "$@" >"$T/apt.log" 2>&1 || { cat "$T/apt.log" >&2; return 1; }
  # Debian's merged /usr, whatever the release: /bin, /lib ... are links
  for p in bin sbin lib lib64; do mkdir -p "$r/usr/$p"; [ -e "$r/$p" ] || ln -s "usr/$p" "$r/$p"; done
  for p in "$a"/cache/archives/*.deb; do dpkg-deb --fsys-tarfile "$p" | tar -x --keep-directory-symlink -C "$r"; done
}
ld() { local r=$1; shift; "$r/lib64/ld-linux-x86-64.so.2" --library-path "$r/lib/x86_64-linux-gnu:$r/usr/lib/ipsec" "$@"; }

# --- the emulator, with its own C library: runs on any host
apt_state q "$KG_QEMU_SUITE"; Q=$T/qroot; get q "$Q" qemu-system-x86
qv=$(ls "$T"/apt-q/cache/archives | sed -n 's/^qemu-system-x86_\(.*\)_amd64.deb/qemu-system-x86 \1/p')
rm -rf "$D/qemu"; mkdir -p "$D/qemu/lib" "$D/qemu/modules" "$D/qemu/share"
cp "$Q"/usr/bin/qemu-system-x86_64 "$D/qemu/"; cp -L "$Q"/lib64/ld-linux-x86-64.so.2 "$D/qemu/"
cp "$Q"/usr/lib/x86_64-linux-gnu/qemu/accel-*x86_64.so "$D/qemu/modules/" 2>/dev/null || true
ld "$Q" --list "$Q/usr/bin/qemu-system-x86_64" | awk '$2=="=>"{print $3}' | while read -r f; do cp -L "$f" "$D/qemu/lib/"; done
for f in bios-256k.bin linuxboot_dma.bin pvh.bin kvmvapic.bin qboot.rom bios-microvm.bin; do
  f=$(find "$Q/usr/share" -name "$f" | head -1); [ -n "$f" ] && cp -L "$f" "$D/qemu/share/"; done
say "emulator: $qv"

# --- the guest's user space
apt_state g "$KG_SUITE"; G=$T/groot
get g "$G" busybox-static iproute2 iputils-ping iperf3 charon-systemd strongswan-swanctl libcharon-extra-plugins libcharon-extauth-plugins \
  libstrongswan-extra-plugins libstrongswan-standard-plugins tcpdump ethtool kmod nftables libc-bin dash
gv=$(ls "$T"/apt-g/cache/archives | sed -n 's/^\(charon-systemd\|iproute2\|iperf3\|busybox-static\)_\([^_]*\)_.*/\1 \2/p')
# --- the kernel: only unpacked, never installed
kp=$(apt-cache $O depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*-amd64\)$/\1/p' | head -1)
(cd "$T" && apt-get $O download "$kp"); kv=${kp#linux-image-}; K=$T/kroot; mkdir -p "$K"; dpkg-deb -x "$T/$kp"_*.deb "$K"
[ -d "$K/lib/modules" ] && KM=$K/lib/modules || KM=$K/usr/lib/modules
ver=$(basename "$T/$kp"_*.deb); ver=${ver#*_}; ver=${ver%_*}
# an uncompressed ELF kernel starts by PVH, without a boot loader and decompression in the (slow) emulated CPU
cp "$K/boot/vmlinuz-$kv" "$D/vmlinuz"; rm -f "$D/vmlinux"
python3 - "$D/vmlinuz" "$D/vmlinux" <<'P' || say "kernel image left compressed"
import lzma, subprocess, sys, zlib
b = open(sys.argv[1], "rb").read()
def xz(d): return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(d)
def gz(d): return zlib.decompressobj(31).decompress(d)
def zs(d): return subprocess.run(["zstd", "-dqc"], input=d, capture_output=True).stdout
for magic, dec in ((b"\xfd7zXZ\0", xz), (b"\x28\xb5\x2f\xfd", zs), (b"\x1f\x8b\x08", gz)):
    i = b.find(magic)
    while i >= 0:
        try: e = dec(b[i:])
        except Exception: e = b""
        if e[:4] == b"\x7fELF": open(sys.argv[2], "wb").write(e); sys.exit(0)
        i = b.find(magic, i + 1)
sys.exit(1)
P
say "kernel: $kp $ver"

# --- initramfs
R=$T/iroot; mkdir -p "$R"/{proc,sys,dev,run,tmp,host,root,var/log,etc/strongswan.d,etc/swanctl,usr/bin,usr/sbin,usr/lib/x86_64-linux-gnu,usr/lib64}
for p in bin sbin lib lib64; do ln -s "usr/$p" "$R/$p"; done; ln -s /run "$R/var/run"
put() { # put ROOT FILE...: copy with the libraries it needs
  local r=$1 f l t; shift
  for f; do f=${f#/}; mkdir -p "$R/$(dirname "$f")"; rm -f "$R/$f"
    # a link becomes the file it means inside ROOT (its target may be absolute: never follow it on this machine)
    l=$f; while [ -L "$r/$l" ]; do t=$(readlink "$r/$l"); case $t in /*) l=${t#/} ;; *) l=$(dirname "$l")/$t ;; esac; done
    cp -p "$r/$l" "$R/$f"
    { ld "$r" --list "$r/$f" 2>/dev/null || true; } | awk '$2=="=>"{print $3}' | while read -r l; do l=${l#"$r"}; l=/usr${l#/usr}
      [ -e "$R$l" ] || { mkdir -p "$R$(dirname "$l")"; cp -L "$r$l" "$R$l"; }; done
  done; }
have() { local r=$1; shift; (cd "$r" && shopt -s nullglob && eval "printf '%s\n' $*" | while read -r f; do [ -e "$f" ] && echo "$f"; done; true); }   # those of the patterns that exist
elf() { local r=$1 f; shift; for f; do local g=""; for g in "usr/bin/$f" "usr/sbin/$f" ""; do [ -n "$g" ] && [ -e "$r/$g" ] && break; done; if [ -n "$g" ]; then put "$r" "$g"; else say "absent: $f"; fi; done; }
cp -L "$G/lib64/ld-linux-x86-64.so.2" "$R/usr/lib64/"; cp "$G/bin/busybox" "$R/usr/bin/"; ln -s dash "$R/usr/bin/sh"
elf "$G" dash ip ss tc bridge ping iperf3 charon-systemd swanctl tcpdump ethtool nft kmod ldconfig
put "$G" $(have "$G" 'usr/lib/ipsec/plugins/*.so' usr/lib/ipsec/_updown usr/lib/ipsec/xfrmi | grep -vE 'plugins/libstrongswan-(tpm|test-vectors|ntru|bliss|newhope|unbound|mysql|sqlite|soup|ldap|curl|tnc|lookip|led|duplicheck|systime|whitelist|ha|connmark|bypass|af-alg|ctr)|systemd')
put "$G" $(have "$G" usr/lib/ipsec/plugins/libstrongswan-{ctr,bypass-lan}.so 'usr/lib/x86_64-linux-gnu/ossl-modules/*.so' usr/lib/x86_64-linux-gnu/libgcc_s.so.1)
[ -d "$G/usr/lib/x86_64-linux-gnu/tc" ] && cp -a "$G/usr/lib/x86_64-linux-gnu/tc" "$R/usr/lib/x86_64-linux-gnu/"; [ -d "$G/usr/lib/tc" ] && cp -a "$G/usr/lib/tc" "$R/usr/lib/"
mkdir -p "$R/usr/lib/ssl"; [ -f "$G/etc/ssl/openssl.cnf" ] && mkdir -p "$R/etc/ssl" && cp "$G/etc/ssl/openssl.cnf" "$R/etc/ssl/" && ln -s /etc/ssl/openssl.cnf "$R/usr/lib/ssl/openssl.cnf"
mkdir -p "$R/etc/iproute2"; cp -r "$G"/etc/iproute2/. "$G"/usr/share/iproute2/. "$R/etc/iproute2/" 2>/dev/null || true
for x in modprobe insmod rmmod lsmod modinfo depmod; do ln -sf ../bin/kmod "$R/usr/sbin/$x"; done
cp "$G"/etc/{protocols,services} "$R/etc/" 2>/dev/null || true
echo 'root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534::/:/bin/sh
tcpdump:x:100:100::/:/bin/sh' > "$R/etc/passwd"; printf 'root:x:0:\nnogroup:x:65534:\ntcpdump:x:100:\n' > "$R/etc/group"; echo 'passwd: files
group: files
hosts: files dns
services: files
protocols: files' > "$R/etc/nsswitch.conf"; echo "127.0.0.1 localhost guest" > "$R/etc/hosts"
printf '/lib/x86_64-linux-gnu\n/usr/lib/ipsec\n' > "$R/etc/ld.so.conf"
# modules: everything that can matter to an IPsec peer, and what those need
ld "$G" "$G/bin/kmod" >/dev/null 2>&1 || true
ln -sf kmod "$T/depmod"; cp "$G/bin/kmod" "$T/kmod"; kb=${KM%/lib/modules}; ld_depmod() { local r=$G; "$r/lib64/ld-linux-x86-64.so.2" --library-path "$r/lib/x86_64-linux-gnu" --argv0 depmod "$T/kmod" "$@"; }
ld_depmod -b "$kb" "$kv"
want='^kernel/(crypto|arch/x86/crypto|lib|net/(ipv4|ipv6|xfrm|key|sched|8021q|802|9p|llc|bridge|netfilter|l2tp|mpls|core|psample|vmw_vsock)|fs/(9p|netfs|fscache)|drivers/(virtio|net/(dummy|vrf|veth|tun|tap|ifb|macvlan|macvtap|macsec|vxlan|geneve|bareudp|virtio_net|net_failover|bonding|ipvlan|wireguard|ppp|gtp)|char/(virtio_console|hw_random/(rng-core|virtio-rng))))'
skip='/(test_|tcrypt|zstd_compress|raid6|reed|tcp_|dccp|ebt|ip_vs|nft_fwd|.*_diag|[^/]*_test|[^/]*test_)|/ipvs/|ipset|9pnet_rdma|infiniband|9pnet_xen'
awk -F: -v w="$want" -v s="$skip" '$1 ~ w && $1 !~ s {print $1 $2}' "$KM/$kv/modules.dep" | tr ' ' '\n' | sort -u | while read -r m; do
  [ -n "$m" ] || continue; mkdir -p "$R/usr/lib/modules/$kv/$(dirname "$m")"
  case $m in *.xz) xz -dc "$KM/$kv/$m" > "$R/usr/lib/modules/$kv/${m%.xz}" ;; *.zst) zstd -dqc "$KM/$kv/$m" > "$R/usr/lib/modules/$kv/${m%.zst}" ;; *) cp "$KM/$kv/$m" "$R/usr/lib/modules/$kv/$m" ;; esac
done
cp "$KM/$kv"/modules.{builtin,order} "$KM/$kv"/modules.builtin.modinfo "$R/usr/lib/modules/$kv/" 2>/dev/null || true
ld_depmod -b "$R/usr" "$kv" 2>/dev/null || ld_depmod -b "$R" "$kv"
cp "$HERE/init" "$R/init"; chmod 755 "$R/init"
# libraries found without a cache at run time: write the cache now
"$G/lib64/ld-linux-x86-64.so.2" --library-path "$G/lib/x86_64-linux-gnu" "$R/usr/sbin/ldconfig" -r "$R" 2>/dev/null || true
{ echo "$kp $ver"; echo "$gv"; echo "$qv"; } > "$D/versions.txt"; cp "$D/versions.txt" "$R/etc/versions.txt"
pack() { (cd "$1" && find . | sort | "$G/bin/busybox" cpio -o -H newc 2>/dev/null) > "$2"; }
pack "$R" "$D/initramfs.img"
say "initramfs: $(( $(stat -c %s "$D/initramfs.img") >> 20 )) MiB, $(find "$R" -name '*.ko' | wc -l) modules"

# --- does KVM really run this kernel? (some hosts' /dev/kvm only runs specially made guests)
acc=tcg; rm -f "$D/accel"
if [ -w /dev/kvm ]; then
  WORKDIR=$D KG_IMAGE=$D KG_ACCEL=kvm timeout -k 2 12 "$HERE/run.sh" probe >"$T/probe.log" 2>&1 && acc=kvm
fi
echo $acc > "$D/accel"; cp "$T/probe.log" "$D/kvm-probe.log" 2>/dev/null || true; say "accelerator: $acc"
[ -n "${KG_KEEP:-}" ] || rm -rf "$T"; say "done: $D ($(du -sm "$D" | cut -f1) MiB)"
