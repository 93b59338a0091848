/* The page for people. What it shows is in view.c, how it looks in assets/. */
#pragma once

#include "fakegitlab/internal.h"

void page_clusters(struct call *c);     /* GET / */
void page_explorer(struct call *c);     /* GET /-/graphql-explorer */
void page_agent_delete(struct call *c); /* POST /-/agents/:id/delete */
void page_asset(struct call *c);        /* GET /assets/:name */
/* In place of what was asked for. */
void page_error(struct call *c, int status, const char *title, const char *text);

/* What a template gets: fields are added to `view`. view.c, view_received.c */
void view_clusters(const struct call *c, json_t *view);
void view_explorer(const struct call *c, json_t *view);
void view_received(const struct call *c, json_t *view);
json_t *view_time(int64_t ms);           /* {"iso", "ago"}; null for 0 */
json_t *view_json_text(const json_t *v); /* indented */
