/* What is in a fake cluster: objects on shelves, one shelf for each resource, and what has happened to them.
 *
 * As in etcd there is one counter of versions for all: each change makes it one more, and the object has it as
 * metadata.resourceVersion. The last changes are remembered, so that a watch can begin at a version that was; older ones are
 * compacted away (-ESTALE: 410 Gone). Objects are never changed in place: who wants another puts another.
 * This knows nothing of HTTP, nor of what a kind means.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct kube_store;
struct kube_shelf;

enum change_type { CHANGE_ADDED, CHANGE_MODIFIED, CHANGE_DELETED };

struct kube_change {
    enum change_type type;
    struct kube_shelf *shelf;
    const char *key;        /* "namespace/name", "/name" without a namespace */
    uint64_t version;
    const json_t *object;   /* as it is now; of a deleted one as it was last, with the version of its end */
    const json_t *before;   /* NULL: it is new */
};

struct kube_store *kube_store_new(size_t history); /* how many changes are remembered; 0: 1000 */
struct kube_store *kube_store_free(struct kube_store *s);
uint64_t kube_store_version(const struct kube_store *s);
uint64_t kube_store_oldest(const struct kube_store *s); /* a watch may begin at this version, and not before */
void kube_store_compact(struct kube_store *s);          /* forgets all that was */

/* The one for a resource, made when it is first asked for. It lives as long as the store. */
struct kube_shelf *kube_store_shelf(struct kube_store *s, const char *group, const char *plural);
const char *kube_shelf_group(const struct kube_shelf *sh);
const char *kube_shelf_plural(const struct kube_shelf *sh);
size_t kube_shelf_count(const struct kube_shelf *sh);

/* NULL: not there. Borrowed until the store next changes. ns may be NULL. */
const json_t *kube_shelf_get(const struct kube_shelf *sh, const char *ns, const char *name);
/* Takes object, and sets metadata.resourceVersion in it, which must have a metadata object. Borrowed back. */
const json_t *kube_shelf_put(struct kube_shelf *sh, const char *ns, const char *name, json_t *object);
int kube_shelf_remove(struct kube_shelf *sh, const char *ns, const char *name); /* -ENOENT */
/* In the order of their keys; those of one namespace, or of all (NULL), behind the key `after` (NULL: from the first).
 * fn answers false to end it, and changes nothing. */
void kube_shelf_each(const struct kube_shelf *sh, const char *ns, const char *after,
                bool (*fn)(void *arg, const char *key, const json_t *object), void *arg);

typedef void (*kube_change_fn)(void *arg, const struct kube_change *c);
/* Each change from now on, in their order; a change made from within fn is told when all have heard of the one before. */
struct kube_store_watch *kube_store_watch(struct kube_store *s, kube_change_fn fn, void *arg);
struct kube_store_watch *kube_store_unwatch(struct kube_store_watch *w); /* also from within fn; NULL is fine */
/* Those of one shelf that came after a version. -ESTALE: it is no longer known. */
int kube_shelf_since(const struct kube_shelf *sh, uint64_t version, kube_change_fn fn, void *arg);
