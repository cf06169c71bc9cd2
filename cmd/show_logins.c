/* crypto eap credentials, clear crypto eap credentials, and what waits for a person (R-EAP-10). */
#include <inttypes.h>
#include <string.h>

#include "cmd/logins.h"
#include "cmd/show.h"
#include "core/base/mem.h"
#include "core/conf/match.h"

static const char *wish_words(const struct logins_wish *wish)
{
	return wish->is_further ? "another answer" : wish->want_name ? "user name and password" : "password";
}

static bool find_wish(struct world *w, uint64_t sa, struct logins_wish *out)
{
	return w->logins && sa && logins_waits(w->logins, sa, w->now_ms(w->ctx), out);
}

void show_wish(struct world *w, struct out *out, const char *indent, uint64_t sa)
{
	struct logins_wish wish;
	if (!find_wish(w, sa, &wish))
		return;
	out_printf(out, "%sWaits for %" PRIu64 " s for its user's %s: sallyport crypto eap credentials %s\n", indent,
		   (wish.left_ms + 999) / 1000, wish_words(&wish), wish.profile);
}

void js_wish(struct world *w, struct out *out, uint64_t sa)
{
	struct logins_wish wish;
	js_str(out, "waits_for", find_wish(w, sa, &wish) ? wish_words(&wish) : "");
}

/* One of ours that logs in by EAP; NULL with a sentence in err. */
static const struct ike_profile *our_profile(struct world *w, const char *name, struct out *err)
{
	const struct ike_profile *p = snapshot_profile(w->conf, name);
	if (!p)
		out_printf(err, "there is no profile \"%s\"\n", name);
	else if (p->auth_local != AUTH_EAP)
		out_printf(err, "profile %s does not log in by EAP; `authentication local eap` makes it\n", name);
	return p && p->auth_local == AUTH_EAP ? p : NULL;
}

/* What `sallyport crypto eap credentials` asks its user for: "name", "password" or "answer", and on the next line
 * what the gateway says to it, escaped. */
static int ask_wish(struct world *w, const struct ike_profile *p, struct out *out, struct out *err)
{
	struct logins_wish wish;
	bool waits = logins_wanted(w->logins, p->name, w->now_ms(w->ctx), &wish);
	if (secret_usable(&p->eap_password) && !(waits && wish.is_further)) {
		out_printf(err, "profile %s has a password in the configuration, and that is used\n", p->name);
		return 1;
	}
	bool is_further = waits && wish.is_further;
	bool wants_name = !is_further && !p->eap_user && (!waits || wish.want_name);
	out_printf(out, "%s\n", is_further ? "answer" : wants_name ? "name" : "password");
	if (waits)
		out_bytes(out, wish.prompt, strlen(wish.prompt));
	out_printf(out, "\n");
	return 0;
}

static bool take_pair(const struct admin_args *args, struct logins_pair *out)
{
	const char *name = args->words[2], *password = args->words[3];
	size_t name_len = strlen(name), len = strlen(password);
	if (name_len > EAP_NAME_MAX || len == 0 || len > EAP_PASSWORD_MAX)
		return false;
	memcpy(out->name, name, name_len + 1);
	memcpy(out->password, password, len);
	out->len = (uint16_t)len;
	return true;
}

static int report(enum status st, struct out *out, struct out *err)
{
	if (st == ST_PENDING)
		return ADMIN_STAYS;
	if (st == ST_OK)
		out_printf(out, "no login waits for it now: kept for the next one\n");
	else
		out_printf(err, "%s\n", st == ST_NOT_FOUND ? "no login waits for this answer any more" : status_words(st));
	return st == ST_OK ? 0 : 1;
}

/* PROFILE: what is wanted. PROFILE {password|answer} NAME PASSWORD: from the command, which had asked. No word of it
 * is said again. */
SHOW(eap_credentials)
{
	if (args->n != 1 && args->n != 4) {
		out_printf(err, "which profile? User name and password are asked for\n");
		return 2;
	}
	const struct ike_profile *p = our_profile(w, args->words[0], err);
	if (!p || !w->logins)
		return 1;
	if (args->n == 1)
		return ask_wish(w, p, out, err);
	struct logins_pair pair = {0};
	if (!take_pair(args, &pair)) {
		out_printf(err, "a user name has at most %d bytes, a password 1 to %d\n", EAP_NAME_MAX, EAP_PASSWORD_MAX);
		return 2;
	}
	if (p->eap_user && pair.name[0] && strcmp(pair.name, p->eap_user) != 0) {
		out_printf(err, "profile %s has another user name in the configuration\n", p->name);
		mem_zero(&pair, sizeof(pair));
		return 1;
	}
	enum status st = strcmp(args->words[1], "answer") == 0 ? logins_answer(w->logins, p->name, &pair, w->caller)
								: logins_give(w->logins, p->name, &pair, w->caller);
	mem_zero(&pair, sizeof(pair));
	return report(st, out, err);
}

SHOW(clear_eap_credentials)
{
	if (args->n != 1) {
		out_printf(err, "which profile?\n");
		return 2;
	}
	if (!our_profile(w, args->words[0], err) || !w->logins)
		return 1;
	out_printf(out, "%s\n", logins_forget(w->logins, args->words[0]) ? "forgotten" : "there was nothing to forget");
	return 0;
}
