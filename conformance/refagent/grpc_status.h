/* A call's outcome, read from headers as grpc-go reads them. */
#pragma once

#include <stdbool.h>

#include "conformance/refagent/h2_client.h"

enum {
    GRPC_OK,
    GRPC_CANCELED,
    GRPC_UNKNOWN,
    GRPC_INVALID_ARGUMENT,
    GRPC_DEADLINE_EXCEEDED,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL,
    GRPC_UNAVAILABLE,
    GRPC_UNAUTHENTICATED = 16,
};

struct status {
    int code;
    char *message;
};

void status_done(struct status *s);
/* "rpc error: code = Unavailable desc = …" */
char *status_text(const struct status *s);

struct grpc_headers {
    char *encoding;       /* grpc-encoding */
    char *correlation_id; /* x-gitlab-correlation-id */
    bool has_status;
    struct status status; /* of trailers, or of headers that no gRPC server sends */
};

/* first: no headers came before these. */
void grpc_headers_read(const struct h2_header *h, size_t n, bool first, struct grpc_headers *ret);
void grpc_headers_done(struct grpc_headers *g);

/* In place of a code: the server has taken back the stream by its GOAWAY. */
#define H2_DRAINING UINT32_MAX
struct status status_from_reset(uint32_t h2_code);
