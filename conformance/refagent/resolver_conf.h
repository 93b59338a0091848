/* /etc/resolv.conf and /etc/hosts, read anew for every look-up: a Pod's may be replaced while the agent runs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conformance/refagent/resolver.h"

#define RESOLV_SERVERS 3
#define RESOLV_SEARCH 6

struct resolv_conf {
    struct sockaddr_storage servers[RESOLV_SERVERS];
    size_t n_servers;
    char *search[RESOLV_SEARCH]; /* with their trailing dot */
    size_t n_search;
    unsigned ndots, timeout_ms, attempts;
};

void resolv_conf_read(const char *path, struct resolv_conf *ret);
void resolv_conf_done(struct resolv_conf *c);
/* The names to ask for, in order, each with its trailing dot; a NULL ends them. */
char **resolv_conf_names(const struct resolv_conf *c, const char *name);

/* An address as text. */
bool address_parse(const char *text, struct sockaddr_storage *ret);
void hosts_read(const char *path, const char *name, struct addresses *ret);
