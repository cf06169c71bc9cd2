#!/bin/bash
# The rules of tests/check against a small tree that breaks each of them once.
set -u
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{core/{base,wire,ike,crypto,parlour},modules/{net,snmp},db,cmd}
passed=0 failed=0

put() { printf '%b' "$2" >"$tree/$1"; }

# expect RULE FILE:LINE WORDS
expect() {
	if CHECK_ROOT=$tree /usr/bin/python3 -B "tests/check/$1.py" | grep -F "FAIL $2: $3" >/dev/null; then
		echo "ok $1 $2"
		passed=$((passed + 1))
	else
		echo "FAIL $1 says nothing of $2: $3"
		failed=$((failed + 1))
	fi
}

# silent RULE FILE
silent() {
	if CHECK_ROOT=$tree /usr/bin/python3 -B "tests/check/$1.py" | grep -F "FAIL $2:"; then
		echo "FAIL $1 complains of $2"
		failed=$((failed + 1))
	else
		echo "ok $1 silent on $2"
		passed=$((passed + 1))
	fi
}

put core/base/up.c '#include "core/wire/ike.h"\n'
expect layers core/base/up.c:1 'core/wire/ike.h: core/base may not include core/wire'
put core/ike/out.c '\n#include "modules/net/net.h"\n'
expect layers core/ike/out.c:2 'modules/net/net.h: core/ike may not include modules/net'
put modules/net/over.c '#include "modules/snmp/tree.h"\n#include "core/ike/ike.h"\n'
expect layers modules/net/over.c:1 'modules/snmp/tree.h: modules/net may not include modules/snmp'
put modules/net/near.c '#include "near.h"\n'
expect layers modules/net/near.c:1 'near.h: includes are written from the root'
put core/ike/tls.c '#include <openssl/ssl.h>\n'
expect layers core/ike/tls.c:1 'openssl/ssl.h: <openssl/ssl.h> has its home in core/crypto'
put modules/net/sql.c '#include <sqlite3.h>\n'
expect layers modules/net/sql.c:1 'sqlite3.h: <sqlite3.h> has its home in db'
put modules/net/web.c '#include <event2/http.h>\n#include <event2/event.h>\n'
expect layers modules/net/web.c:1 'event2/http.h: <event2/http.h> has its home in modules/http'
expect layers modules/net/web.c:2 'event2/event.h: <event2/event.h> has its home in modules/loop'
put modules/net/script.c '#include <lua5.4/lauxlib.h>\n'
expect layers modules/net/script.c:1 'lua5.4/lauxlib.h: <lua5.4/lauxlib.h> has its home in modules/lua'
put core/parlour/a.c '\n'
expect layers core/parlour/a.c:1 'core has no such folder'
put core/crypto/good.c '#include <openssl/aead.h>\n#include "core/base/rd.h"\n'
silent layers core/crypto/good.c
put cmd/wire.c '#include "modules/net/net.h"\n#include "core/ike/ike.h"\n#include "db/store.h"\n'
silent layers cmd/wire.c

long=$(yes '\tx++;\n' | head -n 120 | tr -d '\n')
put db/long.c "int x;\n\nstatic int long_one(int a,\n\tint b)\n{\n$long}\n\nstatic void short_one(void)\n{\n}\n"
expect sizes db/long.c:5 'long_one has 122 lines'
put db/big.c "$(yes '\n' | head -n 801 | tr -d '\n')"
expect sizes db/big.c:801 '801 lines, the limit is 800'
put db/big.h "$(yes '\n' | head -n 201 | tr -d '\n')"
expect sizes db/big.h:201 '201 lines, the limit is 200'

put core/ike/now.c 'long f(void)\n{\n\treturn time(NULL);\n}\n'
expect calls core/ike/now.c:3 'time(): core is told the time'
put core/wire/sure.c 'void f(int n)\n{\n\tassert(n > 0);\n}\n'
expect calls core/wire/sure.c:3 'assert(): a byte from the network'
put db/copy.c 'void f(char *a)\n{\n\tstrcpy(a, "b");\n}\n'
expect calls db/copy.c:3 'strcpy(): has no bounds'
put core/ike/good.c '/* time(0) */\nvoid f(struct p *p)\n{\n\tp->send(p, "open(");\n\tsa_open(p);\n\tp->open(1);\n}\n'
silent calls core/ike/good.c

put db/later.c "/* TO""DO: more */\n"
expect words db/later.c:1 "TO""DO: left undone"
put db/here.c "const char *p = \"/ho""me/somebody/x\";\n"
expect words db/here.c:1 "/ho""me/somebody/: a path of one machine"

echo "# $passed passed, $failed failed"
((failed == 0))
