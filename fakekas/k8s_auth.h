/* The Authorization of a request to KAS's Kubernetes API endpoint: Bearer ci:AGENT:JOBTOKEN. */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* header: NULL, a text, or a list of texts. 0 and *ret_token (borrowed from header); -EINVAL and *ret_why: a new string, in
 * KAS's words. */
int k8s_auth_read(const json_t *header, int64_t *ret_agent, const char **ret_token, char **ret_why);
