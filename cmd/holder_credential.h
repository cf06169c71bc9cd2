/* Files that the service manager hands to the service (systemd: LoadCredential=, SetCredentialEncrypted=). */
#ifndef CMD_HOLDER_CREDENTIAL_H
#define CMD_HOLDER_CREDENTIAL_H

#include "core/base/status.h"

/* ST_NOT_FOUND; ST_IO with errno. name is ours. */
enum status credential_open(const char *name, int *fd) MUST_USE;

#endif
