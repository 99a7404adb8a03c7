/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_network.h"

#include "buffer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#define ROUTES_MAX_BYTES (1u << 20)

static size_t address_bytes(const struct sup_ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

bool sup_ip_parse(struct str text, struct sup_ip *ret)
{
	char name[INET6_ADDRSTRLEN];
	struct sup_ip ip = {0};

	if (text.length == 0 || text.length >= sizeof(name) ||
		str_find_byte(text, '\0') < text.length)
		return false;
	memcpy(name, text.data, text.length);
	name[text.length] = '\0';
	ip.family = strchr(name, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(ip.family, name, ip.bytes) != 1)
		return false;
	*ret = ip;
	return true;
}

struct str sup_ip_format(struct arena *arena, const struct sup_ip *ip)
{
	char name[INET6_ADDRSTRLEN];

	return arena_copy(arena, str_from_c(inet_ntop(ip->family, ip->bytes, name, sizeof(name))));
}

struct str sup_ip_format_port(struct arena *arena, const struct sup_ip *ip, unsigned port)
{
	struct str text = sup_ip_format(arena, ip);

	return arena_printf(
		arena, ip->family == AF_INET ? "%.*s:%u" : "[%.*s]:%u", STR_ARG(text), port);
}

bool sup_ip_is_unspecified(const struct sup_ip *ip)
{
	static const unsigned char zeroes[16];

	return memcmp(ip->bytes, zeroes, address_bytes(ip)) == 0;
}

bool sup_ip_is_loopback(const struct sup_ip *ip)
{
	static const unsigned char loopback6[16] = {[15] = 1};

	if (ip->family == AF_INET)
		return ip->bytes[0] == 127;
	return memcmp(ip->bytes, loopback6, sizeof(loopback6)) == 0;
}

bool sup_ip_is_global_unicast(const struct sup_ip *ip)
{
	static const unsigned char broadcast[4] = {255, 255, 255, 255};
	const unsigned char *b = ip->bytes;

	if (sup_ip_is_unspecified(ip) || sup_ip_is_loopback(ip))
		return false;
	if (ip->family == AF_INET)
		return !(b[0] == 169 && b[1] == 254) && b[0] < 224 && memcmp(b, broadcast, 4) != 0;
	return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

socklen_t sup_ip_to_sockaddr(const struct sup_ip *ip, unsigned port, struct sockaddr_storage *ret)
{
	*ret = (struct sockaddr_storage){.ss_family = (sa_family_t)ip->family};
	if (ip->family == AF_INET) {
		struct sockaddr_in *address = (struct sockaddr_in *)ret;

		address->sin_port = htons((uint16_t)port);
		memcpy(&address->sin_addr, ip->bytes, 4);
		return sizeof(*address);
	}

	struct sockaddr_in6 *address = (struct sockaddr_in6 *)ret;

	address->sin6_port = htons((uint16_t)port);
	memcpy(&address->sin6_addr, ip->bytes, 16);
	return sizeof(*address);
}

bool sup_cidr_parse(struct str text, struct sup_cidr *ret)
{
	struct sup_cidr cidr;
	struct str rest = text;
	struct str address = str_split(&rest, '/');
	uint64_t prefix_length;

	if (!sup_ip_parse(address, &cidr.base) ||
		!str_parse_u64(rest, address_bytes(&cidr.base) * 8, &prefix_length))
		return false;
	cidr.prefix_length = (unsigned)prefix_length;
	for (size_t bit = cidr.prefix_length; bit < address_bytes(&cidr.base) * 8; bit++)
		cidr.base.bytes[bit / 8] &= (unsigned char)~(0x80u >> (bit % 8));
	*ret = cidr;
	return true;
}

unsigned sup_cidr_host_bits(const struct sup_cidr *cidr)
{
	return (unsigned)address_bytes(&cidr->base) * 8 - cidr->prefix_length;
}

struct sup_ip sup_cidr_address(const struct sup_cidr *cidr, unsigned offset)
{
	struct sup_ip ip = cidr->base;
	uint64_t carry = offset;

	for (size_t i = address_bytes(&ip); i-- > 0 && carry > 0;) {
		carry += ip.bytes[i];
		ip.bytes[i] = (unsigned char)(carry & 0xff);
		carry >>= 8;
	}
	return ip;
}

static int read_file(const char *path, struct buffer *buffer)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0)
		return -1;
	while (got > 0 && buffer->length < ROUTES_MAX_BYTES) {
		got = read(fd, buffer_reserve(buffer, 4096), 4096);
		if (got > 0)
			buffer->length += (size_t)got;
	}
	close(fd);
	return got < 0 ? -1 : 0;
}

