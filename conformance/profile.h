/* Profiles: what is known of a kind of component, by version (fixtures/profiles/<component>.yaml).
 *
 *   component: agentk
 *   version: {ask: [--version], parse: REGEX with one group}   unnamed: versions that say nothing ("0.0.0")
 *   by_version: [{versions: range, …}]
 *
 * Everything else is the base; each item of by_version that holds is laid over it, in order:
 *   flags: {address, token_file, ca_file}   null: this version has no such flag
 *   env: {…}
 *   go: "1.17"
 *   thrift: {…}                             env that saves it processor time and changes nothing that it says; not in
 *                                           rows that judge `bounds`, and not with --no-thrift
 *   ports: [8080]                           taken on every address: with --no-namespace one at a time
 *   metrics_port: 8080                      of its own metrics endpoint, on 127.0.0.1
 *   bounds: {rss, descriptors, goroutines, cpu}   what `expect: {bounds: true}` stands for (bounds.h)
 *   healthy: {log, wire, never}             what `expect: {healthy: true}` stands for
 *   quiet_ms: 500                           to go on so long before it is told to end
 *   races: {NAME: {place, chance}}          what it prints by chance in one of several ways (races.h)
 *   ours: [pattern]                         log lines that the harness itself brings about; golden logs leave them out
 *   nothing_wrong: [pattern]                log lines that a healthy component prints
 * Of a KAS also:
 *   flags: {configuration_file}
 *   ready, alive: {port, path}              its own endpoint, asked until it answers 200; alive: where Redis is absent
 *   configuration: {…}                      its configuration file; {own_ip}, {folder}, {redis_ip} and {gitlab_address} are put in
 *   with_tls, with_redis: {…}               laid over it where the row has TLS, the world Redis
 *   needs_redis: bool                       does not start without
 */
#pragma once

#include <jansson.h>

#include "lib/script/yaml.h"

/* NULL and problems. New reference. */
json_t *profile_load(const char *fixtures, const char *component, struct problems *p);
/* The profile for one version: overlays applied. New reference, or NULL and *reterr for a bad range. */
json_t *profile_resolve(const json_t *profile, const char *component, const char *version, char **reterr);
