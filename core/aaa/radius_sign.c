#include "core/aaa/radius_sign.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/radius_hash.h"

#define AUTHENTICATOR_AT 4
#define BLOCK 16
#define SALT 2
#define SALTED_MAX 239 /* with its length in whole blocks, behind a tag and a salt (RFC 2868 3.5) */

_Static_assert(RADIUS_HASH_LEN == RADIUS_AUTHENTICATOR && BLOCK == RADIUS_HASH_LEN, "all of it is MD5");

static const uint8_t zeros[RADIUS_AUTHENTICATOR];

/* ---- proofs ------------------------------------------------------------------------------- */

/* Where the value of the Message-Authenticator begins in the packet; 0: there is none. */
static enum status find_proof(const struct radius_packet *p, size_t *at)
{
	struct radius_cursor c = radius_begin(p->attrs);
	struct radius_attr a;

	*at = 0;
	while (radius_next(&c, &a)) {
		if (a.type != RADIUS_MESSAGE_AUTHENTICATOR)
			continue;
		if (*at || a.value.len != RADIUS_AUTHENTICATOR)
			return ST_BAD_PAYLOAD;
		*at = (size_t)(a.value.p - p->all.p);
	}
	return ST_OK;
}

/* A packet to be proved, and what stands in the place of its authenticator meanwhile. */
struct signer {
	struct view secret;
	const uint8_t *authenticator;
	struct radius_packet p;
	size_t at; /* find_proof */
};

/* RFC 3579 3.2: HMAC-MD5 over the packet with another authenticator, itself taken as zeros. */
static void prove(const struct signer *s, uint8_t out[RADIUS_AUTHENTICATOR])
{
	const uint8_t *b = s->p.all.p;
	size_t behind = s->at + RADIUS_AUTHENTICATOR;
	const struct view parts[] = {{b, AUTHENTICATOR_AT}, {s->authenticator, RADIUS_AUTHENTICATOR},
		{b + RADIUS_HEADER, s->at - RADIUS_HEADER}, {zeros, sizeof(zeros)},
		{b + behind, s->p.all.len - behind}};

	radius_hash_hmac(s->secret, parts, sizeof(parts) / sizeof(parts[0]), out);
}

/* RFC 2865 section 3, RFC 2866 section 3: MD5 over the packet with another authenticator, and the secret. */
static void seal(const struct signer *s, uint8_t out[RADIUS_AUTHENTICATOR])
{
	const struct view parts[] = {{s->p.all.p, AUTHENTICATOR_AT}, {s->authenticator, RADIUS_AUTHENTICATOR},
		s->p.attrs, s->secret};

	radius_hash_md5(parts, sizeof(parts) / sizeof(parts[0]), out);
}

static bool is_proved(const struct signer *s)
{
	uint8_t want[RADIUS_AUTHENTICATOR];

	prove(s, want);
	return mem_eq_secret(want, s->p.all.p + s->at, sizeof(want));
}

static bool is_sealed(const struct signer *s)
{
	uint8_t want[RADIUS_AUTHENTICATOR];

	seal(s, want);
	return mem_eq_secret(want, s->p.authenticator, sizeof(want));
}

static bool has_chance(uint8_t code)
{
	return code == RADIUS_ACCESS_REQUEST || code == RADIUS_STATUS_SERVER;
}

static enum status begin_to_sign(struct signer *s, const uint8_t *packet, size_t len)
{
	enum status st = radius_parse((struct view){packet, len}, &s->p);

	return st ? st : find_proof(&s->p, &s->at);
}

enum status radius_sign_request(struct view secret, uint8_t *packet, size_t len)
{
	struct signer s = {.secret = secret, .authenticator = zeros};
	enum status st = begin_to_sign(&s, packet, len);

	if (st)
		return st;
	if (has_chance(s.p.code))
		s.authenticator = s.p.authenticator;
	if (s.at)
		prove(&s, packet + s.at);
	if (!has_chance(s.p.code))
		seal(&s, packet + AUTHENTICATOR_AT);
	return ST_OK;
}

enum status radius_sign_reply(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR],
	uint8_t *packet, size_t len)
{
	struct signer s = {.secret = secret, .authenticator = request_authenticator};
	enum status st = begin_to_sign(&s, packet, len);

	if (st)
		return st;
	if (s.at)
		prove(&s, packet + s.at);
	seal(&s, packet + AUTHENTICATOR_AT);
	return ST_OK;
}

enum status radius_verify_request(struct view secret, const struct radius_packet *p)
{
	bool by_chance = has_chance(p->code), is_good;
	struct signer s = {.secret = secret, .authenticator = by_chance ? p->authenticator : zeros, .p = *p};

	if (find_proof(p, &s.at))
		return ST_NOT_AUTHENTIC;
	is_good = by_chance || is_sealed(&s);
	if (s.at)
		is_good = is_proved(&s) && is_good;
	return is_good ? ST_OK : ST_NOT_AUTHENTIC;
}

enum status radius_verify_reply(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR],
	const struct radius_packet *p)
{
	struct signer s = {.secret = secret, .authenticator = request_authenticator, .p = *p};
	struct signer with_zeros = {.secret = secret, .authenticator = zeros, .p = *p};
	bool is_good;

	if (find_proof(p, &s.at))
		return ST_NOT_AUTHENTIC;
	with_zeros.at = s.at;
	is_good = is_sealed(&s);
	/* No RFC has a Message-Authenticator in an Accounting-Response, so servers compute it either way: FreeRADIUS 3
	 * with zeros, as in the request. */
	if (s.at && !is_proved(&s))
		is_good = is_good && p->code == RADIUS_ACCOUNTING_RESPONSE && is_proved(&with_zeros);
	return is_good ? ST_OK : ST_NOT_AUTHENTIC;
}

