/* What a tunnel sends. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct call;

#define TUNNEL_SERVICE "gitlab.agent.kubernetes_api.rpc.KubernetesApi"
#define TUNNEL_METHOD "MakeRequest"

void tunnel_send_descriptor(struct call *c);
void tunnel_send_header(struct call *c, const char *content_type); /* NULL: without metadata */
void tunnel_send_message(struct call *c, const uint8_t *p, size_t n);
void tunnel_send_trailer(struct call *c, const char *content_type);
void tunnel_send_error(struct call *c, int code, const char *message);
