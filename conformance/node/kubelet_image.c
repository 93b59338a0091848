/* Which images there are: the agent's, in its documented place, under the tags that lead to the version under test. */
#include <ctype.h>
#include <string.h>

#include "conformance/components.h"
#include "conformance/node/kubelet_impl.h"
#include "lib/base/mem.h"

#define REPOSITORY "registry.gitlab.com/gitlab-org/cluster-integration/gitlab-agent/agentk"

bool image_is_agent(const char *image)
{
    return image && strstr(image, "agentk") != NULL;
}

static bool is_reference(const char *image)
{
    for (const char *p = image; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("./:@_-", *p))
            return false;
    return *image;
}

static bool has_tag(const char *tag, const char *version)
{
    _cleanup_(freep) char *plain = version_short(tag);

    return strcmp(tag, "stable") == 0 || strcmp(tag, "latest") == 0 || (*tag == 'v' && strcmp(plain, version) == 0);
}

const char *image_wrong(const char *image, const char *version, char **ret_message)
{
    size_t n = strlen(REPOSITORY);
    const char *tag = image + n;

    if (!is_reference(image)) {
        *ret_message = xasprintf("Failed to apply default image tag \"%s\": couldn't parse image reference \"%s\": invalid "
                                 "reference format", image, image);
        return "InvalidImageName";
    }
    if (strncmp(image, REPOSITORY, n) == 0 && (!*tag || (*tag == ':' && has_tag(tag + 1, version))))
        return NULL;
    *ret_message = xasprintf("Failed to pull image \"%s\": rpc error: code = NotFound desc = failed to pull and unpack image \"%s\": "
                             "failed to resolve reference \"%s\": %s: not found", image, image, image, image);
    return "ImagePullBackOff";
}
