/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_help.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct buffer buffer = {0};

	if (argc > 1)
		sup_help_format(&buffer, (unsigned)strtoul(argv[1], NULL, 10));
	fwrite(buffer.data, 1, buffer.length, stdout);
	buffer_fini(&buffer);
	return 0;
}
