/* The .proto files below fixtures/proto, and what they import, as protoc describes them. Made when building. */
#pragma once

#include <stddef.h>

struct descriptor_file {
    const char *name;
    const unsigned char *p; /* a google.protobuf.FileDescriptorProto */
    size_t n;
    const char *const *symbols; /* full names of its messages and enums; NULL-terminated */
};

extern const struct descriptor_file descriptor_files[]; /* name NULL: the end */
