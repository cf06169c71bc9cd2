# shellcheck shell=bash disable=SC2034,SC2154
# strongSwan's load tester is in no binary package of Debian: built from Debian's source package into the cache, with
# what simulated clients with pre-shared keys, certificates, EAP-TLS and EAP-MSCHAPv2 need and no more. Sourced after
# build.sh's functions.

readonly LOAD_TESTER_PACKAGES="build-essential dpkg-dev pkg-config libssl-dev libgmp-dev"
readonly LOAD_TESTER_VERSIONS='5.9.8-5*'
readonly LOAD_TESTER_OPTIONS="--sysconfdir=/nonexistent --with-piddir=/run --disable-defaults --enable-silent-rules
	--enable-charon --enable-ikev2 --enable-vici --enable-nonce --enable-random --enable-drbg --enable-openssl
	--enable-hmac --enable-kdf --enable-sha2 --enable-aes --enable-gcm --enable-pubkey --enable-pem --enable-pkcs1
	--enable-kernel-netlink --enable-socket-default --enable-load-tester --enable-pkcs8 --enable-x509 --enable-md4
	--enable-des --enable-eap-identity --enable-eap-tls --enable-eap-mschapv2"

# The tester's own credentials know RSA only, where any key of the issuer would do. And Debian's patches make some Makefile.am
# newer than what was generated from it, for which automake would be wanted.
load_tester_repair() {
	find "$1" -name Makefile.in -exec touch {} +
	sed -i -e '/KEY_RSA,$/{N;s/KEY_RSA\(,\n.*BUILD_FROM_FILE\)/KEY_ANY\1/}' -e 's/!= KEY_RSA/!= this->private->get_type(this->private)/' \
		"$1/src/libcharon/plugins/load_tester/load_tester_creds.c"
}

build_load_tester() {
	local folder=$1 log source start=$SECONDS
	log=$PWD/$(log_path load-tester)
	fetch_source strongswan strongswan "$LOAD_TESTER_VERSIONS"
	source=$(source_found strongswan "$LOAD_TESTER_VERSIONS")
	[[ ! -e $folder/.complete ]] || return 0
	echo "building strongSwan's load tester"
	rm -rf "$folder"
	mkdir -p "$folder"
	cp -a "$source" "$folder/make"
	load_tester_repair "$folder/make"
	# shellcheck disable=SC2086
	(cd "$folder/make" && ./configure --prefix="$folder" $(echo $LOAD_TESTER_OPTIONS) &&
		make -j"$JOBS" && make install) >"$log" 2>&1 ||
		die "strongSwan's load tester does not build; see $log"
	rm -rf "$folder/make"
	touch "$folder/.complete"
	echo "load tester built in $((SECONDS - start)) s"
}

# load_tester: sets SALLYPORT_LOAD_TESTER, the charon with the tester in it, building it first when nobody has.
load_tester() {
	local key
	# shellcheck disable=SC2086
	need_packages $LOAD_TESTER_PACKAGES
	key=$(echo "$LOAD_TESTER_VERSIONS $LOAD_TESTER_OPTIONS $(declare -f load_tester_repair) $(gcc --version)" | sha256sum)
	key=$CACHE/load-tester-${key:0:16}
	[[ -e $key/.complete ]] || locked "$CACHE/.lock" build_load_tester "$key"
	export SALLYPORT_LOAD_TESTER=$key/libexec/ipsec/charon
}
