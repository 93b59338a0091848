/* What the files of a scenario share among themselves. */
#pragma once

#include "lib/script/scenario.h"

struct scenario {
    struct yaml_doc *doc;   /* owned; its root is the tree: of a matrix, the entry's */
    char *id;               /* owned: "area/name", "area/name:1" for an entry */
    json_t *values;         /* owned: those of the entry; NULL: no matrix */
    json_t *transports;     /* owned */
    json_t *cures;          /* owned: [{"name","says"}] */
};

/* The layers in which the scenario does harm: a new array. */
json_t *scenario_layers(const json_t *tree);

/* What a schema cannot say: adds problems. */
void scenario_check(const struct yaml_doc *doc, const json_t *schema, struct problems *p);
/* Of it: templates and patterns in every corner of the tree. */
void scenario_check_texts(const struct yaml_doc *doc, const json_t *schema, struct problems *p);
/* Of it: `expect` of the base, of a variant (whole: false) or a cure. transports NULL: layers are not looked at. */
void scenario_check_expect(const struct yaml_doc *doc, const json_t *schema, const json_t *expect,
                           const json_t *transports, bool whole, struct problems *p);
/* Of it: what a scenario about agents has, and one about KAS has not, and the other way round. */
void scenario_check_component(const struct yaml_doc *doc, struct problems *p);
/* "ws.close on grpc": is there such a layer on such a transport? */
bool scenario_layer_on(const char *layer, const char *transport);
/* x-moments of the schema: {layer, facts, verbs}, or NULL. */
const json_t *scenario_moment(const json_t *schema, const char *name);
/* Adds a problem if a moment's layer is missing on one of the transports. */
void scenario_check_layer(const json_t *schema, const char *moment, const json_t *transports, struct place at,
                          struct problems *p);

/* ws, wss, grpc, grpcs, NULL. */
extern const char *const scenario_all_transports[5];

/* `applies` or `versions`, a text or a list of alternatives: 0 or -EINVAL. NULL holds always. */
int scenario_versions_hold(const json_t *range, const char *component, const char *version, bool *ret);
bool scenario_names_transport(const json_t *list, const char *transport); /* NULL: all */

/* What may be overlaid, NULL. `then` is a list, the others are objects. */
extern const char *const scenario_parts[];
/* The parts that have `faults`, NULL. */
extern const char *const scenario_faulty[];
/* "kas" if `applies` of the tree names it, else "agentk". */
const char *scenario_component(const json_t *tree);
