/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_credentials.h"

#include <errno.h>
#include <sys/socket.h>

int peer_credentials_get(int fd, struct peer_credentials *ret, struct error *err)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return error_set_errno(err, errno, "peer credentials");
	if (length != sizeof(credentials) || credentials.pid == 0)
		return error_set(err, ERROR_INTERNAL, "peer credentials are not known");
	*ret = (struct peer_credentials){credentials.pid, credentials.uid, credentials.gid};
	return 0;
}
