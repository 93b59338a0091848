/* GetConfiguration, for as long as the agent runs. */
#pragma once

struct agent;
struct channel;
struct config_stream;

struct config_stream *config_stream_start(struct agent *a, struct channel *c);
struct config_stream *config_stream_free(struct config_stream *s); /* NULL is fine */
