#include "core/esp/sad.h"

#include "core/base/hash.h"

/* We draw our SPIs ourselves, so that no peer can aim at a slot. The low 8 bits are the bucket and
 * the same for many SAs of one worker; the mix spreads them. */
static size_t slot_of(const struct sad *s, uint32_t spi)
{
	return (size_t)hash_u64(spi) & s->mask;
}

void sad_init(struct sad *s, struct esp_sa **slots, size_t n)
{
	s->slots = slots;
	s->mask = n - 1;
}

void sad_add(struct sad *s, struct esp_sa *sa)
{
	struct esp_sa **slot = &s->slots[slot_of(s, sa->spi_in)];

	sa->next = *slot;
	*slot = sa;
}

/* Chains are turned around twice, so that of two SAs with one SPI the newer stays in front. */
struct esp_sa **sad_resize(struct sad *s, struct esp_sa **slots, size_t n)
{
	struct sad from = *s;

	sad_init(s, slots, n);
	for (size_t i = 0; i <= from.mask; i++) {
		struct esp_sa *reversed = NULL;
		struct esp_sa *next;

		for (struct esp_sa *sa = from.slots[i]; sa; sa = next) {
			next = sa->next;
			sa->next = reversed;
			reversed = sa;
		}
		for (struct esp_sa *sa = reversed; sa; sa = next) {
			next = sa->next;
			sad_add(s, sa);
		}
	}
	return from.slots;
}

void sad_del(struct sad *s, struct esp_sa *sa)
{
	struct esp_sa **at = &s->slots[slot_of(s, sa->spi_in)];

	while (*at && *at != sa)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = sa->next;
	sa->next = NULL;
}

struct esp_sa *sad_find(const struct sad *s, uint32_t spi_in)
{
	struct esp_sa *sa = s->slots[slot_of(s, spi_in)];

	while (sa && sa->spi_in != spi_in)
		sa = sa->next;
	return sa;
}

struct esp_sa *sad_next(const struct sad *s, const struct esp_sa *sa)
{
	size_t i = 0;

	if (sa) {
		if (sa->next)
			return sa->next;
		i = slot_of(s, sa->spi_in) + 1;
	}
	while (i <= s->mask && !s->slots[i])
		i++;
	return i <= s->mask ? s->slots[i] : NULL;
}
