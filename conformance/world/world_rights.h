/* What the component asked of the cluster's API, and what of it RBAC refused: which rights it needs. */
#pragma once

#include <jansson.h>

/* rights: {asked: {"get configmaps": times}, refused: likewise}, filled in place. event: any. */
void rights_note(json_t *rights, const json_t *event);
