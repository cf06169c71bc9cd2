/* The file master.key. It lies beside secrets.db, so it helps against copies of the database alone
 * (a backup, a support bundle), not against who can read the whole folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "db/user.h"

#define NAME "master.key"

enum status master_key_take(int fd, uint8_t key[MASTER_KEY_LEN])
{
	uint8_t more[MASTER_KEY_LEN + 1];
	ssize_t n = read(fd, more, sizeof(more));

	if (n == MASTER_KEY_LEN)
		memcpy(key, more, MASTER_KEY_LEN);
	mem_zero(more, sizeof(more));
	return n == MASTER_KEY_LEN ? ST_OK : n < 0 ? ST_IO : ST_BAD_LENGTH;
}

static enum status read_key(int fd, uint8_t key[MASTER_KEY_LEN])
{
	struct stat s;

	if (fstat(fd, &s) != 0)
		return ST_IO;
	if ((s.st_mode & 077) != 0 || !S_ISREG(s.st_mode))
		return ST_CONFIG;
	return master_key_take(fd, key);
}

/* Whole, or not there: written under another name first. By root it is made for the folder's owner.
 */
static enum status make_key(int folder, uint8_t key[MASTER_KEY_LEN])
{
	struct stat s;
	int fd = openat(
		folder, NAME ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && fstat(folder, &s) == 0;

	if (ok && geteuid() == 0)
		ok = fchown(fd, s.st_uid, s.st_gid) == 0;
	rnd_bytes(key, MASTER_KEY_LEN);
	ok = ok && fchmod(fd, 0600) == 0 && write(fd, key, MASTER_KEY_LEN) == MASTER_KEY_LEN &&
	     fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	/* Never over one that is there: linkat fails then. */
	ok = ok && linkat(folder, NAME ".new", folder, NAME, 0) == 0 && fsync(folder) == 0;
	int e = errno;
	(void)unlinkat(folder, NAME ".new", 0);
	errno = e;
	if (!ok)
		mem_zero(key, MASTER_KEY_LEN);
	return ok ? ST_OK : ST_IO;
}

enum status master_key_read(const char *dir, bool make, uint8_t key[MASTER_KEY_LEN])
{
	int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = folder < 0 ? -1 : openat(folder, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum status st = ST_IO;

	if (fd >= 0) {
		st = read_key(fd, key);
		close(fd);
	} else if (folder >= 0 && errno == ENOENT) {
		st = make ? make_key(folder, key) : ST_NOT_FOUND;
	}
	if (folder >= 0)
		close(folder);
	return st;
}
