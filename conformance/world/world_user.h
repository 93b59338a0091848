/* The user of the CI/CD tunnel: an HTTP client of KAS's Kubernetes API endpoint.
 *
 * Events, who "user": user.request {id, to, method, path}; then user.response {id, status, headers, body, length}
 * or user.failed {id, reason}. id: as written, else the how-manieth request it is. With `digest` there is sha256 in
 * place of the body. With `stop_at` there is user.head {id, status, headers} when the head has come, and user.stopped with
 * what had come when the user hung up.
 */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct tunnel_user;

/* part: the row's `user`; ca_pem: whom it trusts where it should; both borrowed. */
struct tunnel_user *tunnel_user_new(struct loop *loop, struct events *events, const json_t *part, const char *ca_pem);
/* Makes its requests, one after the other. */
void tunnel_user_begin(struct tunnel_user *u);
/* Makes this one now, beside others: a step. -EINVAL and *reterr. */
int tunnel_user_request(struct tunnel_user *u, const json_t *request, char **reterr);
struct tunnel_user *tunnel_user_free(struct tunnel_user *u);
/* The bytes of a request; a new string of *ret_len bytes, NULL and *reterr. For tests too. */
char *tunnel_user_request_bytes(const json_t *request, const char *to, size_t *ret_len, char **reterr);
