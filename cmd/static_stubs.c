/*
 * Stand-ins for the functions of glibc that a static program cannot have: they would load shared
 * libraries at run time (name service switch, dlopen). Each one fails the way its manual page says.
 * Nothing of ours calls them (names are resolved with evdns, users by number); the libraries we link
 * mention them. Only the static build holds this file.
 */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>

/* libsqlite3.a is given this name for dlopen when it is linked; see build.sh. */
void *stub_dlopen(const char *file, int mode);

void *stub_dlopen(const char *file, int mode)
{
	return NULL;
}

int getaddrinfo(const char *restrict node, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
	*res = NULL;
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *res)
{
}

struct hostent *gethostbyname(const char *name)
{
	h_errno = NO_RECOVERY;
	return NULL;
}

struct hostent *gethostbyaddr(const void *addr, socklen_t len, int type)
{
	h_errno = NO_RECOVERY;
	return NULL;
}

struct servent *getservbyname(const char *name, const char *proto)
{
	return NULL;
}

struct protoent *getprotobynumber(int proto)
{
	return NULL;
}

struct protoent *getprotobyname(const char *name)
{
	return NULL;
}

struct passwd *getpwnam(const char *name)
{
	errno = ENOENT;
	return NULL;
}

struct group *getgrnam(const char *name)
{
	errno = ENOENT;
	return NULL;
}

void endpwent(void)
{
}

void endgrent(void)
{
}
