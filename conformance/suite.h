/* The suite: scenarios, components, and the rows that they make together. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "conformance/components.h"
#include "conformance/command/options.h"
#include "lib/script/scenario.h"

struct suite {
    struct scenario **scenarios; /* owned, by id */
    size_t n_scenarios;
    struct components components;
    struct components agents; /* that may stand beside a KAS under test; empty without one */
    json_t *schema; /* owned */
};

/* Every scenario of the fixtures. -EINVAL: problems were printed on standard error. */
int suite_load(struct suite *s, const char *fixtures);
/* The components that the options mean, and, if there is a KAS among them, the agents that are at hand. -EINVAL or -ENOENT: complained on standard error. */
int suite_components(struct suite *s, const struct options *o);
void suite_done(struct suite *s);
json_t *schema_load(const char *fixtures);

struct row {
    char *name; /* "agentk-14.7/kas-address/refused/ws@cure", with "#2" when repeated */
    char *base; /* the same without "#2" */
    const struct scenario *scenario;
    const struct component *component;
    const struct component *agent; /* beside a KAS under test; NULL: none */
    const char *transport, *cure; /* borrowed from the scenario; cure NULL: none */
    json_t *spec;                 /* owned; scenario_row(). NULL: then `skip` or `broken` says why */
    char *token;                  /* made for this row */
    char *job_token;              /* likewise; NULL: no KAS is under test */
    char *kubectl;                /* owned: for the person of the row; NULL: there is none */
    char *skip;                   /* SKIPPED: why. Else NULL */
    char *broken;                 /* HARNESS-ERROR: why. Else NULL */
    int64_t within_ms;
    int port_fd;         /* owned, holds its port without namespaces (port.h); 0: none */
    int group;           /* rows of one mutant: the first that fails spares the others. -1: none */
    unsigned repetition; /* from 1 */
    bool in_turn;        /* is it one of those that --spread keeps? */

    /* the outcome */
    const char *verdict; /* static; NULL: not yet */
    char *reason;
    char *report; /* several lines for a person; NULL: none */
    char *dir;
    json_t *judged; /* what the world told; NULL if it told nothing */
    double seconds; /* of the whole row */
};

struct rows {
    struct row **items; /* owned */
    size_t n;
    const struct suite *suite; /* borrowed; NULL: nothing can stand beside a component */
    json_t *unmet;             /* owned: ids of scenarios about KAS that were meant, and no KAS is here; NULL: none */
};

/* The rows that the options mean. -ENOENT and a line on standard error if a pattern or row means nothing. */
int rows_make(struct rows *r, const struct suite *s, const struct options *o);
/* Adds one row's repetitions for a component, scenario, transport and cure; used by `conform mutants`. */
void rows_add(struct rows *r, const struct options *o, const struct scenario *sc, const struct component *c,
              const char *transport, const char *cure, int group);
void rows_done(struct rows *r);
/* {row, id, title, cure, sut, version, transport, in_turn, layers, tags}; new reference. */
json_t *row_json(const struct row *r);
const char *row_command(const struct row *r,
                        char **ret_owned); /* one command that does it again; owned by ret */
