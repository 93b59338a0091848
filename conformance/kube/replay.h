/* A session: what a client once asked of a Kubernetes API, asked again, and every answer.
 *
 * fixtures/kube/sessions/NAME.jsonl holds a call a line: {method, target, headers: {accept, content-type, user-agent}, body}.
 * They are events kube.call of fakekube's verbose log. What a server chose then and chooses otherwise now is put in:
 * resourceVersion and uid of objects, the resourceVersion of a list that a watch goes on from, continue tokens.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "conformance/kube/client.h"

/* The calls of a file; a list; NULL and *reterr, with file and line. */
json_t *replay_read(const char *path, char **reterr);
/* All of them, in order; watches stay open until the end and tell then what came. Objects that were made are taken away
 * again. [{call: "GET /api/v1/…", status, content_type, body}] where body is JSON, a list of a watch's events, or text;
 * new reference. NULL and *reterr: the server could not be talked to. */
json_t *replay_play(const struct kube_client_options *server, const json_t *calls, char **reterr);
