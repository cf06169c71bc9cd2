#include "core/conf/snapshot.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/conf/argument.h"

struct snapshot *snapshot_ref(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void snapshot_unref(struct snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	arena_free(&s->arena);
	mem_free_secret(s, sizeof(*s));
}

/* Every object starts with `char *name`, or says where it is. */
static const void *by_name(const void *v, size_t n, size_t size, size_t name_at, const char *name)
{
	if (!name)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *obj = (const char *)v + i * size;
		const char *have;
		memcpy(&have, obj + name_at, sizeof(have));
		if (have && strcmp(have, name) == 0)
			return obj;
	}
	return NULL;
}

#define BY_NAME(list, count, type)                                                                 \
	by_name(s->list, s->count, sizeof(type), offsetof(type, name), name)

const struct ike_proposal *snapshot_proposal(const struct snapshot *s, const char *name)
{
	return BY_NAME(proposals, proposal_count, struct ike_proposal);
}

const struct ike_policy *snapshot_policy(const struct snapshot *s, const char *name)
{
	return BY_NAME(policies, policy_count, struct ike_policy);
}

const char *snapshot_hostname(const struct snapshot *s)
{
	return s->hostname != NULL ? s->hostname : "sallyport";
}

const struct ike_profile *snapshot_profile(const struct snapshot *s, const char *name)
{
	return BY_NAME(profiles, profile_count, struct ike_profile);
}

const struct ike_keyring *snapshot_keyring(const struct snapshot *s, const char *name)
{
	return BY_NAME(keyrings, keyring_count, struct ike_keyring);
}

const struct flex_client *snapshot_client(const struct snapshot *s, const char *name)
{
	return BY_NAME(clients, client_count, struct flex_client);
}

const struct trustpoint *snapshot_trustpoint(const struct snapshot *s, const char *name)
{
	return BY_NAME(trustpoints, trustpoint_count, struct trustpoint);
}

const struct cert_map *snapshot_cert_map(const struct snapshot *s, const char *name)
{
	return BY_NAME(cert_maps, cert_map_count, struct cert_map);
}

const struct cert_chain *snapshot_cert_chain(const struct snapshot *s, const char *name)
{
	return BY_NAME(cert_chains, cert_chain_count, struct cert_chain);
}

const struct authz_policy *snapshot_authz(const struct snapshot *s, const char *name)
{
	return BY_NAME(authz, authz_count, struct authz_policy);
}

const struct pool4 *snapshot_pool4(const struct snapshot *s, const char *name)
{
	return BY_NAME(pools4, pool4_count, struct pool4);
}

const struct pool6 *snapshot_pool6(const struct snapshot *s, const char *name)
{
	return BY_NAME(pools6, pool6_count, struct pool6);
}

const struct class_map *snapshot_class_map(const struct snapshot *s, const char *name)
{
	return BY_NAME(class_maps, class_map_count, struct class_map);
}

const struct policy_map *snapshot_policy_map(const struct snapshot *s, const char *name)
{
	return BY_NAME(policy_maps, policy_map_count, struct policy_map);
}

const struct transform_set *snapshot_transform_set(const struct snapshot *s, const char *name)
{
	return BY_NAME(sets, set_count, struct transform_set);
}

const struct ipsec_profile *snapshot_ipsec_profile(const struct snapshot *s, const char *name)
{
	return BY_NAME(ipsec_profiles, ipsec_profile_count, struct ipsec_profile);
}

const struct vrf_def *snapshot_vrf(const struct snapshot *s, const char *name)
{
	return BY_NAME(vrfs, vrf_count, struct vrf_def);
}

const struct radius_server *snapshot_radius_server(const struct snapshot *s, const char *name)
{
	return BY_NAME(radius_servers, radius_server_count, struct radius_server);
}

const struct aaa_group *snapshot_aaa_group(const struct snapshot *s, const char *name)
{
	return BY_NAME(aaa_groups, aaa_group_count, struct aaa_group);
}

const struct attribute_list *snapshot_attribute_list(const struct snapshot *s, const char *name)
{
	return BY_NAME(attribute_lists, attribute_list_count, struct attribute_list);
}

const struct name_mangler *snapshot_mangler(const struct snapshot *s, const char *name)
{
	return BY_NAME(manglers, mangler_count, struct name_mangler);
}

const struct acl *snapshot_acl(const struct snapshot *s, enum acl_kind kind, const char *name)
{
	if (!name)
		return NULL;
	for (size_t i = 0; i < s->acl_count; i++) {
		const struct acl *a = &s->acls[i];
		if (a->kind == kind && strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

const struct iface *snapshot_iface(const struct snapshot *s, enum iface_kind kind, uint32_t number)
{
	for (size_t i = 0; i < s->iface_count; i++)
		if (s->ifaces[i].kind == kind && s->ifaces[i].number == number)
			return &s->ifaces[i];
	return NULL;
}

const char *snapshot_vrf_name(const struct snapshot *s, uint32_t num)
{
	if (num == 0)
		return "";
	for (size_t i = 0; i < s->vrf_count; i++)
		if (s->vrfs[i].num == num)
			return s->vrfs[i].name;
	return NULL;
}

const struct aaa_list *snapshot_aaa_list(
	const struct snapshot *s, enum aaa_kind kind, const char *name)
{
	if (!name)
		return NULL;
	for (size_t i = 0; i < s->aaa_list_count; i++) {
		const struct aaa_list *l = &s->aaa_lists[i];
		if (l->kind == kind && strcmp(l->name, name) == 0)
			return l;
	}
	return NULL;
}

struct addr snapshot_iface_address(const struct snapshot *s, const char *name, uint8_t family)
{
	uint8_t kind;
	uint32_t number;
	const struct iface *f = name && iface_name_parse(name, strlen(name), &kind, &number)
		? snapshot_iface(s, kind, number) : NULL;
	if (f && family == 4)
		return f->ip.addr;
	return f && f->ip6_count ? f->ip6[0].addr : (struct addr){0};
}
