/* What GitLab puts into a CI job that may use an agent: the KUBECONFIG of its context. */
#pragma once

#include "fakekas/kas.h"

/* A new string. The KAS has a Kubernetes API endpoint. */
char *job_kubeconfig(const struct kas *k);
/* {listeners, prefix, kubeconfig: path, job_token}; a new reference. */
json_t *job_told(const struct kas *k, const char *kubeconfig_path);
