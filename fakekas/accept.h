/* Judging a WebSocket handshake. */
#pragma once

#include <stdbool.h>

#include "lib/proto/http1.h"

/* 101, or the status to refuse it with and *ret_text, a new string without newline. */
int accept_judge(const struct http1_request *r, char **ret_text);
