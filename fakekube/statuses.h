/* What becomes of a workload: the status that its controllers and its node would give it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

enum status_outcome { STATUS_READY, STATUS_WAITING, STATUS_FAILED, STATUS_UNTOUCHED };

bool status_moves(const char *plural); /* is it of a kind whose status moves at all? */
/* A new object; NULL: nothing is said of it. */
json_t *status_becomes(const char *plural, enum status_outcome outcome, const json_t *object);
