/* Any JSON as a patch of a Deployment, in each of the four ways. */
#include <stdint.h>
#include <string.h>

#include "fakekube/fields.h"
#include "fakekube/patch.h"
#include "fakekube/typed.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char deployment[] =
    "{\"metadata\":{\"name\":\"x\",\"labels\":{\"a\":\"b\"},\"finalizers\":[\"f\"]},\"spec\":{\"replicas\":1,\"template\":{\"spec\":{"
    "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":80}]}]}}}}";

static void done(char *why, json_t *object)
{
    free(why);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *patch = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    if (!patch)
        return 0;
    struct types *types = types_new();
    struct kube_type *type = types_find(types, "apps.v1.Deployment");
    struct schema s = {.form = FORM_TYPE, .type = type};
    json_t *object = json_loads(deployment, 0, NULL), *out = NULL;
    char *why = patch_json(object, patch, &out);
    done(why, out);
    why = patch_merge(object, patch, &out);
    done(why, out);
    why = patch_strategic(type, object, patch, &out);
    if (out) {
        json_t *set = fields_of(&s, out), *changed = fields_changed(&s, object, out);
        fields_remove(&s, out, set);
        json_decref(changed);
        json_decref(set);
    }
    done(why, out);
    if (json_is_object(patch)) {
        out = schema_merge(&s, object, patch);
        free(typed_check(type, patch));
        free(typed_decode(type, patch, NULL));
        json_decref(out);
    }
    json_decref(object);
    json_decref(patch);
    types_free(types);
    return 0;
}
