/* Any bytes as a selector: read or refused, and asked. */
#include <stdint.h>
#include <string.h>

#include "fakekube/selector.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct selector *s, json_t *object)
{
    (void)selector_fits_labels(s, json_object_get(object, "labels"));
    (void)selector_fits_fields(s, object);
    selector_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct selector *s;
    char *err = NULL, *text = xstrndup((const char *)data, size);
    json_t *object = json_pack("{s{ss, ss}, si}", "labels", "app", "nginx", "n", "5", "x", 1);
    if (selector_labels(text, &s, &err) == 0)
        ask(s, object);
    free(err);
    err = NULL;
    if (selector_fields(text, &s, &err) == 0)
        ask(s, object);
    free(err);
    json_decref(object);
    free(text);
    return 0;
}
