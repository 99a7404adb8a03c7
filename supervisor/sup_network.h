/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_NETWORK_H
#define TROIKA_SUP_NETWORK_H

#include <sys/socket.h>

#include "error.h"

/* Addresses and ranges as text and bytes, and the choice of this host's own address. */

struct sup_ip {
	int family; /* AF_INET or AF_INET6 */
	unsigned char bytes[16];
};

struct sup_cidr {
	struct sup_ip base; /* host bits cleared */
	unsigned prefix_length;
};

/* Dotted or colon text; false when it is neither. */
bool sup_ip_parse(struct str text, struct sup_ip *ret);
struct str sup_ip_format(struct arena *arena, const struct sup_ip *ip);
/* "ADDRESS:PORT" or "[ADDRESS]:PORT". */
struct str sup_ip_format_port(struct arena *arena, const struct sup_ip *ip, unsigned port);
bool sup_ip_is_unspecified(const struct sup_ip *ip);
bool sup_ip_is_loopback(const struct sup_ip *ip);
/* Neither unspecified, loopback, link-local, multicast nor broadcast. */
bool sup_ip_is_global_unicast(const struct sup_ip *ip);
/* Returns the length of what was filled in. */
socklen_t sup_ip_to_sockaddr(const struct sup_ip *ip, unsigned port, struct sockaddr_storage *ret);

bool sup_cidr_parse(struct str text, struct sup_cidr *ret);
unsigned sup_cidr_host_bits(const struct sup_cidr *cidr);
/* The address `offset` behind the base. */
struct sup_ip sup_cidr_address(const struct sup_cidr *cidr, unsigned offset);

/*
 * An address of this host that others can reach: of the interface with the default route, IPv4
 * before IPv6; without a default route, of any interface that is up.
 */
int sup_network_choose_address(struct sup_ip *ret, struct error *err) WARN_UNUSED;
/* The interface of the first default route in the text of /proc/net/route; empty when none. */
struct str sup_network_default_interface(struct str routes);

#endif
