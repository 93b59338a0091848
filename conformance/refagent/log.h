/* The log: zap's JSON on standard error, a line an object. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

struct log {
    enum level level;
    bool silent, plain, flat; /* mutants: nothing, no JSON, every line at level info */
};

/* A value is either text, which is quoted, or JSON, which is not. */
struct log_field {
    const char *key, *text, *json;
};
#define TEXT(key, value) ((struct log_field){key, value, NULL})
#define JSON(key, value) ((struct log_field){key, NULL, value})

void log_write(const struct log *l, enum level level, const char *msg, const struct log_field *f, size_t n);
#define LOG(log, level, msg, ...)                                                                                      \
    log_write(log, level, msg, (const struct log_field[]){__VA_ARGS__},                                                \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