/* ---- what is hidden ------------------------------------------------------------------------ */

/* One chain for all that is hidden: b(1) = MD5(secret, seed), b(i) = MD5(secret, c(i-1)), c(i) = p(i) xor b(i).
 * In place. */
struct chain {
	struct view secret;
	struct view seed[2]; /* authenticator, salt */
	uint8_t last[BLOCK]; /* c(i-1) */
	bool is_begun;
};

static void chain_block(struct chain *c, uint8_t *block, bool is_hiding)
{
	const struct view first[] = {c->secret, c->seed[0], c->seed[1]}, next[] = {c->secret, {c->last, BLOCK}};
	uint8_t b[BLOCK], before[BLOCK];

	memcpy(before, block, BLOCK);
	if (c->is_begun)
		radius_hash_md5(next, 2, b);
	else
		radius_hash_md5(first, 3, b);
	c->is_begun = true;
	for (size_t i = 0; i < BLOCK; i++)
		block[i] ^= b[i];
	memcpy(c->last, is_hiding ? block : before, BLOCK);
	mem_zero(b, sizeof(b));
	mem_zero(before, sizeof(before));
}

static void chain_all(struct chain *c, uint8_t *text, size_t len, bool is_hiding)
{
	for (size_t at = 0; at < len; at += BLOCK)
		chain_block(c, text + at, is_hiding);
}

static size_t whole_blocks(size_t len)
{
	return (len + BLOCK - 1) / BLOCK * BLOCK;
}

enum status radius_hide_password(struct view secret, const uint8_t authenticator[RADIUS_AUTHENTICATOR],
	struct view password, struct wr *w)
{
	struct chain c = {.secret = secret, .seed = {{authenticator, RADIUS_AUTHENTICATOR}}};
	/* An empty one has a block too: an attribute without value is none (RFC 2865 section 5). */
	size_t len = password.len ? whole_blocks(password.len) : BLOCK;
	uint8_t *out;

	if (password.len > RADIUS_PASSWORD_MAX)
		return ST_LIMIT;
	out = wr_room(w, len);
	if (!out)
		return ST_LIMIT;
	memset(out, 0, len);
	if (password.len)
		memcpy(out, password.p, password.len);
	chain_all(&c, out, len, true);
	return ST_OK;
}

enum status radius_reveal_password(struct view secret, const uint8_t authenticator[RADIUS_AUTHENTICATOR],
	struct view hidden, struct wr *w)
{
	struct chain c = {.secret = secret, .seed = {{authenticator, RADIUS_AUTHENTICATOR}}};
	uint8_t text[RADIUS_PASSWORD_MAX];
	size_t len = hidden.len;
	bool fits;

	if (len == 0 || len % BLOCK || len > sizeof(text))
		return ST_BAD_PAYLOAD;
	memcpy(text, hidden.p, len);
	chain_all(&c, text, len, false);
	while (len > 0 && text[len - 1] == 0)
		len--;
	wr_bytes(w, text, len);
	fits = wr_ok(w);
	mem_zero(text, sizeof(text));
	return fits ? ST_OK : ST_LIMIT;
}

enum status radius_reveal(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR], struct view salted,
	uint8_t *out, size_t cap, size_t *len)
{
	struct rd r = rd_init(salted.p, salted.len);
	struct view salt = rd_bytes(&r, SALT), hidden = rd_rest(&r);
	struct chain c = {.secret = secret, .seed = {{request_authenticator, RADIUS_AUTHENTICATOR}, salt}};
	uint8_t text[RADIUS_VALUE_MAX];
	enum status st = ST_OK;

	*len = 0;
	if (!rd_ok(&r) || hidden.len == 0 || hidden.len % BLOCK || hidden.len > sizeof(text))
		return ST_BAD_PAYLOAD;
	memcpy(text, hidden.p, hidden.len);
	chain_all(&c, text, hidden.len, false);
	/* The first octet is the length of what follows; the rest fills the last block up. */
	if (text[0] >= hidden.len)
		st = ST_BAD_PAYLOAD;
	else if (text[0] > cap)
		st = ST_LIMIT;
	else
		*len = text[0];
	if (*len)
		memcpy(out, text + 1, *len);
	mem_zero(text, sizeof(text));
	return st;
}

enum status radius_hide(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR], struct view plain,
	struct wr *w)
{
	struct chain c = {.secret = secret, .seed = {{request_authenticator, RADIUS_AUTHENTICATOR}}};
	size_t len = whole_blocks(1 + plain.len);
	uint8_t *out;

	if (plain.len > SALTED_MAX || !wr_ok(w) || w->len < SALT)
		return ST_LIMIT;
	out = wr_room(w, len);
	if (!out)
		return ST_LIMIT;
	c.seed[1] = (struct view){out - SALT, SALT};
	memset(out, 0, len);
	out[0] = (uint8_t)plain.len;
	if (plain.len)
		memcpy(out + 1, plain.p, plain.len);
	chain_all(&c, out, len, true);
	return ST_OK;
}
