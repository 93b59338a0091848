/* What an API server says when it does not do what it was asked: a Status object, in apimachinery's words. Each makes a new one;
 * its `code` is that of the HTTP answer. `resource` is "deployments.apps", `kind` "Deployment.apps". */
#pragma once

#include <jansson.h>

struct kube_resource;

char *kube_resource_text(const struct kube_resource *r); /* "deployments.apps"; a new string */
char *kube_kind_text(const struct kube_resource *r);     /* "Deployment.apps"; a new string */

json_t *status_not_found(const struct kube_resource *r, const char *name);
json_t *status_exists(const struct kube_resource *r, const char *name);
json_t *status_conflict(const struct kube_resource *r, const char *name, const char *why);
json_t *status_forbidden(const struct kube_resource *r, const char *name, const char *why);
json_t *status_invalid(const struct kube_resource *r, const char *name, json_t *causes); /* [{reason, message, field}], taken */
json_t *status_apply_conflict(const char *message, json_t *causes); /* causes: taken */
json_t *status_bad_request(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *status_expired(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *status_unauthorized(void);
json_t *status_method(const struct kube_resource *r); /* 405 */
json_t *status_media_type(const char *accepted);      /* 415 */
json_t *status_internal(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Any: reason may be "". */
json_t *status_make(int code, const char *reason, const char *message, json_t *details /* taken; NULL: none */);
json_t *status_success(const struct kube_resource *r, const char *name, const char *uid); /* of a delete */
int status_code(const json_t *status); /* 0: it is none */
/* A cause for status_invalid(): "Required value", "Invalid value: …". A new object. */
json_t *status_cause(const char *reason, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));
