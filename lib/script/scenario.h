/* A scenario file: read, checked with the place of every mistake, and resolved into the rows that are run.
 *
 * GLOSSARY
 *   scenario  one file: one failure, or one behaviour (docs/scenarios.md is the language)
 *   row       a scenario for one component, version and transport, with at most one cure put over it
 *   variant   an overlay that holds for some versions or transports only
 *   entry     of a scenario with a matrix (`for`): the scenario with one set of its values; area/name:1
 *   layer     where a scenario does harm: tcp tls http websocket http2 grpc dns service agent
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "lib/script/yaml.h"

struct scenario;

/* NULL if the file cannot be read, is no YAML or holds a mistake: then p has at least one problem, with its place.
 * schema: the document fixtures/scenario.schema.json, loaded by the caller; borrowed for the call only.
 * The id is compared with the file's path below a folder "scenarios"; a file outside of one may have any id. */
/* One for each entry of its matrix, or the only one: how many, 0 if there was a problem. *ret is to be freed, each
 * scenario by itself. */
size_t scenario_load_all(const char *path, const json_t *schema, struct problems *p, struct scenario ***ret);
/* The first entry. */
struct scenario *scenario_load(const char *path, const json_t *schema, struct problems *p);
/* The same from memory; `name` stands for the path in problems. */
struct scenario *scenario_load_text(const char *name, const char *text, size_t len, const json_t *schema,
                                    struct problems *p);
struct scenario *scenario_free(struct scenario *s); /* NULL is fine; always NULL back */

const char *scenario_id(const struct scenario *s); /* "area/name", "area/name:1" for an entry of a matrix */
const char *scenario_title(const struct scenario *s); /* "" if it has none */
const char *scenario_file(const struct scenario *s);
/* The values of the entry; NULL without a matrix. Borrowed. */
const json_t *scenario_values(const struct scenario *s);
const json_t *scenario_tree(const struct scenario *s); /* as written, of a matrix the entry: nothing resolved, nothing filled; borrowed */

/* Whom is it about? "kas" if `applies` names it, else "agentk". */
const char *scenario_about(const struct scenario *s);
/* Does `applies` hold for this build? 0, or -EINVAL if the version is none. Who is not named is not meant, but for agents:
 * a scenario without `applies` is for all versions of them. */
int scenario_applies(const struct scenario *s, const char *component, const char *version, bool *ret);
/* ["ws", …], as written or all four; borrowed. */
const json_t *scenario_transports(const struct scenario *s);
/* [{"name", "says"}], borrowed. */
const json_t *scenario_cures(const struct scenario *s);
/* {"id","title","file","versions","transports":[…],"layers":[…],"cures":[{"name","says"}],"documented":{…}|null,
 *  "tags":[…],"values":{…}|null}: what `conform list --json` prints. New reference. `tags` holds the layers too. */
json_t *scenario_json(const struct scenario *s);

/* One row, fully resolved: the base, the variants that apply (in order), the cure, then templates filled. New
 * reference, or NULL and *reterr (a new string) if there is no such cure or transport, or the version is none.
 *
 * vars: {"token": …, "ca_file": …, …}: values put in, and stronger than those that the row knows by itself: scheme,
 * transport, port, version, http, kas_ip, dns_ip. NULL is fine. A name without a value stays as "{name}".
 * agent_version, of the agent beside a KAS under test: `versions` that name agentk are held against it.
 *
 * The tree has the keys of the language, with these differences:
 *   - no variants, cures, applies, transports;
 *   - row: {component, version, transport, cure|null, port} is added;
 *   - agent, kas, dns, network and the other parts are always objects, `then` an array; dns.faults, proxy.faults and
 *     kas.faults stand, in this order, under the key `faults` as well, for one faults_new(). Those of gitlab and gitaly
 *     stay with their part: the moments of both have the same names;
 *   - defaults are written out: agent.address, agent.trust, agent.kube, expect.within, without_faults, seed (0);
 *   - items of expect.log, wire, order, never and schedule that are meant for other versions or transports are gone,
 *     and so are their keys `versions` and `transports`. */
json_t *scenario_row(const struct scenario *s, const char *component, const char *version, const char *transport,
                     const char *cure, const json_t *vars, char **reterr);

/* What `--faults-off` runs, to see that the scenario can fail: with faults the row itself (the caller switches them off);
 * without any, the row in the world of its first cure, but with what the row expects. */
json_t *scenario_row_harmless(const struct scenario *s, const char *component, const char *version,
                              const char *transport, const json_t *vars, char **reterr);

/* 80, 443, 8150, 8150, or 8150 of a KAS under test, unless `ports:` says otherwise; 0 for an unknown transport. */
int scenario_port(const struct scenario *s, const char *transport);
