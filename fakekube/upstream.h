/* The way to a real API server: who asks the fake is answered by that one, and the event log tells all as it does of the fake.
 *
 * So a scenario's expectations hold for both. Faults of tcp, tls and http act between the two. The world still plays the
 * controllers: a Deployment that was made is told to be available (kube.h, `statuses`).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct kube;
struct kube_upstream;

struct kube_upstream_options {
    const char *host;    /* numeric; copied, as the next */
    uint16_t port;
    const char *token;   /* what steps and controllers are done with; needed */
    bool own_token;      /* everybody is this token's user, whatever they say: a cluster that does not know their tokens */
    const char *ca_file; /* NULL: whoever answers is believed */
    bool plain;          /* no TLS */
};

/* From here on every call goes there. -EINVAL and *reterr. */
int kube_upstream_set(struct kube *k, const struct kube_upstream_options *o, char **reterr);
/* Where an object of a kind that there is stands: /api/v1/namespaces/NS/configmaps/NAME, or, without `item`, its collection.
 * A new string; NULL: no such kind, or no name. */
char *kube_object_path(const struct kube *k, const json_t *object, bool item);
