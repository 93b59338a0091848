/* Things by their id, in its order, and things by any other key: all that the store looks up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whatever begins with an int64_t id. Ids are given in order, so that adding is adding at the end. */
struct shelf {
    void **list; /* by id; what is in it belongs to whoever put it there */
    size_t n, cap;
    int64_t last; /* the highest id ever given: none is given twice */
};

/* The id for a new thing: `wanted`, or the next one. 0: `wanted` is taken. */
int64_t shelf_id(const struct shelf *s, int64_t wanted);
void shelf_put(struct shelf *s, void *item);
void *shelf_get(const struct shelf *s, int64_t id);
void shelf_remove(struct shelf *s, int64_t id);
void shelf_done(struct shelf *s);

struct lookup_entry;
struct lookup {
    struct lookup_entry *entries;
};

/* The key is copied. One that is there already gets the new thing. */
void lookup_put(struct lookup *l, const void *key, size_t len, void *item);
void *lookup_get(const struct lookup *l, const void *key, size_t len);
void lookup_remove(struct lookup *l, const void *key, size_t len);
void lookup_done(struct lookup *l);
void lookup_put_text(struct lookup *l, const char *key, void *item);
void *lookup_get_text(const struct lookup *l, const char *key); /* key NULL: NULL */
void lookup_remove_text(struct lookup *l, const char *key);
