/* What the files of the seed share; nobody outside this folder includes it. */
#pragma once

#include "fakegitlab/store_impl.h"
#include "lib/script/yaml.h"

struct seed {
    struct store *store;
    const json_t *root;         /* {} at least. Borrowed, as the next three */
    const struct yaml_doc *doc; /* NULL: places are told as paths in the seed */
    const char *folder;
    struct problems *problems;
    json_t *secrets; /* owned */
};

/* An object of the seed, and its name for people: "agents[0]". */
struct spot {
    const json_t *item;
    const char *path;
};

/* A mistake at a key of the spot; key NULL: the spot itself. */
void seed_bad(struct seed *s, struct spot at, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What the store refused; errors are taken. */
void seed_refused(struct seed *s, struct spot at, const char *key, int r, json_t *errors);
/* NULL or 0: not there, or a mistake that is told. */
const char *seed_text(struct seed *s, struct spot at, const char *key);
int64_t seed_number(struct seed *s, struct spot at, const char *key);
bool seed_bool(struct seed *s, struct spot at, const char *key, bool otherwise);
const json_t *seed_object(struct seed *s, struct spot at, const char *key);
/* Is it an object with no other keys than these ("a b c")? Else a mistake. */
bool seed_keys(struct seed *s, struct spot at, const char *known);
typedef void (*seed_fn)(struct seed *s, struct spot at);
/* Each item of a list, in order. */
void seed_each(struct seed *s, struct spot at, const char *key, seed_fn fn);
/* By name, path or default (the first there is), or NULL and a mistake. */
const struct gl_user *seed_user(struct seed *s, struct spot at, const char *key);
const struct gl_project *seed_project(struct seed *s, struct spot at, const char *key);
/* {"agents": {name: [secret]}} and the like. name NULL: a list. secret: taken. */
void seed_secret(struct seed *s, const char *kind, const char *name, char *secret);
/* members: {user: level} */
typedef int (*seed_member_fn)(struct store *s, const void *of, const struct gl_user *user, enum gl_access level);
void seed_members(struct seed *s, struct spot at, const void *of, seed_member_fn set);

void seed_one_project(struct seed *s, struct spot at);
void seed_one_agent(struct seed *s, struct spot at);
void seed_one_job(struct seed *s, struct spot at);
