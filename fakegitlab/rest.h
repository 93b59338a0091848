/* What the files of the public REST API share. */
#pragma once

#include "fakegitlab/internal.h"

/* The project of :id that the asker may see, if they have `needed` there. NULL: answered (404 for what they may not
 * see, 403 for what they may not do). */
const struct gl_project *rest_project(struct call *c, enum gl_access needed);
/* The agent of :agent_id in that project. NULL: answered. */
const struct gl_agent *rest_agent(struct call *c, enum gl_access needed);
json_t *rest_time(int64_t ms); /* null for never */
json_t *rest_user_id(const struct gl_user *u);
/* Answers with what a change of the store refused; errors is stolen. */
void rest_refused(struct call *c, int r, json_t *errors);
