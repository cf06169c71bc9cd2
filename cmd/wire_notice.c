#include "cmd/wire_notice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/wire_client.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/ike/ike.h"

#define PROTO_OF_ESP 50

void wire_on_notice(void *ctx, enum status what, uint32_t spi, size_t len, const struct endpoint *local,
		    const struct endpoint *remote)
{
	struct wire *w = ctx;
	if (what == ST_ESP_REPLAY) {
		/* The number is that of `conn id` in show crypto ipsec sa. */
		LOG(EV_PKT_REPLAY, kv_u64("connection", spi), kv_spi32("spi", spi), kv_ep("local", local),
		    kv_ep("remote", remote), kv_status("status", what));
		return;
	}
	LOG(EV_INVALID_SPI, kv_addr("destaddr", &local->addr), kv_u64("prot", PROTO_OF_ESP),
	    kv_spi32("spi", spi), kv_u64("spi_decimal", spi), kv_addr("srcaddr", &remote->addr),
	    kv_u64("srcport", remote->port));
	ike_on_unknown_spi(w->ike, spi, len, local, remote);
	if (w->conf->ipsec.invalid_spi_recovery)
		wire_client_recover(w, remote);
}

/* ---- the secret --------------------------------------------------------------------------------- */

#define FILE_NAME "token.secret"

static enum status read_secret(const char *path, uint8_t out[IKE_TOKEN_SECRET])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
	ssize_t n = read(fd, out, IKE_TOKEN_SECRET);
	close(fd);
	return n == IKE_TOKEN_SECRET ? ST_OK : ST_TRUNCATED;
}

/* Whole or not at all, also when the power goes. */
static enum status write_secret(const char *dir, const char *path, const uint8_t secret[IKE_TOKEN_SECRET])
{
	char fresh[4096 + 8];
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && write(fd, secret, IKE_TOKEN_SECRET) == IKE_TOKEN_SECRET && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	ok = ok && rename(fresh, path) == 0;
	int folder = ok ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (folder >= 0) {
		(void)fsync(folder);
		close(folder);
	}
	return ok ? ST_OK : ST_IO;
}

static enum status find_secret(const char *dir, uint8_t out[IKE_TOKEN_SECRET])
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/" FILE_NAME, dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ST_CONFIG;
	enum status st = read_secret(path, out);
	/* One that is cut off is of no use to anybody. */
	if (st != ST_NOT_FOUND && st != ST_TRUNCATED)
		return st;
	rnd_bytes(out, IKE_TOKEN_SECRET);
	return write_secret(dir, path, out);
}

void wire_token_secret(struct wire *w)
{
	uint8_t secret[IKE_TOKEN_SECRET];
	enum status st = find_secret(w->state, secret);
	if (st == ST_OK)
		ike_set_token_secret(w->ike, secret);
	else
		LOG(EV_STORE_ERROR, kv_status("status", st),
		    kv_str("reason", FILE_NAME " cannot be read or made; peers are not shown tokens"));
	mem_zero(secret, sizeof(secret));
}