/* The n-th word of a line, words being separated by blanks. */
static struct str word_of(struct str line, size_t index)
{
	for (;;) {
		size_t end = 0;

		line = str_trim(line);
		while (end < line.length && line.data[end] != ' ' && line.data[end] != '\t')
			end++;
		if (index-- == 0)
			return str_slice(line, 0, end);
		line = str_skip(line, end);
		if (str_is_empty(line))
			return STR_EMPTY;
	}
}

struct str sup_network_default_interface(struct str routes)
{
	str_split(&routes, '\n');
	while (!str_is_empty(routes)) {
		struct str line = str_split(&routes, '\n');

		if (str_equal(word_of(line, 1), STR("00000000")) &&
			str_equal(word_of(line, 7), STR("00000000")))
			return word_of(line, 0);
	}
	return STR_EMPTY;
}

/* Columns of /proc/net/ipv6_route: destination, its prefix length, ..., flags, interface. */
static struct str default_interface6(struct str routes)
{
	while (!str_is_empty(routes)) {
		struct str line = str_split(&routes, '\n');

		if (str_equal(word_of(line, 0), STR("00000000000000000000000000000000")) &&
			str_equal(word_of(line, 1), STR("00")) &&
			!str_equal(word_of(line, 9), STR("lo")))
			return word_of(line, 9);
	}
	return STR_EMPTY;
}

static bool to_ip(const struct sockaddr *address, int family, struct sup_ip *ret)
{
	if (!address || address->sa_family != family)
		return false;
	*ret = (struct sup_ip){.family = family};
	if (family == AF_INET)
		memcpy(ret->bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else
		memcpy(ret->bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	return true;
}

/* An empty interface means any. */
static bool find_address(
	const struct ifaddrs *all, int family, struct str interface, struct sup_ip *ret)
{
	const unsigned refused = IFF_LOOPBACK | IFF_POINTOPOINT;

	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		struct sup_ip ip;

		if (!(entry->ifa_flags & IFF_UP) || !to_ip(entry->ifa_addr, family, &ip))
			continue;
		if (str_is_empty(interface) ? (entry->ifa_flags & refused) != 0
					    : !str_equal_c(interface, entry->ifa_name))
			continue;
		if (!sup_ip_is_global_unicast(&ip))
			continue;
		*ret = ip;
		return true;
	}
	return false;
}

int sup_network_choose_address(struct sup_ip *ret, struct error *err)
{
	struct buffer routes = {0}, routes6 = {0};
	struct ifaddrs *all = NULL;
	struct str interface = STR_EMPTY, interface6 = STR_EMPTY;
	bool found;

	if (getifaddrs(&all) < 0)
		return error_set_errno(err, errno, "listing network interfaces");
	if (read_file("/proc/net/route", &routes) == 0)
		interface = sup_network_default_interface(buffer_str(&routes));
	if (read_file("/proc/net/ipv6_route", &routes6) == 0)
		interface6 = default_interface6(buffer_str(&routes6));
	found = (!str_is_empty(interface) && find_address(all, AF_INET, interface, ret)) ||
		(!str_is_empty(interface6) && find_address(all, AF_INET6, interface6, ret)) ||
		find_address(all, AF_INET, STR_EMPTY, ret) ||
		find_address(all, AF_INET6, STR_EMPTY, ret);
	freeifaddrs(all);
	buffer_fini(&routes);
	buffer_fini(&routes6);
	if (!found)
		return error_set(err, ERROR_INVALID,
			"no acceptable interface with global unicast address found on host");
	return 0;
}
