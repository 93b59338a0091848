/* The Hubble relay of the cluster that an agent under test runs in, at 10.60.6.1:80, the address that documented configurations name.
 * It is there when the scenario has a `hubble` part; else connections to that address are refused. */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/cert.h"

struct world_hubble;

struct world_hubble_options {
    struct loop *loop;
    struct events *events;
    struct pki *pki;
    uint64_t *next_conn_id;
    const json_t *row;
    bool faults_off;
};

bool world_hubble_wanted(const json_t *row);
/* -errno and *reterr. */
int world_hubble_start(const struct world_hubble_options *o, struct world_hubble **ret, char **reterr);
/* Ends connections; the loop is freed after it. */
void world_hubble_stop(struct world_hubble *h);
/* Frees the rest, after the loop. NULL is fine; always NULL back. */
struct world_hubble *world_hubble_free(struct world_hubble *h);
/* what: a verb, or {verb: args}, or a list of such. */
int world_hubble_perform(struct world_hubble *h, const json_t *what, char **reterr);
int world_hubble_switch(struct world_hubble *h, const char *fault, bool on); /* -ENOENT */
