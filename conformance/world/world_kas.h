/* A real KAS in a world: its configuration file, its secrets, its command line. */
#pragma once

#include <jansson.h>

#include "conformance/process/process_args.h"
#include "lib/events/events.h"
#include "lib/net/cert.h"

#define WORLD_REDIS_PROGRAM "/usr/bin/redis-server" /* Debian's; /usr is a world's own too */

/* Base64 of 32 bytes each, made for one world. Both KAS have the same ones, GitLab the first. */
struct kas_secrets {
    char gitlab[48], api[48], private_api[48];
};
/* They are made known to the log, which then never shows them. */
void kas_secrets_make(struct kas_secrets *s, struct events *events);

struct world_kas_options {
    const json_t *row, *profile;
    const char *part; /* "kas" or "kas2" */
    struct pki *pki;
    const struct kas_secrets *secrets;
};
/* Is there a KAS under test in this row, and not a fake one? */
bool world_kas_under_test(const json_t *row);
/* Has this world a Redis, or a place where it should be: by the profile or by the scenario? */
bool world_kas_redis(const json_t *row, const json_t *profile);
const char *world_kas_ip(const char *part);
/* The configuration as it will be written; new reference. */
json_t *world_kas_configuration(const struct world_kas_options *o);
/* Writes the files and says how it is started. -errno and *reterr. */
int world_kas_write(const struct world_kas_options *o, struct process_args *ret, char **reterr);
