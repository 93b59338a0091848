/* The part of a scenario that `fakekas serve` plays: its KAS, its faults and its steps. */
#pragma once

#include <jansson.h>

#include "fakekas/serve.h"

struct serve_scenario {
    json_t *spec;      /* `kas:`; owned */
    json_t *faults;    /* owned; NULL: none */
    json_t *then;      /* owned; NULL: none */
    json_t *transports;/* owned; NULL: any */
    char *agent_path;  /* of agent.address, "/-/kubernetes-agent/"; owned */
    char *title;       /* owned */
    uint64_t seed;
};

/* Without a scenario: an empty one. An exit code, 0 if it is fine; what is wrong was printed. vars: for templates. */
int serve_scenario_load(const struct serve_options *o, const json_t *vars, struct serve_scenario *ret);
void serve_scenario_done(struct serve_scenario *s);
