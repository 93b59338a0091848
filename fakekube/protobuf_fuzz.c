/* Any body that says that it is Kubernetes' protobuf. */
#include <jansson.h>
#include <stdlib.h>

#include "fakekube/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *err = NULL;
    json_t *object = protobuf_object(data, size, &err);
    json_decref(object);
    free(err);
    return 0;
}
