/* The network of a world: loopback alone, with the documented addresses on it (rtnetlink; no `ip` program
 * needed). */
#pragma once

/* Brings lo up, puts each address on it as /32 and makes the others unreachable ("no route to host"). Any
 * address that is in neither list answers "network is unreachable". Lists are NULL-terminated. -errno and
 * *reterr. */
int netns_up(const char *const *addresses, const char *const *unreachable, char **reterr);
